// The reports of agents, and the server's own event log, become observations. Pure.
import { eventNumbers } from '@moult/protocol/reporting';
import { type Evidence, type Observation, observe } from '../finding.ts';
import { type Cause, statusBehind } from '../rules/causes.ts';
import { decidingInput } from '../rules/deciding-input.ts';
import { judge } from '../rules/judge.ts';
import type { LogEvent, Stage } from '../story/event.ts';
import { valuesOfError } from '../story/observe.ts';
import type { FindingCode } from '../words/codes.ts';
import type { AgentReports } from './agent-reports.ts';
import { logEventOf, type ReportedEvent, type ServerLogEvent } from './reporting-events.ts';
import { causeOfEvent, type LatestEvents, timeOf } from './server-events.ts';

/** The reports of the agent: failures that no later success of the same kind ended. */
export function observeReported(reports: AgentReports, subject: readonly string[]): Observation[] {
  const { replaced, failures, isTen } = reports;
  const client = nameOf(subject);
  const observations: Observation[] = [];
  if (replaced) {
    const values = { client, version: 'not named' };
    observations.push(observe('DOCTOR_SELF_UPDATED', 'pass', subject, values, [evidenceOfReported(replaced)]));
  }
  const unknown: ReportedEvent[] = [];
  for (const { event, isOver } of failures) {
    const observation = observeReportedFailure(event, subject, isOver, isTen);
    if (observation) observations.push(observation);
    else if (!isOver) unknown.push(event);
  }
  return [...observations, ...observeUnknown(unknown, subject)];
}

/** Failures that no rule understands: the first and the last of them, how many, and the input that decides. */
function observeUnknown(events: readonly ReportedEvent[], subject: readonly string[]): Observation[] {
  const [first] = events;
  const last = events.at(-1);
  if (first === undefined || last === undefined) return [];
  const count = events.length;
  const input = [...new Set(events.map((event) => decidingInput(logEventOf(event))))].join('; ');
  const values = { client: nameOf(subject), count: String(count), lines: count === 1 ? 'line' : 'lines', input };
  const evidence = (count === 1 ? [first] : [first, last]).map(evidenceOfReported);
  return [observe('DOCTOR_NOT_UNDERSTOOD', 'unknown', subject, values, evidence)];
}

function evidenceOfReported({ source, line, raw, at }: ReportedEvent): Evidence {
  return {
    source,
    line,
    text: raw.trim().slice(0, 500),
    ...(at === undefined ? {} : { at: new Date(at).toISOString() }),
  };
}

function observeReportedFailure(
  event: ReportedEvent,
  subject: readonly string[],
  isOver: boolean,
  isTen: boolean,
): Observation | undefined {
  const logEvent = logEventOf(event);
  const evidence = evidenceOfReported(event);
  const judgement = judge(logEvent);
  const cause = causeOfReported(event, logEvent, judgement?.cause, isTen);
  const client = nameOf(subject);
  if (cause === undefined) return undefined;
  const values = { ...valuesOfError(event.result, undefined), ...judgement?.values, client, message: event.message };
  return { ...observe(cause, isOver ? 'pass' : 'fail', subject, values, [evidence]), stage: logEvent.stage };
}

function causeOfReported(
  { eventId, result }: ReportedEvent,
  { stage }: LogEvent,
  cause: Cause | undefined,
  isTen: boolean,
): FindingCode | undefined {
  if (eventId === eventNumbers.connectionFailed && result === 0) return 'DOCTOR_NO_ANSWER';
  if (cause === 'harmless' || result === 0) return endedBadly[stage] ?? 'DOCTOR_AGENT_ERROR';
  // Agents before Windows 10 ask for the ident of the tree first: there a 404 ended the detection.
  if (stage === 'detection' && statusBehind(result) === 404 && !isTen) return 'DOCTOR_TREE_MISSING';
  if (stage === 'self-update' && cause === 'DOCTOR_INSTALL_FAILED') return 'DOCTOR_SETUP_FAILED';
  return cause;
}

const endedBadly: Partial<Record<Stage, FindingCode>> = {
  'self-update': 'DOCTOR_SETUP_FAILED',
  download: 'DOCTOR_DOWNLOAD_FAILED',
  installation: 'DOCTOR_INSTALL_FAILED',
};

function nameOf(subject: readonly string[]): string {
  return subject.at(-1) ?? 'the client';
}

/** The server's own log: a later "normal again" (last digit 0), or "all is well" (10000), ends it. */
export function observeServerEvents({ all: latest }: LatestEvents, subject: readonly string[]): Observation[] {
  const observations: Observation[] = [];
  for (const [key, event] of latest) {
    const code = typeof key === 'number' ? causeOfEvent(key) : key;
    if (!code) continue;
    const verdict = isOver(key, event, latest) ? 'pass' : 'fail';
    const values = {
      event: String(event.eventId ?? 'of its own log'),
      message: event.message.slice(0, 200),
      server: 'the server',
    };
    const at = event.at === undefined ? {} : { at: new Date(event.at).toISOString() };
    const evidence = { source: event.source, line: event.line, text: event.raw.trim().slice(0, 500), ...at };
    observations.push(observe(code, verdict, subject, values, [evidence]));
  }
  const down = observations.filter(({ code, verdict }) => verdict === 'fail' && clientServices.includes(code));
  if (new Set(down.map(({ code }) => code)).size === clientServices.length) {
    const evidence = down.flatMap((each) => each.evidence);
    observations.push(observe('DOCTOR_WEB_SERVICES', 'fail', subject, { server: 'the server' }, evidence));
  }
  return observations;
}

const clientServices: readonly FindingCode[] = ['DOCTOR_CLIENT_WEB_SERVICE', 'DOCTOR_SIMPLE_AUTH', 'DOCTOR_REPORTING'];

function isOver(
  key: number | FindingCode,
  event: ServerLogEvent,
  latest: ReadonlyMap<number | FindingCode, ServerLogEvent>,
): boolean {
  const own = typeof key === 'number' ? latest.get(key === 386 ? 384 : key - (key % 10)) : undefined;
  return [own, latest.get(10000)].some((normal) => normal && normal !== event && timeOf(normal) >= timeOf(event));
}
