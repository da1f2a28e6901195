// Rung 8 (and what 1, 2, 3 and 9 can read from a client's own logs): stories and events become observations. Pure.
import { type Evidence, type Observation, observe } from '../finding.ts';
import { formatHresult, httpStatusOf, meaningOf } from '../hresult/error-table.ts';
import type { FindingCode } from '../words/codes.ts';
import { type AgentReports, isOwn } from './agent-reports.ts';
import type { Trouble } from './remembered.ts';
import type { ReportedEvent, ServerLogEvent } from './reporting-events.ts';
import { causeOfEvent, type LatestEvents, timeOf } from './server-events.ts';
import type { ClientStory } from './story.ts';
import { troubleOf } from './trouble.ts';

/** What the agent's own log says. `subject` names the client. */
export function observeStory(story: ClientStory, subject: readonly string[]): Observation[] {
  return [
    ...story.standing().map((trouble) => observeTrouble(story, trouble, subject)),
    ...observeWhoseScan(story, subject),
    ...observeKind(story, subject),
    ...observeProgress(story, subject),
  ];
}

/** The words that every page about an error may use. */
export function valuesOfError(error: number, url: string | undefined): Record<string, string> {
  const meaning = meaningOf(error);
  const code = error === 0 ? 'no code' : formatHresult(error);
  const words = meaning ? `${meaning.name}: ${meaning.meaning}` : 'not in the table of known codes';
  const path = url === undefined ? undefined : /^https?:\/\/[^/]*(\/[^?]*)/i.exec(url)?.[1];
  return {
    error: code,
    meaning: words,
    message: words,
    found: meaning ? `${code} ${meaning.name}` : code,
    status: String(httpStatusOf(error) ?? code),
    ...(path ? { path, file: path } : {}),
    ...(url ? { url, server: hostOf(url), host: hostOf(url).replace(/:\d+$/, '') } : {}),
  };
}

function observeTrouble(story: ClientStory, trouble: Trouble, subject: readonly string[]): Observation {
  const { code, error, url, first, last, count } = trouble;
  const values = {
    ...valuesOfError(error, url),
    count: String(count),
    client: subject.at(-1) ?? 'the client',
    ...trouble.extra,
  };
  const evidence = first === last ? [first] : [first, last];
  const verdict = story.isHealed(trouble) ? 'pass' : code === 'DOCTOR_WUSERVER_TRAILING_SLASH' ? 'unknown' : 'fail';
  return observe(code, verdict, subject, values, evidence);
}

/** Scans that went to Microsoft: beside the server that is configured, in its place, or without one. */
function observeWhoseScan(story: ClientStory, subject: readonly string[]): Observation[] {
  const microsoft = story.scans.get('microsoft');
  if (!microsoft) return [];
  const yours = story.scans.get('yours');
  const client = subject.at(-1) ?? 'the client';
  const { url, evidence } = microsoft;
  if (!yours && story.configured.size === 0) {
    const values = { client, host: hostOf(url), server: hostOf(url), url };
    return [observe('DOCTOR_ASKS_MICROSOFT', 'unknown', subject, values, [evidence])];
  }
  const [server = yours?.url ?? ''] = story.configured;
  const found = `scans of ${hostOf(url)}, ${yours ? 'and' : 'none'} of ${hostOf(server)}`;
  const verdict = yours ? 'unknown' : 'fail';
  return [observe('DOCTOR_DUAL_SCAN', verdict, subject, { client, found, server: hostOf(server) }, [evidence])];
}

function observeKind(story: ClientStory, subject: readonly string[]): Observation[] {
  const versions = [...story.versions];
  const version = versions.at(-1);
  if (version === undefined && story.layouts.size === 0) return [];
  const kind = describeKind(version, story.layouts);
  const values = { client: subject.at(-1) ?? 'the client', kind, version: versions.join(', ') || 'not named' };
  const observations = [observe('DOCTOR_CLIENT_KIND', 'pass', subject, values, [])];
  if (isTen(version, story.layouts))
    observations.push(observe('DOCTOR_NEVER_SELF_UPDATES', 'pass', subject, values, []));
  return observations;
}

/** `7.6.7600.256` → the generation that admins know. */
export function describeKind(version: string | undefined, layouts: ReadonlySet<string>): string {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  if (version === undefined) return kindOfLayout(layouts);
  if (major >= 10) return 'Windows 10 or later';
  if (major < 5 || (major === 5 && minor < 8)) return 'SUS client';
  return 'WSUS client';
}

function kindOfLayout(layouts: ReadonlySet<string>): string {
  if (layouts.has('etw')) return 'Windows 10 or later';
  if (layouts.has('sus')) return 'SUS client';
  return layouts.has('wua') ? 'WSUS client' : 'client of unknown kind';
}

function isTen(version: string | undefined, layouts: ReadonlySet<string>): boolean {
  return describeKind(version, layouts) === 'Windows 10 or later';
}

function observeProgress(story: ClientStory, subject: readonly string[]): Observation[] {
  const observations: Observation[] = [];
  const version = [...story.versions].at(-1) ?? 'not named';
  const values = { client: subject.at(-1) ?? 'the client', version, server: 'this server' };
  const last = (what: RegExp) => story.milestones.findLast(({ what: text }) => what.test(text))?.evidence;
  const pushPass = (code: FindingCode, evidence: Evidence | undefined) => {
    if (evidence) observations.push(observe(code, 'pass', subject, values, [evidence]));
  };
  const failedCheck = story.standing().some(({ phase }) => phase === 'self-update');
  const failing = story.standing().some((trouble) => trouble.phase === 'self-update' && !story.isHealed(trouble));
  // What an earlier check found says nothing once a later one failed.
  if (!failing) {
    pushPass('DOCTOR_UP_TO_DATE', last(/nothing to do/));
    pushPass('DOCTOR_SKIPPED_BY_SERVER', last(/\/SKIP/));
  }
  pushPass('DOCTOR_SELF_UPDATED', last(/agent package .* succeeded|agent replaced/));
  pushPass('DOCTOR_TREE_HEALTHY', last(/InstallSelfupdateOnPort80 succeeded/));
  if (story.undecoded) {
    const found = story.undecoded.text.slice(0, 120);
    observations.push(observe('DOCTOR_LOG_NOT_DECODED', 'unknown', subject, { ...values, found }, [story.undecoded]));
  }
  if (story.checksStarted > story.checksEnded && story.lastCheckStart && !failedCheck && !last(/agent package/)) {
    observations.push(observe('DOCTOR_LOG_ENDS_EARLY', 'unknown', subject, values, [story.lastCheckStart]));
  }
  return observations;
}

/** What the agent reported: failures that no later success of the same kind took back. */
export function observeReported({ replaced, failures }: AgentReports, subject: readonly string[]): Observation[] {
  const observations: Observation[] = [];
  if (replaced) {
    const values = { client: subject.at(-1) ?? 'the client', version: 'not named' };
    observations.push(observe('DOCTOR_SELF_UPDATED', 'pass', subject, values, [evidenceOfReported(replaced)]));
  }
  for (const { event, takenBack } of failures) observations.push(observeReportedFailure(event, subject, takenBack));
  return observations;
}

function evidenceOfReported({ source, line, raw, at }: ReportedEvent): Evidence {
  return {
    source,
    line,
    text: raw.trim().slice(0, 500),
    ...(at === undefined ? {} : { at: new Date(at).toISOString() }),
  };
}

function observeReportedFailure(event: ReportedEvent, subject: readonly string[], takenBack: boolean): Observation {
  const own = isOwn(event);
  const detection = event.eventId === 147 || event.eventId === 148 || event.eventId === 149;
  const silent = event.eventId === 149 && event.result === 0;
  const phase = own ? 'self-update' : detection ? 'scan' : event.eventId === 161 ? 'download' : 'install';
  let code = event.result === 0 ? 'harmless' : troubleOf(event.result, phase, undefined);
  if (silent) code = 'DOCTOR_NO_ANSWER';
  if (code === 'harmless') code = phase === 'install' ? 'DOCTOR_INSTALL_FAILED' : 'DOCTOR_AGENT_ERROR';
  // A detection that ended on 404 failed at its first step, the ident of the tree.
  if (detection && code === 'DOCTOR_CLIENT_WEB_SERVICE') code = 'DOCTOR_TREE_MISSING';
  if (own && code === 'DOCTOR_INSTALL_FAILED') code = 'DOCTOR_SETUP_FAILED';
  const values = {
    ...valuesOfError(event.result, undefined),
    client: subject.at(-1) ?? 'the client',
    message: event.message,
  };
  const evidence = evidenceOfReported(event);
  return observe(code, takenBack ? 'pass' : 'fail', subject, values, [evidence]);
}

/** What the server's own log says: a later "normal again" (last digit 0), or "all is well" (10000), takes it back. */
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

function hostOf(url: string): string {
  return /^https?:\/\/([^/]+)/i.exec(url)?.[1] ?? url;
}
