// The Client Web Service: each operation's handler, in the order in which an agent calls them.
import type { clientWebService } from '@moult/protocol/client-web-service';
import type { CallContext, Handlers } from '../../update-service/soap-site.ts';
import { openClient, openCookie, type UpdateService } from '../../update-service/update-service.ts';
import { getConfig } from './get-config.ts';
import { getCookie } from './get-cookie.ts';
import { getExtendedUpdateInfo } from './get-extended-update-info.ts';
import { getExtendedUpdateInfo2 } from './get-extended-update-info2.ts';
import { getFileLocations } from './get-file-locations.ts';
import { refreshCache } from './refresh-cache.ts';
import { registerComputer } from './register-computer.ts';
import { startCategoryScan } from './start-category-scan.ts';
import { syncPrinterCatalog } from './sync-printer-catalog.ts';
import { syncUpdates } from './sync-updates.ts';

export { createReadyUpdates } from '../../update-service/ready-updates.ts';
export { configText } from './get-config.ts';

export function clientWebServiceHandlers(service: UpdateService): Handlers<(typeof clientWebService)['operations']> {
  const anyClient = { registered: false };
  const contentRoot = ({ exchange }: CallContext) => service.contentRoot(exchange);

  return {
    GetConfig: async ({ protocolVersion }) => ({ result: getConfig(service, protocolVersion) }),

    GetConfig2: async ({ clientConfiguration }) => ({
      result: getConfig(service, clientConfiguration?.protocolVersion),
    }),

    GetCookie: async (request) => ({ result: getCookie(service, request) }),

    async RegisterComputer({ cookie, computerInfo }, { clientAddress }) {
      const { computerId } = openCookie(service, cookie);
      await registerComputer(service, computerId, computerInfo, clientAddress);
      return {};
    },

    StartCategoryScan: (request) => startCategoryScan(service, request),

    async SyncUpdates({ cookie, parameters }) {
      const client = await openClient(service, cookie, { registered: true });
      return { result: await syncUpdates(service, client, parameters) };
    },

    async SyncPrinterCatalog(request) {
      const client = await openClient(service, request.cookie, { registered: true });
      return { result: await syncPrinterCatalog(service, client, request) };
    },

    async RefreshCache({ cookie, globalIds }) {
      const client = await openClient(service, cookie, anyClient);
      return { results: refreshCache(service, client, globalIds) };
    },

    async GetExtendedUpdateInfo(request, context) {
      const client = await openClient(service, request.cookie, anyClient);
      return { result: await getExtendedUpdateInfo(service, client, request, contentRoot(context)) };
    },

    async GetExtendedUpdateInfo2(request, context) {
      const client = await openClient(service, request.cookie, anyClient);
      return { result: await getExtendedUpdateInfo2(service, client, request, contentRoot(context)) };
    },

    async GetFileLocations(request, context) {
      const client = await openClient(service, request.cookie, anyClient);
      return { result: await getFileLocations(service, client, request, contentRoot(context)) };
    },
  };
}
