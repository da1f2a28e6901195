// A way to an upstream server for questions alone. Calls that change something there do not leave this server.
import { dssAuthWebService, serverSyncWebService } from '@moult/protocol/server-sync';
import { soapActionOf } from '@moult/protocol/soap';
import { AdministrationError } from '../errors.ts';
import type { Peer } from './peer.ts';

/** DownloadFiles makes the upstream server fetch files. Reports go to another service, and are not here either. */
const reading = new Set([
  soapActionOf(dssAuthWebService, 'GetAuthorizationCookie'),
  ...(['GetAuthConfig', 'GetCookie', 'GetConfigData', 'GetRevisionIdList', 'GetUpdateData'] as const).map(actionOf),
  ...(['GetDeployments', 'GetUpdateDecryptionData', 'GetRelatedRevisionsForUpdates'] as const).map(actionOf),
]);

function actionOf(name: keyof (typeof serverSyncWebService)['operations']): string {
  return soapActionOf(serverSyncWebService, name);
}

/** The peer, which throws AdministrationError ADMINISTRATION_UPSTREAM_REFUSED for every other call, and sends nothing then. */
export function onlyReading(peer: Peer): Peer {
  return {
    ...peer,
    post: async (url, soapAction, body) => {
      if (reading.has(soapAction)) return peer.post(url, soapAction, body);
      const message = `${soapAction} can change the upstream server ${url.origin}. It was not sent.`;
      throw new AdministrationError('ADMINISTRATION_UPSTREAM_REFUSED', message);
    },
  };
}
