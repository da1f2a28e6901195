// The event ids of WSUS's health monitoring: last digit 0 is "normal again", 1 a warning,
// 2 an error.
import { clientLogBounds } from '../bounds.ts';
import { causeOfStatus } from '../hresult/cause.ts';
import type { FindingCode } from '../words/codes.ts';
import type { ServerLogEvent } from './reporting-events.ts';

/** The finding behind an event id. Undefined for information and for ids that say nothing is wrong. */
export function causeOfEvent(eventId: number): FindingCode | undefined {
  return causes[eventId];
}

/**
 * The finding behind a line of the server's own log that mirrors no event: what its health check and its database say.
 */
export function causeOfServerLine({ level, method, message }: ServerLogEvent): FindingCode | undefined {
  if (!/^(error|warning)$/i.test(level)) return undefined;
  if (
    /SqlException|Cannot open database|Login failed for user|SQL Server does not exist|^Timeout expired\./i.test(
      message,
    )
  ) {
    return 'DOCTOR_DATABASE';
  }
  const service = /HmtWebServices\.Check(\w*?)(?:Web)?(?:Service)?$/i.exec(method)?.[1]?.toLowerCase();
  if (service === undefined || !/exception|error|fail|unable/i.test(message)) return undefined;
  const status = Number(/\((\d{3})\)/.exec(message)?.[1] ?? 0);
  const cause = status === 0 || status === 404 ? 'harmless' : causeOfStatus(status);
  return cause === 'harmless' ? (checked[service] ?? 'DOCTOR_SERVER_EVENT') : cause;
}

/** Of each kind of event the last one: whether it is over is told by that and by nothing else. */
export class LatestEvents {
  private readonly latest = new Map<number | FindingCode, ServerLogEvent>();

  /** Takes an event in where it tells of something. */
  add(event: ServerLogEvent): void {
    const key = event.eventId ?? causeOfServerLine(event);
    if (key === undefined) return;
    const known = this.latest.get(key);
    if (known ? timeOf(event) >= timeOf(known) : this.latest.size < clientLogBounds.maxServerEvents)
      this.latest.set(key, event);
  }

  get all(): ReadonlyMap<number | FindingCode, ServerLogEvent> {
    return this.latest;
  }
}

/** Milliseconds, or the line if the time is missing. */
export function timeOf({ at, line }: ServerLogEvent): number {
  return at ?? line;
}

const checked: Record<string, FindingCode> = {
  selfupdate: 'DOCTOR_SELF_UPDATE_DOWN',
  client: 'DOCTOR_CLIENT_WEB_SERVICE',
  simpleauth: 'DOCTOR_SIMPLE_AUTH',
  reporting: 'DOCTOR_REPORTING',
};

const causes: Record<number, FindingCode> = {
  364: 'DOCTOR_CONTENT_MISSING',
  386: 'DOCTOR_SYNCHRONIZATION',
  506: 'DOCTOR_SELF_UPDATE_DOWN',
  507: 'DOCTOR_SERVER_EVENT',
  7032: 'DOCTOR_SERVER_EVENT',
  7053: 'DOCTOR_SERVER_EVENT',
  10021: 'DOCTOR_SYNCHRONIZATION',
  10022: 'DOCTOR_SYNCHRONIZATION',
  10031: 'DOCTOR_CONTENT_MISSING',
  10032: 'DOCTOR_CONTENT_MISSING',
  11001: 'DOCTOR_DATABASE',
  11002: 'DOCTOR_DATABASE',
  12001: 'DOCTOR_REPORTING',
  12002: 'DOCTOR_REPORTING',
  12011: 'DOCTOR_SERVER_EVENT',
  12012: 'DOCTOR_SERVER_EVENT',
  12021: 'DOCTOR_CLIENT_WEB_SERVICE',
  12022: 'DOCTOR_CLIENT_WEB_SERVICE',
  12031: 'DOCTOR_SERVER_EVENT',
  12032: 'DOCTOR_SERVER_EVENT',
  12041: 'DOCTOR_SIMPLE_AUTH',
  12042: 'DOCTOR_SIMPLE_AUTH',
  12051: 'DOCTOR_SERVER_EVENT',
  12052: 'DOCTOR_SERVER_EVENT',
  12071: 'DOCTOR_CONTENT_FOLDER',
  12072: 'DOCTOR_CONTENT_FOLDER',
  13001: 'DOCTOR_CLIENTS_FAIL',
  13002: 'DOCTOR_CLIENTS_FAIL',
  13021: 'DOCTOR_CLIENTS_FAIL',
  13022: 'DOCTOR_CLIENTS_FAIL',
  13031: 'DOCTOR_CLIENTS_SILENT',
  13032: 'DOCTOR_CLIENTS_SILENT',
  13041: 'DOCTOR_SELF_UPDATE_DOWN',
  13042: 'DOCTOR_SELF_UPDATE_DOWN',
  13051: 'DOCTOR_CLIENTS_SILENT',
};
