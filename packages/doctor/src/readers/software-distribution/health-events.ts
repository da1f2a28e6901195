// The events of WSUS: its health monitoring, its synchronisation, its downloads and its MMC. Of each family the last
// digit says how it is: 0 in order again, 1 a warning, 2 an error.
import type { LogEvent, Stage } from '../../story/event.ts';
import type { FindingCode } from '../../words/codes.ts';
import { type Causes, eventOf, type Line } from '../line-rule.ts';
import { codesIn, failureIn, statusIn } from '../words/failure.ts';
import { contentCauses, databaseCauses, downloadCauses, ownCheckCauses, upstreamCauses } from './causes.ts';

interface EventFacts {
  stage: Stage;
  finding: FindingCode;
  /** The more exact finding that its reason gives. */
  causes?: Causes;
  /** Event that says it is in order again. By the last digit where nothing is said. */
  over?: number;
}

const health = (stage: Stage, finding: FindingCode, causes: Causes = databaseCauses): EventFacts => ({
  stage,
  finding,
  causes,
});

/** Events that tell of trouble. */
const troubles: Readonly<Record<number, EventFacts>> = {
  364: { ...health('download', 'DOCTOR_CONTENT_MISSING', downloadCauses), over: 363 },
  386: { ...health('server-sync', 'DOCTOR_SYNCHRONIZATION', upstreamCauses), over: 384 },
  421: health('database', 'DOCTOR_DATABASE'),
  506: health('self-update', 'DOCTOR_SELF_UPDATE_DOWN'),
  507: { ...health('service', 'DOCTOR_SERVER_EVENT'), over: 501 },
  7032: health('other', 'DOCTOR_CONSOLE'),
  7042: health('database', 'DOCTOR_DATABASE'),
  7052: health('other', 'DOCTOR_CONSOLE'),
  7053: health('other', 'DOCTOR_CONSOLE'),
  10021: health('server-sync', 'DOCTOR_SYNCHRONIZATION', upstreamCauses),
  10022: health('server-sync', 'DOCTOR_SYNCHRONIZATION', upstreamCauses),
  10031: health('download', 'DOCTOR_CONTENT_MISSING', contentCauses),
  10032: health('download', 'DOCTOR_CONTENT_MISSING', contentCauses),
  11001: health('database', 'DOCTOR_DATABASE'),
  11002: health('database', 'DOCTOR_DATABASE'),
  12001: health('reporting', 'DOCTOR_REPORTING'),
  12002: health('reporting', 'DOCTOR_REPORTING'),
  12011: health('web-service', 'DOCTOR_CONSOLE'),
  12012: health('web-service', 'DOCTOR_CONSOLE'),
  12021: health('web-service', 'DOCTOR_CLIENT_WEB_SERVICE'),
  12022: health('web-service', 'DOCTOR_CLIENT_WEB_SERVICE'),
  12031: health('web-service', 'DOCTOR_SERVER_EVENT'),
  12032: health('web-service', 'DOCTOR_SERVER_EVENT'),
  12041: health('web-service', 'DOCTOR_SIMPLE_AUTH'),
  12042: health('web-service', 'DOCTOR_SIMPLE_AUTH'),
  12051: health('web-service', 'DOCTOR_SERVER_EVENT'),
  12052: health('web-service', 'DOCTOR_SERVER_EVENT'),
  12071: health('download', 'DOCTOR_CONTENT_FOLDER', { 'disk-full': 'DOCTOR_SERVER_DISK_FULL' }),
  12072: health('download', 'DOCTOR_CONTENT_FOLDER', { 'disk-full': 'DOCTOR_SERVER_DISK_FULL' }),
  13001: health('installation', 'DOCTOR_CLIENTS_FAIL'),
  13002: health('installation', 'DOCTOR_CLIENTS_FAIL'),
  13021: health('installation', 'DOCTOR_CLIENTS_FAIL'),
  13022: health('installation', 'DOCTOR_CLIENTS_FAIL'),
  13031: health('detection', 'DOCTOR_CLIENTS_SILENT'),
  13032: health('detection', 'DOCTOR_CLIENTS_SILENT'),
  13041: health('self-update', 'DOCTOR_SELF_UPDATE_DOWN'),
  13042: health('self-update', 'DOCTOR_SELF_UPDATE_DOWN'),
  13051: health('detection', 'DOCTOR_CLIENTS_SILENT'),
};

/** E-mail, many clients: said, but nothing that keeps computers from updating. */
const notes = new Set([10041, 10042, 13061, 13062]);

/** Families by the event that says they are in order. */
const normals = new Map<number, Stage>(
  Object.entries(troubles).map(([id, facts]) => [normalOf(Number(id), facts), facts.stage]),
);

function normalOf(id: number, { over }: EventFacts): number {
  return over ?? id - (id % 10);
}

/** True for an event that these tables know. */
export function isKnownWsusEvent(id: number): boolean {
  return id === 10_000 || troubles[id] !== undefined || notes.has(id) || normals.has(id);
}

/**
 * The meaning of event `id` of WSUS. `line.level` is that of the event: an error that is not known here stays not
 * understood.
 */
export function wsusEvent(line: Line, id: number): LogEvent[] {
  if (id === 10_000) return allInOrder(line);
  const facts = troubles[id];
  if (facts) return [inTrouble(line, id, facts)];
  const stage = normals.get(id);
  if (stage !== undefined && line.level !== 'error') return [inOrder(line, id, stage)];
  const known = notes.has(id) || line.level !== 'error';
  const what = { id: known ? `wsus-${id}` : undefined, stage: 'other', outcome: known ? 'noted' : 'failed' } as const;
  return [eventOf(line, what, { code: codesIn(line.text)[0] })];
}

function allInOrder(line: Line): LogEvent[] {
  const checks = Object.entries(services).map(([name, { stage }]) => inOrder(line, 10_000, stage, `check of ${name}`));
  return [...[...normals].map(([normal, stage]) => inOrder(line, normal, stage)), ...checks];
}

function inTrouble(line: Line, id: number, facts: EventFacts): LogEvent {
  const failure = failureIn(line.text);
  const finding = (failure && facts.causes?.[failure.kind]) ?? facts.finding;
  const values = { event: String(id), updateId: `event ${normalOf(id, facts)}` };
  const what = { id: `wsus-${id}`, stage: facts.stage, outcome: 'failed' as const, values };
  return eventOf(line, what, { finding, code: codesIn(line.text)[0], status: statusIn(line.text) });
}

function inOrder(line: Line, id: number, stage: Stage, of = `event ${id}`): LogEvent {
  const values = { event: String(id), updateId: of };
  return eventOf(line, { id: `wsus-${id}`, stage, outcome: 'succeeded', values });
}

const services: Readonly<Record<string, { stage: Stage; finding: FindingCode }>> = {
  selfupdate: { stage: 'self-update', finding: 'DOCTOR_SELF_UPDATE_DOWN' },
  client: { stage: 'web-service', finding: 'DOCTOR_CLIENT_WEB_SERVICE' },
  simpleauth: { stage: 'web-service', finding: 'DOCTOR_SIMPLE_AUTH' },
  reporting: { stage: 'reporting', finding: 'DOCTOR_REPORTING' },
  apiremoting: { stage: 'web-service', finding: 'DOCTOR_CONSOLE' },
};

/** The events that the check of each service writes. */
const checkEvents: Readonly<Record<string, string>> = {
  selfupdate: '13042',
  client: '12022',
  simpleauth: '12042',
  reporting: '12002',
  apiremoting: '12012',
  serversync: '12032',
  dssauth: '12052',
};

/**
 * The result of the server's own check of a service: HmtWebServices.CheckReportingWebService. Undefined for other
 * lines.
 */
export function ownCheckEvent(line: Line): LogEvent | undefined {
  const service = /^Hmt\w*(?:Service|SelfUpdate)\w*\.Check(\w*?)(?:Web)?(?:Service)?s?$/i
    .exec(line.from)?.[1]
    ?.toLowerCase();
  if (service === undefined || line.level === 'information') return undefined;
  const { stage, finding } = services[service] ?? {
    stage: 'web-service' as const,
    finding: 'DOCTOR_SERVER_EVENT' as const,
  };
  const failure = failureIn(line.text);
  const status = statusIn(line.text);
  // Each status of a service has a cause of its own. If it is not there at all, the service itself is missing.
  const byStatus = status !== undefined && status !== 404 && status !== 500;
  const cause = (failure && ownCheckCauses[failure.kind]) ?? (byStatus ? undefined : finding);
  const values = { event: checkEvents[service] ?? '12000', updateId: `check of ${service}` };
  return eventOf(line, { id: 'wsus-own-check', stage, outcome: 'failed', values }, { finding: cause, status });
}
