// SoftwareDistribution\ReportingEvents.log: what the agent reported, one event per line, tab-separated.
// SoftwareDistribution.log and Change.log of the server mirror the event log. Both are read here.
import { describeReport, eventNumbers } from '@moult/protocol/reporting';
import type { LogEvent, Stage } from '../story/event.ts';
import { parseStamp } from '../text/stamp.ts';

const selfUpdateUpdate = 'd67661eb-2423-451d-bf5d-13199e37df28';

export interface ReportedEvent {
  source: string;
  line: number;
  raw: string;
  at: number | undefined;
  eventId: number;
  updateId: string;
  /** HRESULT, unsigned. */
  result: number;
  caller: string;
  outcome: string;
  category: string;
  message: string;
}

/** The event of a line. Undefined when it is not one. */
export function parseReportedEvent(raw: string, source: string, line: number): ReportedEvent | undefined {
  if (!/^\s*\{[0-9a-f-]{36}\}/i.test(raw)) return undefined;
  const columns = columnsOf(raw.trim());
  const [
    ,
    time = '',
    ,
    event = '',
    ,
    updateId = '',
    ,
    result = '0',
    caller = '',
    outcome = '',
    category = '',
    message = '',
  ] = columns;
  const eventId = Number(/^(\d+)/.exec(event)?.[1]);
  if (columns.length < 8 || Number.isNaN(eventId)) return undefined;
  const value = Number.parseInt(result.replace(/^0x/i, ''), 16);
  return {
    source,
    line,
    raw,
    at: parseStamp(time)?.at,
    eventId,
    updateId: updateId.replace(/[{}]/g, '').toLowerCase(),
    result: Number.isNaN(value) ? 0 : value >>> 0,
    caller,
    outcome,
    category,
    message,
  };
}

/** An event about the agent itself, not about an update. */
export function isOwn({ updateId, caller, message }: ReportedEvent): boolean {
  return (
    updateId === selfUpdateUpdate || /selfupdate/i.test(caller) || /:\s*Automatic Updates\.?$/.test(message.trim())
  );
}

/** The report of an agent as an event of a log. */
export function logEventOf(event: ReportedEvent): LogEvent {
  const { source, line, raw, at, result, message, updateId } = event;
  return {
    time: at,
    zone: 'utc',
    source: { kind: 'reporting-events', file: source, side: 'client' },
    stage: stageOfReported(event),
    outcome: 'failed',
    ...(result === 0 ? {} : { code: result }),
    parameters: { updateId, message },
    line: { number: line, text: raw },
    level: 'error',
  };
}

function stageOfReported(event: ReportedEvent): Stage {
  const { eventId, category } = event;
  if (isOwn(event)) return 'self-update';
  const { scanSucceeded, scanFailed, connectionFailed } = eventNumbers;
  if (eventId === scanSucceeded || eventId === scanFailed || eventId === connectionFailed) return 'detection';
  if (describeReport(eventId, 0).kind === 'download' || /download/i.test(category)) return 'download';
  return /synchroni[sz]ation/i.test(category) ? 'detection' : 'installation';
}

/** By tabs. Pages that show logs make blanks of them, often a single one. */
function columnsOf(text: string): string[] {
  if (text.includes('\t')) return text.split('\t');
  const wide = text.split(/\s{2,}/);
  if (wide.length >= 8) return wide;
  const narrow =
    /^(\{\S+\})\s+(\S+\s\S+)\s+(\d+)\s+(\d+(?:\s+\[\w+\])?)\s+(\d+)\s+(\{\S+\})\s+(\d+)\s+([0-9a-f]+)\s+(\S+)\s+(Success|Failure|Pending)\s+(.*)$/i.exec(
      text,
    );
  return narrow ? [...narrow.slice(1), narrow[11] ?? ''] : wide;
}

export interface ServerLogEvent {
  source: string;
  line: number;
  raw: string;
  at: number | undefined;
  level: string;
  /** Of the event log, where the line mirrors one. */
  eventId: number | undefined;
  type: string;
  /** Class and method that wrote the line. Empty for entries of the event log. */
  method: string;
  message: string;
}

/** A line of the server's SoftwareDistribution.log or Change.log. */
export function parseServerLogLine(raw: string, source: string, line: number): ServerLogEvent | undefined {
  // Only the server writes the zone behind its times. Most lines are a client's.
  if (!/^.{16,40}(?: UTC|Z)\b/.test(raw)) return undefined;
  const stamp = parseStamp(raw);
  if (stamp?.zone !== 'utc') return undefined;
  const [, level = '', , method = '', text = ''] =
    /^[\t ]+(Info|Change|Warning|Error|ThreadEntry|Debug)[\t ]+(\S+)[\t ]+(\S+)(?:[\t ]+(.*))?$/.exec(
      raw.slice(stamp.length),
    ) ?? [];
  if (level === '') return undefined;
  const mirrored = /EventId=(\d+),Type=(\w+),(?:Category=[^,]*,)?Message=(.*)/.exec(text);
  return {
    source,
    line,
    raw,
    at: stamp.at,
    level,
    method,
    eventId: mirrored ? Number(mirrored[1]) : undefined,
    type: mirrored?.[2] ?? '',
    message: mirrored?.[3] ?? text,
  };
}

/**
 * An entry of the Windows event log pasted or exported as text: "Event ID: 13042", or the words that it or the home
 * page of the server has for it.
 */
export function parseEventLogText(raw: string): { eventId: number; message: string } | undefined {
  const match = /\bEvent\s?ID\s*[:=]\s*(\d{2,5})\b(.*)$/i.exec(raw);
  if (match) return { eventId: Number(match[1]), message: (match[2] ?? '').trim() };
  const known = eventWords.find(({ words }) => words.test(raw));
  return known ? { eventId: known.eventId, message: raw.trim().slice(0, 200) } : undefined;
}

const eventWords: readonly { words: RegExp; eventId: number }[] = [
  { words: /SelfUpdate Tree is not working/i, eventId: 506 },
  { words: /self-?update is not working|non-running services:.*\bself-?update\b/i, eventId: 13042 },
  { words: /Client Web Service is not working/i, eventId: 12022 },
  { words: /Reporting Web Service is not working/i, eventId: 12002 },
  { words: /SimpleAuth Web Service is not working/i, eventId: 12042 },
  { words: /content directory is not accessible/i, eventId: 12072 },
  { words: /No client computers have ever contacted the server/i, eventId: 13051 },
];
