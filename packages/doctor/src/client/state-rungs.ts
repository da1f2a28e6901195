// Rung 9: the state Automatic Updates keeps in the registry, against a clock that is handed in. Pure.

import { type Observation, observe } from '../finding.ts';
import { causeOf } from '../hresult/cause.ts';
import { formatHresult, meaningOf } from '../hresult/error-table.ts';
import type { FindingCode } from '../words/codes.ts';
import { needOf, titled } from './inputs/judge-services.ts';
import { registryPlaces as at, type ClientSettings, evidenceOfValue, parseAuTime } from './settings.ts';

const hour = 3_600_000;
/** The longest wait an agent makes by itself: a day after an unreachable server, plus its jitter. */
const longestWait = 25 * hour;

export interface StateClock {
  /** When the state was written out, UTC. Undefined for files that do not tell. */
  nowMs: number | undefined;
  /** The doctor's own clock: nothing was written out later than this. */
  latestMs: number;
  /** Minutes that local time is ahead of UTC. Undefined when not known. */
  offsetMinutes: number | undefined;
}

/** The findings of AUState, the times, services and ids. */
export function observeState(settings: ClientSettings, client: string, clock: StateClock): Observation[] {
  const subject = ['client', client];
  const server = settings.text(at.policy, 'WUServer') ?? '';
  const values = { client, url: server, server: server.replace(/^https?:\/\//i, '').replace(/\/.*$/, '') };
  const say: Say = (verdict, code, found, names) =>
    observe(
      code,
      verdict,
      subject,
      { ...values, found },
      names.flatMap(([key, name]) => evidenceOfValue(settings.value(key, name))),
    );
  return [
    ...observeAuState(settings, say),
    ...observeTimes(settings, say, clock),
    ...observeServices(settings, say),
    ...observeIds(settings, say),
    ...observeResults(settings, subject, client),
  ];
}

type Say = (
  verdict: 'fail' | 'unknown' | 'pass',
  code: FindingCode,
  found: string,
  names: [string, string][],
) => Observation;

const states: Record<number, string> = {
  0: '0 (first 24 hours)',
  1: '1 (waits for the wizard)',
  7: '7 (disabled)',
};

function observeAuState(settings: ClientSettings, say: Say): Observation[] {
  const state = settings.number(at.autoUpdate, 'AUState');
  const place: [string, string][] = [[at.autoUpdate, 'AUState']];
  const pending = settings.has(at.rebootRequired);
  if (state === 8 || pending) {
    const evidence: [string, string][] =
      state === 8 ? place : settings.names(at.rebootRequired).map((name) => [at.rebootRequired, name]);
    return [say('fail', 'DOCTOR_RESTART_PENDING', state === 8 ? 'AUState 8' : 'RebootRequired', evidence)];
  }
  if (state === undefined || (state >= 2 && state <= 6)) return [];
  return [say('fail', 'DOCTOR_AUSTATE', states[state] ?? `${state} (no such state)`, place)];
}

function observeTimes(settings: ClientSettings, say: Say, clock: StateClock): Observation[] {
  const { nowMs, latestMs, offsetMinutes } = clock;
  const waitName = settings.value(at.autoUpdate, 'LastWaitTimeout') ? 'LastWaitTimeout' : 'NextDetectionTime';
  const written = settings.text(at.autoUpdate, waitName);
  const wait = written === undefined ? undefined : parseAuTime(written);
  const start = parseAuTime(settings.text(at.autoUpdate, 'DetectionStartTime') ?? '');
  const places: [string, string][] = [
    [at.autoUpdate, waitName],
    [at.autoUpdate, 'DetectionStartTime'],
  ];
  if (written !== undefined && wait === undefined)
    return [say('fail', 'DOCTOR_WAIT_STUCK', `"${written}", which is not a time`, places)];
  if (wait === undefined) return start === undefined ? [] : observeStart(say, start, places, clock);
  const shown = `${new Date(wait).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const ahead = nowMs === undefined ? undefined : wait - nowMs;
  const farFromStart = start !== undefined && wait - start > 3 * 24 * hour;
  if (wait - (nowMs ?? latestMs) > longestWait || farFromStart)
    return [say('fail', 'DOCTOR_WAIT_STUCK', shown, places)];
  if (ahead !== undefined && ahead < -longestWait) return [say('fail', 'DOCTOR_DETECTION_STUCK', shown, places)];
  // Regular waits are 17 to 22 hours. Only an unreachable server makes it a day.
  if ((ahead !== undefined && ahead > 22.5 * hour) || isDayAfterStart(wait, start, offsetMinutes)) {
    return [say('fail', 'DOCTOR_WAITS_24_HOURS', shown, places)];
  }
  return [say('pass', 'DOCTOR_WAITING', shown, places)];
}

/**
 * DetectionStartTime is local and five minutes before the detection it announced. LastWaitTimeout is UTC. If the wait
 * is a day after that detection, the detection found no server. Whole quarters of an hour are the zone's.
 */
function isDayAfterStart(wait: number, start: number | undefined, offsetMinutes: number | undefined): boolean {
  if (start === undefined) return false;
  const planned = start + 5 * 60_000 - (offsetMinutes ?? 0) * 60_000;
  const moved = wait - planned;
  if (offsetMinutes !== undefined) return Math.abs(moved - 24 * hour) < 20 * 60_000;
  const zone = moved - 24 * hour;
  const quarter = 15 * 60_000;
  // Without the zone only the minutes can tell: exactly on a quarter, and a zone that exists, far from a plain +5 min.
  return (
    Math.abs(zone) <= 14 * hour && Math.abs(zone - Math.round(zone / quarter) * quarter) < 60_000 && moved > 15 * hour
  );
}

function observeStart(
  say: Say,
  start: number,
  places: [string, string][],
  { nowMs, offsetMinutes }: StateClock,
): Observation[] {
  const due = start + 5 * 60_000 - (offsetMinutes ?? 0) * 60_000;
  const slack = offsetMinutes === undefined ? 15 * hour : hour;
  const shown = `${new Date(start + 5 * 60_000).toISOString().slice(0, 19).replace('T', ' ')} local time`;
  const isLate = nowMs !== undefined && due < nowMs - 24 * hour - slack;
  return isLate
    ? [say('fail', 'DOCTOR_DETECTION_STUCK', shown, places)]
    : [say('pass', 'DOCTOR_WAITING', shown, places)];
}

/** CryptSvc checks the signatures of whatever is fetched. Without the firewall's service downloads fail. */
const neededServices = [
  'wuauserv',
  'BITS',
  'CryptSvc',
  'UsoSvc',
  'DoSvc',
  'MpsSvc',
  'BFE',
  'msiserver',
  'TrustedInstaller',
];

function observeServices(settings: ClientSettings, say: Say): Observation[] {
  const found: Observation[] = [];
  for (const name of neededServices) {
    const key = `${at.services}\\${name.toLowerCase()}`;
    if (settings.number(key, 'Start') !== 4) continue;
    const seen = say('fail', 'DOCTOR_SERVICE_DISABLED', titled(name), [[key, 'Start']]);
    found.push({ ...seen, values: { ...seen.values, service: name, meaning: needOf(name) ?? '' } });
  }
  // Only an export of all services can show that one is missing, not one of a single service's key.
  if (settings.holdsAllServices && !settings.has(`${at.services}\\wuauserv`)) {
    found.push(say('fail', 'DOCTOR_SERVICE_MISSING', 'wuauserv', []));
  }
  return found;
}

function observeIds(settings: ClientSettings, say: Say): Observation[] {
  const id = settings.value(at.update, 'SusClientId');
  const empty = id !== undefined && (String(id.data).trim() === '' || /^\{?0{8}-/.test(String(id.data)));
  return empty ? [say('fail', 'DOCTOR_SUSCLIENTID_EMPTY', '', [[at.update, 'SusClientId']])] : [];
}

function observeResults(settings: ClientSettings, subject: string[], client: string): Observation[] {
  const found: Observation[] = [];
  for (const activity of ['Detect', 'Download', 'Install']) {
    const value = settings.value(`${at.results}\\${activity.toLowerCase()}`, 'LastError');
    if (typeof value?.data !== 'number' || value.data === 0 || causeOf(value.data) === 'harmless') continue;
    const meaning = meaningOf(value.data);
    const values = {
      client,
      activity: activity === 'Detect' ? 'detection' : activity.toLowerCase(),
      error: formatHresult(value.data),
      ...(meaning ? { meaning: `${meaning.name}: ${meaning.meaning}` } : {}),
    };
    found.push(observe('DOCTOR_LAST_ERROR', 'fail', subject, values, evidenceOfValue(value)));
    const cause = causeOf(value.data);
    if (cause !== 'DOCTOR_AGENT_ERROR' && cause !== 'harmless') {
      const base = settings.text(at.policy, 'WUServer') ?? '';
      const shown = { ...values, base, server: base.replace(/^https?:\/\//i, '').replace(/\/.*$/, '') };
      found.push(observe(cause, 'fail', subject, shown, evidenceOfValue(value)));
    }
  }
  return found;
}

/** Which computers of several exports share an id. */
export function observeDuplicates(machines: readonly { client: string; settings: ClientSettings }[]): Observation[] {
  const byId = new Map<string, { client: string; settings: ClientSettings }[]>();
  for (const machine of machines) {
    const id = machine.settings.text(at.update, 'SusClientId')?.toLowerCase();
    if (id) byId.set(id, [...(byId.get(id) ?? []), machine]);
  }
  return [...byId]
    .filter(([, sharing]) => sharing.length > 1)
    .map(([id, sharing]) =>
      observe(
        'DOCTOR_SUSCLIENTID_DUPLICATE',
        'fail',
        ['client'],
        {
          found: `${id} on ${sharing.map(({ client }) => client).join(', ')}`,
          client: sharing.map(({ client }) => client).join(', '),
        },
        sharing.flatMap(({ settings }) => evidenceOfValue(settings.value(at.update, 'SusClientId'))),
      ),
    );
}
