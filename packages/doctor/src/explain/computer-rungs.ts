// moult explain COMPUTER: everything a Moult server knows of one client becomes a cause. Pure.
import type { KnownComputer, KnownReport, StoredSelfUpdateEvent } from '@moult/store';
import { AgentReports } from '../client-log/agent-reports.ts';
import { observeReported } from '../client-log/reported-rungs.ts';
import type { ReportedEvent } from '../client-log/reporting-events.ts';
import { type Evidence, type Observation, observe } from '../finding.ts';
import { causeOf } from '../hresult/cause.ts';
import { formatHresult } from '../hresult/error-table.ts';
import type { Story, StoryEvent } from '../logs/client-stories.ts';
import { describeKind, valuesOfError } from '../story/observe.ts';

interface ComputerFacts {
  computer: KnownComputer;
  /** Oldest first. */
  pings: StoredSelfUpdateEvent[];
  /** Oldest first. */
  reports: KnownReport[];
  source: string;
}

const hour = 3_600_000;
const quietAfterMs = 48 * hour;
const silentAfterMs = 30 * 24 * hour;
const pendingTooLongMs = hour;
const selfUpdateUpdate = 'd67661eb-2423-451d-bf5d-13199e37df28';

/** Which check failed, since when, or how far it came. */
export function observeComputer(facts: ComputerFacts, now: Date): Observation[] {
  const client = nameOf(facts.computer);
  const subject = ['client', client];
  return [
    ...observePings(facts, subject, client),
    ...observeReported(AgentReports.of(facts.reports.map((report) => reportedOf(report, facts.source))), subject),
    ...observePending(facts, subject, client, now),
    ...observeSilence(facts, subject, client, now),
    ...observeStage(facts, subject, client),
  ];
}

/** `PC-1.example.com`, or the id where the client never said its name. */
export function nameOf(computer: KnownComputer): string {
  return computer.dnsName || computer.computerId;
}

/** The last stage that went well. */
function lastStageOf({ computer, pings }: ComputerFacts): string {
  if (computer.lastReport) return 'reported';
  if (computer.lastSync) return 'scanned';
  if (computer.registeredAt) return 'registered as WSUS client';
  if (pings.some((ping) => ping.activity === 's' && isSuccess(ping))) return 'self-update finished';
  if (pings.some((ping) => ping.activity === 's')) return 'self-update begun';
  return pings.length > 0 ? 'first status ping' : 'first contact';
}

/** The story for people and the picture. */
export function tellComputer(facts: ComputerFacts): Story {
  const { computer, pings, reports, source } = facts;
  const events: StoryEvent[] = [
    event(computer.firstContact, 'first contact', 'good', source),
    ...pings.map((ping) =>
      event(
        ping.occurredAt,
        describePing(ping),
        isSuccess(ping) ? 'good' : isPending(ping) ? 'neutral' : 'bad',
        source,
      ),
    ),
    ...reports.map((report) =>
      event(
        report.timeAtTarget,
        describeReport(report),
        causeOf(report.result) === 'harmless' ? 'good' : 'bad',
        source,
      ),
    ),
  ];
  if (computer.registeredAt) events.push(event(computer.registeredAt, 'registered as WSUS client', 'good', source));
  if (computer.lastSync) events.push(event(computer.lastSync, 'last scan', 'good', source));
  events.sort((a, b) => (a.atMs ?? 0) - (b.atMs ?? 0));
  const last = events.findLast(({ outcome }) => outcome !== 'neutral');
  return {
    client: nameOf(computer),
    generation:
      computer.agentGeneration === 'sus'
        ? 'SUS client'
        : computer.agentVersion
          ? describeKind(computer.agentVersion, new Set())
          : 'not named',
    versions: [
      ...new Set(pings.map(({ agentVersion }) => agentVersion ?? '').filter((version) => version !== '')),
      ...(computer.agentVersion ? [computer.agentVersion] : []),
    ].filter((version, index, all) => all.indexOf(version) === index),
    lastStage: lastStageOf(facts),
    outcome: last?.outcome === 'bad' ? 'failing' : computer.lastSync ? 'up to date' : 'in progress',
    events: events.slice(-200),
  };
}

function observePings({ pings, source }: ComputerFacts, subject: string[], client: string): Observation[] {
  const failed = pings.findLast((ping) => causeOf(codeOf(ping)) !== 'harmless');
  if (!failed) return [];
  const healed = pings.some(
    (ping) => ping.activity === failed.activity && isSuccess(ping) && ping.occurredAt > failed.occurredAt,
  );
  if (healed) return [];
  const since = pings.find((ping) => ping.activity === failed.activity && codeOf(ping) === codeOf(failed)) ?? failed;
  const error = codeOf(failed);
  const values = {
    ...valuesOfError(error, undefined),
    client,
    activity: activityOf(failed),
    server: 'this server',
    host: 'this server',
    file: failed.message || 'the package',
    url: '',
    path: '',
    status: '',
    method: '',
    message: failed.message,
    found: formatHresult(error),
  };
  const evidence = [
    evidenceOf(source, since.occurredAt, describePing(since)),
    ...(since === failed ? [] : [evidenceOf(source, failed.occurredAt, describePing(failed))]),
  ];
  const found = [observe('DOCTOR_PING_FAILURE', 'fail', subject, values, evidence)];
  const cause = causeOf(error);
  if (cause !== 'harmless' && cause !== 'DOCTOR_AGENT_ERROR')
    found.push(observe(cause, 'fail', subject, values, evidence));
  return found;
}

/** Said that it begins, and never said how it ended. */
function observePending({ pings, source }: ComputerFacts, subject: string[], client: string, now: Date): Observation[] {
  const last = pings.findLast((ping) => ping.activity === 's');
  if (!last || !isPending(last) || now.getTime() - last.receivedAt.getTime() < pendingTooLongMs) return [];
  const values = { client, stage: 'self-update begun' };
  return [
    observe('DOCTOR_STUCK_AFTER_IDENT', 'unknown', subject, values, [
      evidenceOf(source, last.occurredAt, describePing(last)),
    ]),
  ];
}

function observeSilence(
  { computer, source }: ComputerFacts,
  subject: string[],
  client: string,
  now: Date,
): Observation[] {
  const silentMs = now.getTime() - computer.lastContact.getTime();
  if (silentMs < quietAfterMs) return [];
  const days = Math.floor(silentMs / (24 * hour));
  const values = { message: `${client} was last heard of ${days} days ago`, server: 'SERVER', client };
  const evidence = [evidenceOf(source, computer.lastContact, 'last contact')];
  return [observe('DOCTOR_CLIENTS_SILENT', silentMs >= silentAfterMs ? 'fail' : 'unknown', subject, values, evidence)];
}

function observeStage(facts: ComputerFacts, subject: string[], client: string): Observation[] {
  const { computer, source } = facts;
  const version = computer.agentVersion ?? 'not named';
  const values = { client, version, stage: lastStageOf(facts) };
  if (computer.agentGeneration === 'wsus' && computer.lastSync) {
    return [
      observe('DOCTOR_UP_TO_DATE', 'pass', subject, values, [evidenceOf(source, computer.lastSync, 'last scan')]),
    ];
  }
  // Registered but never scanned, or still the old client after its success: it stopped on its way.
  if (computer.registeredAt && !computer.lastSync) {
    return [
      observe('DOCTOR_STUCK_AFTER_IDENT', 'unknown', subject, values, [
        evidenceOf(source, computer.registeredAt, 'registered, and never scanned'),
      ]),
    ];
  }
  return [];
}

function reportedOf(report: KnownReport, source: string): ReportedEvent {
  const own = report.updateId === selfUpdateUpdate || /selfupdate/i.test(report.appName);
  return {
    source,
    line: 0,
    raw: describeReport(report),
    at: report.timeAtTarget.getTime(),
    eventId: report.eventNumber,
    updateId: report.updateId ?? '',
    result: report.result,
    caller: own ? 'SelfUpdate' : report.appName,
    outcome: '',
    category: '',
    message: report.replacementStrings.join(' '),
  };
}

/** A report in one line. */
export function describeReport({ eventNumber, result, updateId, replacementStrings }: KnownReport): string {
  const code = result === 0 ? '' : ` ${formatHresult(result)}`;
  const what = reportNames[eventNumber] ?? `event ${eventNumber}`;
  return `${what}${code}${updateId ? ` of ${updateId}` : ''} ${replacementStrings.join(' ')}`.trim();
}

// MS-WUSP 2.2.2.3.1.
const reportNames: Record<number, string> = {
  147: 'detection finished',
  148: 'detection failed',
  149: 'could not connect',
  161: 'download failed',
  162: 'download finished',
  167: 'download started',
  181: 'installation started',
  182: 'installation failed',
  183: 'installation finished',
  184: 'installation needs a restart',
  201: 'installation pending',
  202: 'restart done',
};

function describePing(ping: StoredSelfUpdateEvent): string {
  const outcome =
    codeOf(ping) !== 0 && causeOf(codeOf(ping)) !== 'harmless'
      ? `failed ${formatHresult(codeOf(ping))}`
      : isPending(ping)
        ? 'begun'
        : 'well';
  return `client says ${activityOf(ping)}: ${outcome}${ping.agentVersion ? ` (version ${ping.agentVersion})` : ''}`;
}

const activities: Record<string, string> = { n: 'initialisation', s: 'self-update', d: 'detection', i: 'installation' };

function activityOf({ activity }: StoredSelfUpdateEvent): string {
  return activities[activity] ?? `activity "${activity}"`;
}

function codeOf({ resultCode }: StoredSelfUpdateEvent): number {
  const value = Number.parseInt(resultCode, 16);
  return Number.isNaN(value) ? 0 : value >>> 0;
}

function isPending({ status }: StoredSelfUpdateEvent): boolean {
  return status === 'p';
}

function isSuccess(ping: StoredSelfUpdateEvent): boolean {
  return ping.status === 's' && causeOf(codeOf(ping)) === 'harmless';
}

function event(at: Date, what: string, outcome: StoryEvent['outcome'], source: string): StoryEvent {
  return { at: at.toISOString(), atMs: at.getTime(), what, outcome, evidence: evidenceOf(source, at, what) };
}

function evidenceOf(source: string, at: Date, text: string): Evidence {
  return { source, text: `${at.toISOString()} ${text}`, at: at.toISOString() };
}
