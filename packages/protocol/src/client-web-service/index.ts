// The Client Web Service of MS-WUSP: one shape per message, for both ends (soap/exchange.ts reads and writes them).
import type { Service } from '../soap/service.ts';
import { getConfig, getConfig2 } from './get-config.ts';
import { getCookie } from './get-cookie.ts';
import { getExtendedUpdateInfo } from './get-extended-update-info.ts';
import { getExtendedUpdateInfo2 } from './get-extended-update-info2.ts';
import { getFileLocations } from './get-file-locations.ts';
import { refreshCache } from './refresh-cache.ts';
import { registerComputer } from './register-computer.ts';
import { startCategoryScan } from './start-category-scan.ts';
import { syncPrinterCatalog } from './sync-printer-catalog.ts';
import { syncUpdates } from './sync-updates.ts';

export type { Cookie } from '../soap/cookie.ts';
export type { Deployment } from './deployment.ts';
export type { Config } from './get-config.ts';
export type { FileLocation, UpdateData, XmlUpdateFragmentType } from './get-extended-update-info.ts';
export type { RefreshCacheResult } from './refresh-cache.ts';
export type { ComputerInfo } from './register-computer.ts';
export {
  type Device,
  type InstalledDriver,
  readyToSend,
  type SyncInfo,
  type SyncUpdateParameters,
  type UpdateInfo,
} from './sync-updates.ts';

const operations = {
  GetConfig: getConfig,
  GetConfig2: getConfig2,
  GetCookie: getCookie,
  RegisterComputer: registerComputer,
  StartCategoryScan: startCategoryScan,
  SyncUpdates: syncUpdates,
  SyncPrinterCatalog: syncPrinterCatalog,
  RefreshCache: refreshCache,
  GetExtendedUpdateInfo: getExtendedUpdateInfo,
  GetExtendedUpdateInfo2: getExtendedUpdateInfo2,
  GetFileLocations: getFileLocations,
};

export const clientWebService: Service<typeof operations> = {
  namespace: 'http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService',
  paths: ['/ClientWebService/Client.asmx'],
  envelope: 's',
  operations,
};
