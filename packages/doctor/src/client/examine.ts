// A client: on the machine itself, or from files that somebody sent in.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DoctorError, RequestError } from '../errors.ts';
import type { Observation } from '../finding.ts';
import { tellStories } from '../logs/client-stories.ts';
import { observeLogs } from '../logs/diagnose-logs.ts';
import { emptyFacts, type LogFacts } from '../logs/facts.ts';
import { type LogProgress, readLogs } from '../logs/read-logs.ts';
import { lookedAt as lookedAtLogs, refuseUnreadable } from '../logs/report.ts';
import { readNamedFile } from '../named-file.ts';
import { mergeRegFacts, type RegFacts, readRegText } from '../registry/reg-text.ts';
import { type DoctorReport, makeReport } from '../report/report.ts';
import { examineServer, lookedAt as lookedAtServer, parseServerUrl, type ServerOptions } from '../server/examine.ts';
import { decodeText } from '../text/encoding.ts';
import type { AgentMachine, MachineAt } from './agent-machine.ts';
import { observeAgent, observeKindOfSystem, observeOldSystem } from './agent-rungs.ts';
import { isPolicyFile, observeSettingsFile, registryTitle, settingsInputOf } from './inputs/index.ts';
import { doubtMissingPolicy, judgePath, observePolicy } from './policy-rungs.ts';
import { ClientSettings } from './settings.ts';
import { observeDuplicates, observeState, type StateClock } from './state-rungs.ts';

export interface ClientOptions extends ServerOptions {
  root?: string;
  registry?: string[];
  log?: string[];
  urllog?: string[];
  server?: string;
  now?: string;
}

interface Sources {
  registry: string[];
  logs: string[];
  /** False where the files come from elsewhere: then their clock is not ours. */
  live: boolean;
  /** True where files were sent in, which may hold a part only. */
  files: boolean;
}

/** How far an examination is, for people who wait. */
export interface ClientProgress {
  reading: LogProgress;
  asking(text: string): void;
}

/** Reads what is there, asks the server where one is named. Throws RequestError and DoctorError. */
export async function examineClient(
  given: ClientOptions,
  progress: ClientProgress,
  machineAt: MachineAt,
): Promise<DoctorReport> {
  const options = withOwnMachine(given, machineAt(undefined));
  const agent = options.root === undefined ? undefined : machineAt(options.root);
  const sources = findSources(options, machineAt);
  const sent = sources.registry.map((path) => loadSettings(path, nameOf(path, options)));
  const machines = sent.flatMap(({ client: name, settings }) => (settings ? [{ client: name, settings }] : []));
  if (sources.registry.length === 0 && options.root === undefined && process.platform === 'win32' && sources.live) {
    machines.push({ client: 'this computer', settings: new ClientSettings(exportRegistry()) });
  }
  const logs = sources.logs.length > 0 ? await readLogs(sources.logs, progress.reading) : emptyFacts();
  if (sources.registry.length === 0 && options.server === undefined && sources.files) refuseUnreadable(logs);
  const clock = clockOf(options, sources, logs);
  const client = machines[0]?.client ?? sent[0]?.client ?? (options.root ? basename(options.root) : 'the client');
  const ofMachines: Observation[] = machines.flatMap(({ client: name, settings }) => [
    ...observeOldSystem(settings, name),
    ...observePolicy(settings, name),
    ...observeState(settings, name, clock),
  ]);
  ofMachines.push(...sent.flatMap(({ more }) => more));
  if (agent) ofMachines.push(...observeAgent(agent, client));
  ofMachines.push(...observeDuplicates(machines));
  // One machine was sent in: whatever file said it, it is about that machine.
  const alone = sent.length + machines.length === 0 && options.root === undefined && options.server === undefined;
  const ofLogs = observeLogs(logs).filter(({ code }) => alone || code !== 'DOCTOR_NOTHING_SEEN');
  ofMachines.push(...ofLogs.map((observation) => renamed(observation, client)));
  // Last: what logs say of the kind has the version, too.
  for (const { client: name, settings } of machines) ofMachines.push(...observeKindOfSystem(settings, name));
  const [only] = machines;
  const observations = only && sources.files ? doubtMissingPolicy(ofMachines, only.settings) : ofMachines;
  const looked = [...machines.map(({ client: name }) => ({ what: name, result: 'registry' })), ...lookedAtLogs(logs)];
  if (options.server !== undefined) {
    const { observations: seen, facts } = await examineServer(
      parseServerUrl(options.server),
      asThisClient(options, agent),
      (text) => progress.asking(text),
    );
    observations.push(...seen);
    looked.push(...lookedAtServer(facts));
  }
  // Our agent does not need steps for a service of Windows.
  const judged = judgePath(observations).map((each) => (agent ? ofOurAgent(each) : each));
  return makeReport(client, judged, looked, tellStories(logs));
}

/**
 * If no other source is named, the machine itself: away from Windows that is the root of our agent, if it is installed.
 */
export function withOwnMachine(
  options: ClientOptions,
  { folder, registryFile }: Pick<AgentMachine, 'folder' | 'registryFile'>,
): ClientOptions {
  const named = [options.root, options.registry, options.log, options.urllog].some((each) => each !== undefined);
  return named || registryFile === undefined || !existsSync(folder) ? options : { ...options, root: folder };
}

/**
 * With the root of a Moult agent, the doctor asks as that agent and checks with its CA.
 */
function asThisClient(options: ClientOptions, machine: AgentMachine | undefined): ServerOptions {
  if (!machine) return options;
  const { machine: of, version } = machine.status();
  const kind = `os=${of.os},arch=${of.architecture},lang=${of.language},version=${version ?? '5.4.0.0'},agent=moult`;
  const pinned = existsSync(machine.operatorCertificate) ? { ca: machine.operatorCertificate } : {};
  return { client: [kind], ...pinned, ...options };
}

function renamed(observation: Observation, client: string): Observation {
  if (observation.subject[0] !== 'client') return observation;
  return { ...observation, subject: ['client', client], values: { ...observation.values, client } };
}

function findSources(options: ClientOptions, machineAt: MachineAt): Sources {
  const registry = [...(options.registry ?? [])];
  const logs = [...(options.log ?? []), ...(options.urllog ?? [])];
  for (const path of [...registry, ...logs]) {
    if (!existsSync(path)) throw new RequestError(`${path}: no such file or folder`);
  }
  const folder = registry.find((path) => statSync(path).isDirectory());
  if (folder !== undefined) throw new RequestError(`--registry ${folder}: is a folder; give the exported files in it`);
  const given = registry.length + logs.length > 0;
  if (options.root === undefined && given) return { registry, logs, live: false, files: true };
  if (options.root === undefined && process.platform !== 'win32' && options.server === undefined) {
    throw new RequestError(
      `no agent is installed in ${machineAt(undefined).folder}: give --root, --registry, --log, --urllog or --server`,
    );
  }
  if (options.root === undefined && process.platform !== 'win32') return { registry, logs, live: false, files: true };
  const machine = machineAt(options.root);
  if (options.root !== undefined && !existsSync(options.root))
    throw new RequestError(`${options.root}: no such folder`);
  if (machine.registryFile !== undefined && existsSync(machine.registryFile)) registry.push(machine.registryFile);
  for (const path of [machine.susLog, machine.wsusLog, machine.reportingEventsLog, machine.urlLog]) {
    if (existsSync(path)) logs.push(path);
  }
  if (registry.length + logs.length === 0 && machine.registryFile !== undefined) {
    throw new DoctorError(
      'CLI_DOCTOR_NOTHING_TO_READ',
      `${machine.folder} holds neither a registry nor logs of an agent`,
    );
  }
  return { registry, logs, live: true, files: false };
}

/** A moment to judge by: given, ours for a living machine, that of the last log line where its zone is known. */
function clockOf(options: ClientOptions, sources: Sources, logs: LogFacts): StateClock {
  const offsetMinutes = timeZoneOf(logs) ?? (sources.live ? -new Date().getTimezoneOffset() : undefined);
  const latestMs = Date.now();
  if (options.now !== undefined) {
    const nowMs = Date.parse(options.now);
    if (Number.isNaN(nowMs)) throw new RequestError(`--now ${options.now}: a time such as 2004-05-06T07:08:09Z`);
    return { nowMs, latestMs, offsetMinutes };
  }
  if (sources.live) return { nowMs: latestMs, latestMs, offsetMinutes };
  const last = lastLineOf(logs);
  const nowMs = last === undefined || offsetMinutes === undefined ? undefined : last - offsetMinutes * 60_000;
  return { nowMs, latestMs, offsetMinutes };
}

function timeZoneOf(logs: LogFacts): number | undefined {
  for (const { timeZone } of logs.stories.values()) {
    const match = /([+-])(\d\d)(\d\d)/.exec(timeZone ?? '');
    if (match) return (Number(match[2]) * 60 + Number(match[3])) * (match[1] === '-' ? -1 : 1);
  }
  return undefined;
}

function lastLineOf(logs: LogFacts): number | undefined {
  const times = [...logs.stories.values()].flatMap((story) => [
    ...story.milestones.map(({ time }) => time),
    ...story.troubles.map(({ last }) => last.time),
  ]);
  const known = times.filter((at) => at !== undefined);
  return known.length > 0 ? Math.max(...known) : undefined;
}

interface SentSettings {
  client: string;
  /** Of plain values of a registry. */
  settings?: ClientSettings;
  /** The findings of any other kind of settings. */
  more: Observation[];
}

function loadSettings(path: string, client: string): SentSettings {
  const bytes = readNamedFile(path);
  const isPlain = settingsInputOf(decodeText(bytes.subarray(0, 65_536)))?.title === registryTitle;
  const more = isPlain && !isPolicyFile(bytes, path) ? undefined : observeSettingsFile(bytes, path, client);
  // Anything else that was named as a registry is read as one: keys alone, a part of an export.
  return more ? { client, more } : { client, settings: new ClientSettings(readRegText(bytes, path)), more: [] };
}

function ofOurAgent(observation: Observation): Observation {
  return { ...observation, values: { ...observation.values, agent: 'moult' } };
}

/** On Windows itself: the keys of Automatic Updates, exported by reg.exe into a folder of our own. */
function exportRegistry(): RegFacts {
  const folder = mkdtempSync(join(tmpdir(), 'moult-doctor-'));
  const facts: RegFacts = new Map();
  const keys = [
    'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate',
    'HKLM\\SOFTWARE\\WOW6432Node\\Policies\\Microsoft\\Windows\\WindowsUpdate',
    'HKCU\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate',
    'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate',
    'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections',
    'HKLM\\SYSTEM\\CurrentControlSet\\Services\\wuauserv',
    'HKLM\\SYSTEM\\CurrentControlSet\\Services\\BITS',
  ];
  // By its path: Windows looks for a bare name in the current folder first, and an administrator works in folders of
  // strangers.
  const program = join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'reg.exe');
  try {
    keys.forEach((key, index) => {
      const file = join(folder, `${index}.reg`);
      try {
        execFileSync(program, ['export', key, file, '/y'], { stdio: 'ignore' });
        mergeRegFacts(facts, readRegText(readFileSync(file), key));
      } catch {
        // The key does not exist on this machine, which is itself a fact: it stays absent.
      }
    });
    return facts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function nameOf(path: string, options: ClientOptions): string {
  if (options.root !== undefined) return basename(options.root);
  return basename(path).replace(/\.(reg|txt)$/i, '');
}
