// Event log files of Windows themselves (.evtx).

import { DoctorError } from '../../errors.ts';
import { readerBounds } from '../../input-bounds.ts';
import type { LogEvent } from '../../story/event.ts';
import type { LogFile, LogReader, ReadAt } from '../../story/reader.ts';
import { judgeWindowsEvent } from '../windows-events/judge.ts';
import { inOrder } from '../windows-events/reader.ts';
import { eventOfElement } from '../windows-events/xml-form.ts';
import { type EvtxDamage, evtxRecords, isEvtx } from './records.ts';

export const evtxReader: LogReader = {
  kind: 'windows-event',
  title: 'Windows event log',
  recognises: ({ bytes }) => isEvtx(bytes),
  open: () => ({ line: () => [] }),
  readAt: readEvtx,
};

function* readEvtx(read: ReadAt, file: LogFile): Generator<LogEvent> {
  const damage: EvtxDamage = { chunks: 0, records: 0, why: '' };
  let seen = 0;
  const events: LogEvent[] = [];
  for (const { id, writtenAt, root } of evtxRecords(read, damage)) {
    seen++;
    const event = eventOfElement(root, { number: id, text: '' });
    if (!event) continue;
    const time = writtenAt === undefined ? {} : { time: writtenAt, zone: 'utc' as const };
    events.push(...judgeWindowsEvent({ ...event, ...time }, file.path));
    if (events.length >= readerBounds.maxKept) yield* inOrder(events.splice(0));
  }
  if (seen === 0 && damage.chunks + damage.records > 0)
    throw new DoctorError('CLI_DOCTOR_INPUT_UNREADABLE', `${file.path}: a damaged event log: ${damage.why}`);
  yield* inOrder(events);
}
