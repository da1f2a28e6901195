// Reporting: each operation's handler.
import type { serverReporting } from '@moult/protocol/roll-up';
import { SoapFault } from '../../errors.ts';
import type { Handlers } from '../../update-service/soap-site.ts';
import { openCookie, type UpdateService } from '../../update-service/update-service.ts';
import { reportEventBatch, reportEventBatch2 } from './report-event-batch.ts';
import { rollUpHandlers } from './roll-up.ts';

export function reportingHandlers(service: UpdateService): Handlers<(typeof serverReporting)['operations']> {
  return {
    async ReportEventBatch({ cookie, eventBatch }) {
      await reportEventBatch(service, openCookie(service, cookie).computerId, eventBatch);
      return { result: true };
    },

    async ReportEventBatch2({ computerId, eventBatch }) {
      await reportEventBatch2(service, computerId, eventBatch);
      return { result: true };
    },

    async GetRequiredInventoryType({ cookie }) {
      openCookie(service, cookie);
      return { result: noInventory };
    },

    async ReportInventory({ cookie, inventory }) {
      // A client that sends one all the same is thanked, and no part of it is unpacked or kept.
      openCookie(service, cookie);
      if (!inventory) throw new SoapFault('InvalidParameters', 'inventory');
      return { result: true };
    },

    ...rollUpHandlers(service),
  };
}

/** GetConfig says IsInventoryRequired 0, as MS-WUSP 2.2.2.2.1 demands: no rules of ours want any. */
const noInventory = 0;
