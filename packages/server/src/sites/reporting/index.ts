// Reporting: what happened on a client, kept under the name in its cookie, whatever the event says of itself.
import type { ReportingEvent, reporting } from '@moult/protocol/reporting';
import { SoapFault } from '../../errors.ts';
import type { ReportedEvent } from '../../store/index.ts';
import type { Handlers } from '../soap/soap-site.ts';
import { openCookie, requireGuid, type UpdateService } from '../soap/update-service.ts';

export function reportingHandlers(service: UpdateService): Handlers<(typeof reporting)['operations']> {
  const record = async (computerId: string, events: ReportingEvent[]) => {
    if (events.length > service.config.maxEventsPerBatch) throw new SoapFault('InvalidParameters', 'eventBatch');
    const reported = events.map((event) => toReportedEvent(event, computerId));
    await service.store.recordReportingEvents(
      reported.filter((event) => event !== undefined),
      service.now(),
    );
    service.contacts.note(computerId, 'reported');
  };

  return {
    async ReportEventBatch({ cookie, eventBatch }) {
      await record(openCookie(service, cookie).computerId, eventBatch);
      return { result: true };
    },

    async ReportEventBatch2({ computerId, eventBatch }) {
      const id = requireGuid(computerId, 'computerId');
      // No cookie here (MS-WUSP 2.2.2.3): at least nobody fills the store under names that never authorised.
      if (!(await service.store.loadTargeting(id))) throw new SoapFault('InvalidParameters', 'computerId');
      await record(id, eventBatch);
      return { result: true };
    },

    async GetRequiredInventoryType({ cookie }) {
      openCookie(service, cookie);
      return { result: noInventory };
    },

    async ReportInventory({ cookie }) {
      // GetConfig says IsInventoryRequired 0: a client that sends one all the same is thanked.
      openCookie(service, cookie);
      return { result: true };
    },
  };
}

const noInventory = 0;
const noUpdate = '00000000-0000-0000-0000-000000000000';
const longestText = 65_536;

function toReportedEvent({ basicData, extendedData }: ReportingEvent, computerId: string): ReportedEvent | undefined {
  if (!basicData) return undefined;
  const { updateId } = basicData;
  return {
    instanceId: basicData.eventInstanceId,
    computerId,
    timeAtTarget: basicData.timeAtTarget,
    namespaceId: basicData.namespaceId,
    eventNumber: basicData.eventId,
    sourceId: basicData.sourceId,
    updateId: updateId && updateId.updateId !== noUpdate ? updateId.updateId : undefined,
    revisionNumber: updateId?.revisionNumber ?? 0,
    win32HResult: basicData.win32HResult,
    appName: (basicData.appName ?? '').slice(0, longestText),
    replacementStrings: (extendedData?.replacementStrings ?? []).map((line) => line.slice(0, longestText)),
    miscData: extendedData?.miscData ?? [],
  };
}
