// The services of MS-WSUSSS. A downstream server calls them on its upstream server.
import type { Service } from '../soap/service.ts';
import { getUpdateDecryptionData } from './decryption.ts';
import { getDeployments, getRelatedRevisionsForUpdates } from './deployments.ts';
import {
  downloadFiles,
  getAuthConfig,
  getAuthorizationCookie,
  getConfigData,
  getCookie,
  getRevisionIdList,
  getUpdateData,
} from './messages.ts';
import { ping } from './ping.ts';

export type { Cookie } from '../soap/cookie.ts';
export type { ServerSyncDeployment, ServerSyncDeployments } from './deployments.ts';
export type {
  ListedIdentity,
  ServerSyncConfigData,
  ServerSyncFilter,
  ServerSyncLanguage,
  ServerSyncUpdateData,
} from './messages.ts';

const operations = {
  GetAuthConfig: getAuthConfig,
  GetCookie: getCookie,
  GetConfigData: getConfigData,
  GetRevisionIdList: getRevisionIdList,
  GetUpdateData: getUpdateData,
  GetUpdateDecryptionData: getUpdateDecryptionData,
  DownloadFiles: downloadFiles,
  GetDeployments: getDeployments,
  GetRelatedRevisionsForUpdates: getRelatedRevisionsForUpdates,
  Ping: ping,
};

export const serverSyncWebService: Service<typeof operations> = {
  namespace: 'http://www.microsoft.com/SoftwareDistribution',
  paths: ['/ServerSyncWebService/ServerSyncWebService.asmx'],
  envelope: 'soap',
  callEnvelope: 'bare',
  operations,
};

/** The only plug-in of the authorization of servers. */
export const dssTargeting = 'DssTargeting';

const authOperations = { GetAuthorizationCookie: getAuthorizationCookie, Ping: ping };

export const dssAuthWebService: Service<typeof authOperations> = {
  namespace: 'http://www.microsoft.com/SoftwareDistribution/Server/DssAuthWebService',
  paths: ['/DssAuthWebService/DssAuthWebService.asmx'],
  envelope: 'soap',
  callEnvelope: 'bare',
  operations: authOperations,
};
