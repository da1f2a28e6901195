// The services that a downstream server asks (MS-WSUSSS): real WSUS, and Moult below Moult.
import type { UpdateId } from '@moult/catalog';
import { type dssAuthWebService, dssTargeting, type serverSyncWebService } from '@moult/protocol/server-sync';
import { downstreamBounds } from '../../downstream-bounds.ts';
import { SoapFault } from '../../errors.ts';
import type { Exchange } from '../../http/site.ts';
import type { Handlers } from '../../update-service/soap-site.ts';
import type { UpdateService } from '../../update-service/update-service.ts';
import { getCookie, requireAccount, requireServer } from './caller.ts';
import { getConfigData } from './config-data.ts';
import { getDecryptionData } from './decryption-data.ts';
import { createDeployments } from './deployments.ts';
import { downloadFiles } from './download-files.ts';
import { createPackedUpdates } from './packed-updates.ts';
import { getRevisionIdList } from './revision-id-list.ts';
import { createRevisionLists } from './revision-lists.ts';
import { getUpdateData } from './update-data.ts';

export function dssAuthHandlers(service: UpdateService): Handlers<(typeof dssAuthWebService)['operations']> {
  return {
    async GetAuthorizationCookie({ accountName, accountGuid }) {
      const account = requireAccount(accountName, accountGuid);
      const cookieData = service.serverCookies.sealAuthorization(account, service.now());
      return { result: { plugInId: dssTargeting, cookieData } };
    },

    Ping: (_, { exchange }) => answerPing(service, 'DssAuthWebService', exchange),
  };
}

export function serverSyncHandlers(service: UpdateService): Handlers<(typeof serverSyncWebService)['operations']> {
  const { store, catalog, identity } = service;
  const lists = createRevisionLists(() => catalog.index);
  const packed = createPackedUpdates(store, { budgetBytes: downstreamBounds.packedBytes });
  const deployments = createDeployments(service, lists);
  let packedOf = catalog.index;
  const current = () => {
    if (packedOf !== catalog.index) packed.forget();
    packedOf = catalog.index;
    return { index: catalog.index, packed, store };
  };
  return {
    async GetAuthConfig() {
      const plugIn = { plugInId: dssTargeting, serviceUrl: 'DssAuthWebService/DssAuthWebService.asmx', parameter: '' };
      return { result: { lastChange: identity.lastChange, authInfo: [plugIn], allowedEventIds: [] } };
    },

    async GetCookie(request) {
      return { result: getCookie(service, request) };
    },

    async GetConfigData({ cookie, configAnchor }) {
      requireServer(service, cookie);
      return { result: await getConfigData(service, configAnchor) };
    },

    async GetRevisionIdList({ cookie, filter }) {
      requireServer(service, cookie);
      return { result: getRevisionIdList(service, lists, filter) };
    },

    async GetUpdateData({ cookie, updateIds }) {
      requireServer(service, cookie);
      return { result: await getUpdateData(current(), updateIds) };
    },

    async GetUpdateDecryptionData({ cookie, updateIds }) {
      requireServer(service, cookie);
      return { result: { updates: await getDecryptionData(service, updateIds) } };
    },

    async DownloadFiles({ cookie, fileDigestList }) {
      requireServer(service, cookie);
      await downloadFiles(service, fileDigestList);
      return {};
    },

    async GetDeployments({ cookie, ...anchors }) {
      requireServer(service, cookie);
      return { result: await deployments(anchors) };
    },

    async GetRelatedRevisionsForUpdates({ cookie, updateIds }) {
      requireServer(service, cookie);
      if (updateIds.length > downstreamBounds.maxRelated) throw new SoapFault('InvalidParameters', 'updateIDs');
      const newest = updateIds.map((id) => catalog.index.latest(id as UpdateId)?.summary.identity);
      return { result: newest.filter((one) => one !== undefined) };
    },

    Ping: (_, { exchange }) => answerPing(service, 'ServerSyncWebService', exchange),
  };
}

async function answerPing({ now, identity }: UpdateService, name: string, { listener }: Exchange) {
  const configured = { configuredAt: identity.lastChange, configurationEnds: now(), configurationMinutes: 0 };
  return { result: { isUp: true, time: now(), name, isHttps: listener === 'tls', ...configured } };
}
