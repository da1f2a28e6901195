// ReportEventBatch in both forms (MS-WUSP 3.1.5.11): the events of a client, kept under the name in its cookie,
// whatever the event says of itself. The store bounds the text: a client that sends more is thanked.
import type { ReportingEvent } from '@moult/protocol/reporting';
import type { ReportedEvent, Store } from '@moult/store';
import { SoapFault } from '../../errors.ts';
import { requireGuid, type UpdateService } from '../../update-service/update-service.ts';

/** Keeps a batch of a computer that is known by its cookie. */
export async function reportEventBatch(
  service: UpdateService,
  computerId: string,
  events: readonly ReportingEvent[],
): Promise<void> {
  if (events.length > service.config.maxEventsPerBatch) throw new SoapFault('InvalidParameters', 'eventBatch');
  const reported = events.map((event) => toReportedEvent(event, computerId)).filter((event) => event !== undefined);
  const refused = await service.store.recordReportingEvents(reported, service.now());
  if (refused.length > 0) await noteRefused(service, computerId, refused);
  service.computerEvents.note(computerId, { events: reported.length, bytes: bytesIn(reported) });
  service.contacts.note(computerId, 'reported');
}

/** They are acknowledged: the client sends them again for ever, and with them all that came after. */
async function noteRefused(
  { store, log }: UpdateService,
  computerId: string,
  refused: Awaited<ReturnType<Store['recordReportingEvents']>>,
): Promise<void> {
  const [first] = refused;
  const details = { computerId, refused: refused.length, instanceId: first?.row.instanceId, err: first?.error };
  log.error(details, 'the database refuses events of a computer; they are counted and not kept');
  await store.addToCounters({ 'refused-events': refused.length });
}

function bytesIn(events: readonly ReportedEvent[]): number {
  const lengthOf = (lines: readonly string[]) => lines.reduce((sum, line) => sum + line.length, 0);
  return events.reduce((sum, one) => sum + lengthOf(one.replacementStrings) + lengthOf(one.miscData), 0);
}

/** No cookie here (MS-WUSP 2.2.2.3): at least a client cannot fill the store under names that never authorised. */
export async function reportEventBatch2(
  service: UpdateService,
  computerId: string | undefined,
  events: readonly ReportingEvent[],
): Promise<void> {
  const id = requireGuid(computerId, 'computerId');
  if (!(await service.store.loadTargeting(id))) throw new SoapFault('InvalidParameters', 'computerId');
  await reportEventBatch(service, id, events);
}

const noUpdate = '00000000-0000-0000-0000-000000000000';
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
    appName: basicData.appName ?? '',
    replacementStrings: extendedData?.replacementStrings ?? [],
    miscData: extendedData?.miscData ?? [],
  };
}
