// A machine of a run, driven and judged from outside. The built host is started as a service starts it. The verdict is
// that of `moult agent status`, as an administrator sees it, never that of a program about itself.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type AgentStatus, type MachineRoot, machineRoot, readStatus } from '@moult/agent';
import { detectionAt } from '../../packages/agent/src/machine/au-state.ts';
import { keys } from '../../packages/agent/src/machine/keys.ts';
import { number, openRegistry, text } from '../../packages/agent/src/machine/registry.ts';
import { groupIsGone, killGroup, type StartedGroup, startGroup } from './processes.ts';

export interface HostEnd {
  exit: number | undefined;
  /** It did not end within its time and was killed, with all its programs. */
  hung: boolean;
  /** Processes outlived the host, and the run killed them. */
  leftRunning: boolean;
  stderr: string;
}

export interface HostStart {
  /** In place of plain Node: a tracer, another clock. */
  command: readonly string[];
  env: NodeJS.ProcessEnv;
  /** `--now` means that a person asks. Without it the agent comes by itself. */
  flags?: readonly string[];
  limitMs: number;
  /** Told as soon as it runs. */
  started?(group: StartedGroup): void;
}

/** Starts the machine's host and waits until it and all its programs are gone. */
export async function runHost(folder: string, start: HostStart): Promise<HostEnd> {
  const root = machineRoot(folder);
  const flags = start.flags ?? ['--once'];
  const command = [...start.command, root.hostProgram, ...root.programArguments, ...flags];
  const group = startGroup(command, start.env, dirname(folder));
  start.started?.(group);
  let hung = false;
  const limit = setTimeout(() => {
    hung = true;
    killGroup(group.pid);
  }, start.limitMs);
  const exit = await group.ended;
  clearTimeout(limit);
  // A program notices within moments that its host is gone.
  const leftRunning = !(await groupIsGone(group.pid, hung ? 5_000 : leaveMs));
  if (leftRunning) {
    killGroup(group.pid);
    await groupIsGone(group.pid, 5_000);
  }
  return { exit, hung, leftRunning, stderr: await group.stderr() };
}

const leaveMs = 20_000;

/** The wait for the next detection is over: as if the hours had passed. Throws when the registry cannot be used. */
export function makeDue(folder: string): void {
  openRegistry(machineRoot(folder)).change(detectionAt(new Date(Date.now() - 1000), 'wsus'));
}

/** A server as policy names it. */
export function addressOf({ href }: URL): string {
  return href.replace(/\/$/, '');
}

/** An administrator changes the policy: another server. */
export function pointAt(folder: string, server: string): void {
  openRegistry(machineRoot(folder)).change([
    { key: keys.policy, name: 'WUServer', value: text(server) },
    { key: keys.policy, name: 'WUStatusServer', value: text(server) },
  ]);
}

/** An administrator puts a proxy before the server, or takes it away. */
export function goThrough(folder: string, proxy: string | undefined): void {
  const value = proxy === undefined ? {} : { value: text(proxy) };
  openRegistry(machineRoot(folder)).change([{ key: keys.agent, name: 'ProxyServer', ...value }]);
}

/** Shorter waits than an agent has by itself, so that a hanging server or release takes seconds and not minutes. */
export function setWaits(folder: string, seconds: Record<string, number>): void {
  const changes = Object.entries(seconds).map(([name, value]) => ({ key: keys.agent, name, value: number(value) }));
  openRegistry(machineRoot(folder)).change(changes);
}

/** `moult agent status`. Undefined when the machine is so broken that it cannot be read. */
export function statusOf(folder: string): AgentStatus | undefined {
  try {
    return readStatus(machineRoot(folder));
  } catch {
    return undefined;
  }
}

/** Whether exactly one version is the agent, whole and off its trial, and it is `version`. */
export function isAgent(status: AgentStatus | undefined, version: string): boolean {
  return status !== undefined && status.version === version && status.intact && status.trial === undefined;
}

/** The state that every machine of a journey must reach. */
export interface Goal {
  version: string;
  hostVersion: string;
}

/** Whether the update is over: the goal's version is the agent, and its host is the host. */
export function isUpdated(status: AgentStatus | undefined, { version, hostVersion }: Goal): boolean {
  return isAgent(status, version) && status?.hostVersion === hostVersion && !status.hostOnTrial;
}

/** Version folders beside the agent and the one before it: each is a loss of space that grows. */
export function strayVersions(folder: string, status: AgentStatus): string[] {
  const { versionsFolder } = machineRoot(folder);
  return readdirSync(versionsFolder).filter((name) => name !== status.version && name !== status.previous);
}

/** The last thing that the machine itself said is wrong, in its logs or in its registry. Empty when it said nothing. */
export function reasonGiven(folder: string): string {
  const root = machineRoot(folder);
  const lines = [root.wsusLog, root.susLog]
    .flatMap(linesOf)
    .filter((line) => /WARNING|\tError\t|\tWarning\t/.test(line));
  const failed = lines.findLast((line) => /fail|error|0x8/i.test(line)) ?? lines.at(-1);
  if (failed !== undefined) return withoutTime(failed);
  const code = statusOf(folder)?.results.detect.lastError;
  return code === undefined || Number(code) === 0 ? '' : `last detection: ${code}`;
}

/** Both logs, for whoever replays a seed. */
export function logsOf(folder: string): string {
  const root: MachineRoot = machineRoot(folder);
  return [root.susLog, root.wsusLog].flatMap(linesOf).join('\n');
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split(/\r?\n/) : [];
}

function withoutTime(line: string): string {
  return line
    .replace(/^.*?(WARNING|\tError\t|\tWarning\t)/, '$1')
    .replaceAll('\t', ' ')
    .trim()
    .slice(0, 300);
}
