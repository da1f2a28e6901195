// A story → observations: its troubles with the words that pages fill in, whose server was asked, what came of it.
// Pure.
import { reportBounds } from '../bounds.ts';
import { type Evidence, type Observation, observe } from '../finding.ts';
import { formatHresult, meaningOf } from '../hresult/error-table.ts';
import { statusBehind } from '../rules/causes.ts';
import { decidingInput } from '../rules/deciding-input.ts';
import { causeAtMicrosoft } from '../rules/microsoft.ts';
import { hostOfUrl, nameOfService } from '../rules/services.ts';
import { type FindingCode, factsOf } from '../words/codes.ts';
import type { LogEvent, LogKind, Stage } from './event.ts';
import { evidenceOfEvent, type LeftOver, type Trouble } from './remembered.ts';
import type { Story } from './story.ts';

/** The findings of the logs of one computer, or of a server. `subject` names it. */
export function observeStory(story: Story, subject: readonly string[]): Observation[] {
  return [
    ...story.standingTroubles().map((trouble) => observeTrouble(story, trouble, subject)),
    ...observeWhoseScan(story, subject),
    ...observeKind(story, subject),
    ...observeProgress(story, subject),
    ...observeOpenEnds(story, subject),
  ];
}

/** The words that every page about an error may use. */
export function valuesOfError(error: number, url: string | undefined): Record<string, string> {
  const meaning = meaningOf(error);
  const code = error === 0 ? 'no code' : formatHresult(error);
  const words = meaning ? `${meaning.name}: ${meaning.meaning}` : 'not in the table of known codes';
  const path = url === undefined ? undefined : /^https?:\/\/[^/]*(\/[^?]*)/i.exec(url)?.[1];
  const host = hostOfUrl(url);
  return {
    error: code,
    meaning: words,
    message: words,
    found: meaning ? `${code} ${meaning.name}` : code,
    status: String(statusBehind(error) ?? code),
    ...(path ? { path, file: path } : {}),
    ...(url && host ? { url, server: host, host: host.replace(/:\d+$/, '') } : {}),
  };
}

/** The request of a stage, if no line has the address. */
const pathOfStage: Partial<Record<Stage, string>> = {
  detection: '/ClientWebService/client.asmx',
  'web-service': '/ClientWebService/client.asmx',
  reporting: '/ReportingWebService/ReportingWebService.asmx',
  download: 'the file of an update',
  other: 'the address that the client asked for',
};

/** Events of the server's health check about the service that a stage talks to. */
const serviceEvents: Partial<Record<Stage, FindingCode>> = {
  detection: 'DOCTOR_CLIENT_WEB_SERVICE',
  'web-service': 'DOCTOR_CLIENT_WEB_SERVICE',
  reporting: 'DOCTOR_REPORTING',
};

function observeTrouble(story: Story, trouble: Trouble, subject: readonly string[]): Observation {
  const { error, count, stage, judgement, first } = trouble;
  const foreign = story.isForeign(trouble);
  const cause = foreign ? causeAtMicrosoft(trouble.code) : trouble.code;
  const code = cause === 'harmless' ? trouble.code : cause;
  const path = pathOfStage[stage];
  const { status: httpStatus, parameters, object } = first;
  const values = {
    ...(path && !foreign ? { path, file: path } : {}),
    ...serverOf(story, foreign),
    ...valuesOfError(error, trouble.url),
    ...withoutEmpty(parameters),
    ...(httpStatus === undefined ? {} : { status: String(httpStatus) }),
    ...(object && !/^https?:/i.test(object) ? { object } : {}),
    ...(parameters.file ? { file: parameters.file, path: parameters.file } : {}),
    ...(foreign || code === 'DOCTOR_MICROSOFT_UNREACHABLE'
      ? { service: nameOfService(parameters.serviceGuid) ?? 'an update service of Microsoft' }
      : {}),
    ...judgement.values,
    count: String(count),
    client: subject[0] === 'server' ? 'one of its clients' : nameOf(subject),
  };
  // Beside a good scan of a server of yours it matters only if updates should come from Microsoft, too.
  const beside = foreign && story.succeeded('detection', 'yours');
  const verdict = story.isHealed(trouble) ? 'pass' : beside ? 'unknown' : judgement.verdict;
  const observation = { ...observe(code, verdict, subject, values, trouble.evidence), stage };
  const named = serviceEvents[stage];
  // The tree's event ids belong to trouble with the tree.
  return factsOf(code).eventIds.length > 0 && stage !== 'self-update' && stage !== 'other' && subject[0] === 'client'
    ? { ...observation, eventIds: named && !foreign ? factsOf(named).eventIds : [] }
    : observation;
}

/** The server that the client is told to use, or was seen to ask: for pages whose line names none. */
function serverOf(story: Story, foreign: boolean): Record<string, string> {
  if (foreign) return {};
  const url = [...story.configured].at(-1) ?? [...story.servers].at(-1);
  const host = hostOfUrl(url);
  return host === undefined ? {} : { server: host, host: host.replace(/:\d+$/, '') };
}

function withoutEmpty(parameters: Readonly<Record<string, string>>): Record<string, string> {
  const { server: _, ...others } = parameters;
  return Object.fromEntries(Object.entries(others).filter(([, value]) => value !== ''));
}

/** Scans that went to Microsoft: beside the server that is configured, in its place, or without one. */
function observeWhoseScan(story: Story, subject: readonly string[]): Observation[] {
  const microsoft = story.scans.get('microsoft');
  if (!microsoft) return [];
  const yours = story.scans.get('yours');
  const client = nameOf(subject);
  const url = microsoft.parameters.scanUrl ?? '';
  const host = hostOfUrl(url) ?? url;
  const evidence = [evidenceOfEvent(microsoft)];
  if (!yours && story.configured.size === 0) {
    return [observe('DOCTOR_ASKS_MICROSOFT', 'unknown', subject, { client, host, server: host, url }, evidence)];
  }
  const [configured = yours?.parameters.scanUrl ?? ''] = story.configured;
  const server = hostOfUrl(configured) ?? configured;
  const found = `scans of ${host}, ${yours ? 'and' : 'none'} of ${server}`;
  return [observe('DOCTOR_DUAL_SCAN', yours ? 'unknown' : 'fail', subject, { client, found, server }, evidence)];
}

function observeKind(story: Story, subject: readonly string[]): Observation[] {
  const versions = [...story.versions];
  const version = versions.at(-1);
  const isClient = [...story.kinds].some((kind) => kindOfLog[kind] !== undefined);
  if (version === undefined && !isClient) return [];
  const kind = describeKind(version, story.kinds);
  const values = { client: nameOf(subject), kind, version: versions.join(', ') || 'not named' };
  const observations = [observe('DOCTOR_CLIENT_KIND', 'pass', subject, values, [])];
  if (kind === 'Windows 10 or later')
    observations.push(observe('DOCTOR_NEVER_SELF_UPDATES', 'pass', subject, values, []));
  return observations;
}

/** The newest first: the log of the agent before stays where the newer one wrote its own. */
const kindOfLog: Partial<Record<LogKind, string>> = {
  'get-windows-update-log': 'Windows 10 or later',
  'windows-update-log': 'WSUS client',
  'sus-log': 'SUS client',
};

/** `7.6.7600.256` → the generation that admins know. */
export function describeKind(version: string | undefined, kinds: ReadonlySet<LogKind>): string {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  if (version === undefined) {
    for (const [kind, name] of Object.entries(kindOfLog)) if (kinds.has(kind as LogKind)) return name;
    return 'client of unknown kind';
  }
  if (major >= 10) return 'Windows 10 or later';
  if (major < 5 || (major === 5 && minor < 8)) return 'SUS client';
  return 'WSUS client';
}

function observeProgress(story: Story, subject: readonly string[]): Observation[] {
  const observations: Observation[] = [];
  const version = [...story.versions].at(-1) ?? 'not named';
  const values = { server: 'this server', ...serverOf(story, false), client: nameOf(subject), version };
  const last = (what: RegExp) => story.milestones.findLast(({ milestone }) => what.test(milestone ?? ''));
  const pushPass = (code: FindingCode, event: LogEvent | undefined) => {
    if (event) observations.push(observe(code, 'pass', subject, values, [evidenceOfEvent(event)]));
  };
  const failing = story.standingTroubles().filter((trouble) => !story.isHealed(trouble));
  // The result of an earlier check means nothing after a later one failed.
  if (!failing.some(({ stage }) => stage === 'self-update')) {
    pushPass('DOCTOR_UP_TO_DATE', last(/nothing to do/));
    pushPass('DOCTOR_SKIPPED_BY_SERVER', last(/\/SKIP/));
  }
  pushPass('DOCTOR_SELF_UPDATED', last(/agent package .* succeeded|agent replaced/));
  pushPass('DOCTOR_TREE_HEALTHY', last(/InstallSelfupdateOnPort80 succeeded/));
  const { lastScan } = story;
  if (lastScan?.parameters.found === '0' && lastScan.whose !== 'microsoft' && failing.length === 0) {
    const answer = { ...values, found: lastScan.parameters.found };
    observations.push(observe('DOCTOR_NOTHING_OFFERED', 'answer', subject, answer, [evidenceOfEvent(lastScan)]));
  }
  return observations;
}

/** The open ends of the logs: lines without a meaning, operations without an end, errors that are not understood. */
function observeOpenEnds(story: Story, subject: readonly string[]): Observation[] {
  const client = nameOf(subject);
  const observations: Observation[] = [];
  if (story.undecoded) {
    const evidence = evidenceOfEvent(story.undecoded);
    const values = { client, found: evidence.text.slice(0, 120) };
    observations.push(observe('DOCTOR_LOG_NOT_DECODED', 'unknown', subject, values, [evidence]));
  }
  const unfinished = story.unfinished.filter(({ stage }) => operations[stage] !== undefined);
  if (unfinished.length > 0) {
    const operation = operations[(unfinished[0] as LogEvent).stage] as string;
    const evidence = unfinished.map(evidenceOfEvent);
    observations.push(observe('DOCTOR_LOG_ENDS_EARLY', 'unknown', subject, { client, operation }, evidence));
  }
  const { leftOver } = story;
  if (leftOver.length > 0) observations.push(observeLeftOver(leftOver, story.leftMore, subject));
  return observations;
}

const operations: Partial<Record<Stage, string>> = {
  'self-update': 'self-update check',
  detection: 'scan',
  download: 'download',
  installation: 'installation',
  'server-sync': 'synchronisation',
};

/** The lines, each with the first and the last time, and the input that decides. */
function observeLeftOver(leftOver: readonly LeftOver[], more: number, subject: readonly string[]): Observation {
  const evidence = leftOver.flatMap(({ first, last, count }): Evidence[] => {
    if (count === 1) return [evidenceOfEvent(first)];
    const end = evidenceOfEvent(last);
    return [evidenceOfEvent(first), { ...end, text: `${end.text} (the last of ${count})` }];
  });
  const count = leftOver.reduce((sum, each) => sum + each.count, more);
  const inputs = [...new Set(leftOver.map(({ last }) => decidingInput(last)))];
  const values = {
    client: nameOf(subject),
    count: String(count),
    lines: count === 1 ? 'line' : 'lines',
    input: inputs.join('; '),
  };
  return observe('DOCTOR_NOT_UNDERSTOOD', 'unknown', subject, values, evidence.slice(0, reportBounds.maxEvidence));
}

function nameOf(subject: readonly string[]): string {
  const name = subject.at(-1) ?? 'the client';
  return subject.length === 1 && name === 'server' ? 'the server' : name;
}
