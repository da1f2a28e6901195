// A status ping as a log shows it: the query of wutrack.bin. Lenient by purpose: old clients wrote it.
import { requestLogBounds } from '../bounds.ts';

export interface LoggedPing {
  activity: string;
  activityName: string;
  status: string;
  /** HRESULT, 0 for success. */
  error: number;
  component: string;
  machineId: string | undefined;
  platform: string | undefined;
  item: string | undefined;
  /** When it happened, UTC, from X. */
  happenedAt: number | undefined;
}

const activities: Record<string, string> = {
  n: 'initialisation',
  s: 'self-update',
  d: 'detection',
  i: 'installation',
};

/** The HRESULT of a ping and nothing else of it, 0 for success. Undefined when the query is not one. */
export function errorOfPing(query: string): number | undefined {
  let isPing = false;
  let error = 0;
  const end = Math.min(query.length, requestLogBounds.maxQuery);
  for (let at = 0; at < end; at = partEnd(query, at, end) + 1) {
    if (query[at + 1] !== '=' || at + 1 >= end) continue;
    const name = query[at]?.toUpperCase();
    if (name === 'E') error = hresultOf(query.slice(at + 2, partEnd(query, at, end)));
    isPing ||= name === 'V' || name === 'A' || name === 'E';
  }
  return isPing ? error : undefined;
}

function partEnd(query: string, start: number, end: number): number {
  const found = query.indexOf('&', start);
  return found < 0 ? end : Math.min(found, end);
}

function hresultOf(digits: string): number {
  const error = Number.parseInt(digits, 16);
  return Number.isNaN(error) ? 0 : error >>> 0;
}

/** Reads the query of a ping. Undefined when it is not one. */
export function pingOf(query: string): LoggedPing | undefined {
  const values = new Map<string, string>();
  for (const part of query.slice(0, requestLogBounds.maxQuery).split('&')) {
    const cut = part.indexOf('=');
    if (cut === 1) values.set(part.slice(0, 1).toUpperCase(), part.slice(cut + 1));
  }
  if (!values.has('V') && !values.has('A') && !values.has('E')) return undefined;
  const activity = (values.get('A') ?? '').toLowerCase();
  const machineId = values.get('U')?.toLowerCase();
  return {
    activity,
    activityName: activities[activity] ?? `activity "${activity}"`,
    status: (values.get('S') ?? '').toLowerCase(),
    error: hresultOf(values.get('E') ?? '0'),
    component: values.get('C') ?? '',
    machineId: machineId && /^[0-9a-f]{32}$/.test(machineId) ? machineId : undefined,
    platform: values.get('P'),
    item: values.get('I'),
    happenedAt: eventTimeOf(values.get('X') ?? ''),
  };
}

function eventTimeOf(text: string): number | undefined {
  const match = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})?/.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, ms = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  return Date.UTC(2000 + year, month - 1, day, hour, minute, second, ms);
}
