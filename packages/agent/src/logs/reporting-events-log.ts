// SoftwareDistribution\ReportingEvents.log: UTF-16LE with byte order mark, twelve TAB-separated columns, CRLF.

import { type HResult, hexDigits } from '@moult/protocol/hresult';
import { eventNumbers } from '@moult/protocol/reporting';
import { appendToLog } from './append.ts';
import { zoneOf } from './wsus-log.ts';

interface ReportingLine {
  instanceId: string;
  time: Date;
  eventId: number;
  updateId: string;
  revision: number;
  result: HResult;
  caller: string;
  outcome: 'Success' | 'Failure' | 'Pending';
  category: string;
  message: string;
}

/** Appends one event. Answers the line as WindowsUpdate.log echoes it (without the bracketed event name). */
export function appendReportingEvent(file: string, line: ReportingLine): string {
  const local = new Date(line.time.getTime() - line.time.getTimezoneOffset() * 60_000).toISOString();
  const stamp = `${local.slice(0, 10)} ${local.slice(11, 19)}:${local.slice(20, 23)}${zoneOf(line.time)}`;
  const columns = (event: string) =>
    [
      `{${line.instanceId.toUpperCase()}}`,
      stamp,
      '1',
      event,
      '101',
      `{${line.updateId.toUpperCase()}}`,
      String(line.revision),
      line.result === 0 ? '0' : hexDigits(line.result).replace(/^0+/, ''),
      line.caller,
      line.outcome,
      line.category,
      line.message.replace(/[\r\n\t]+/g, ' '),
    ].join('\t');
  const name = eventNames[line.eventId];
  const named = columns(name === undefined ? String(line.eventId) : `${line.eventId} [${name}]`);
  appendToLog(file, Buffer.from(`${named}\r\n`, 'utf16le'), Buffer.from('\ufeff', 'utf16le'));
  return columns(String(line.eventId));
}

const eventNames: Readonly<Record<number, string>> = {
  [eventNumbers.scanSucceeded]: 'AGENT_DETECTION_FINISHED',
  [eventNumbers.scanFailed]: 'AGENT_DETECTION_FAILED',
  [eventNumbers.downloadFailed]: 'AGENT_DOWNLOAD_FAILED',
  [eventNumbers.downloadSucceeded]: 'AGENT_DOWNLOAD_SUCCEEDED',
  [eventNumbers.downloadStarted]: 'AGENT_DOWNLOAD_STARTED',
  [eventNumbers.installStarted]: 'AGENT_INSTALLING_STARTED',
  [eventNumbers.installFailed]: 'AGENT_INSTALLING_FAILED',
  [eventNumbers.installSucceeded]: 'AGENT_INSTALLING_SUCCEEDED',
  [eventNumbers.installPendsRestart]: 'AGENT_INSTALLING_PENDING',
  [eventNumbers.selfUpdate]: 'AGENT_INSTALLING_PENDING',
};
