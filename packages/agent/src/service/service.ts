// The agent as a service of this system: there after a restart, and started again when it has ended. The managers know
// the systems. This file has the rules for all of them.

import { setTimeout as pause } from 'node:timers/promises';
import { isThere } from '@moult/disk';
import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';
import { lockHolder } from '../machine/lock.ts';
import { isRealMachine, type MachineRoot } from '../machine/machine-root.ts';
import { requestStop } from '../machine/stop-request.ts';
import { serviceHolder } from '../read-status.ts';
import { type RunProgram, runProgram } from './commands.ts';
import { type ServiceNames, serviceNames } from './identity.ts';
import { launchdManager } from './launchd.ts';
import type { ServiceLook, ServiceManager, ServiceParts } from './manager.ts';
import { whoCanChange } from './safe-program.ts';
import { systemdManager } from './systemd.ts';
import { windowsManager } from './windows.ts';

export interface ServiceOptions {
  /** Also over, or away with, a definition that somebody else wrote. */
  force?: boolean;
  /** Start it now. Default true. */
  start?: boolean;
  /** How long the agent may take to start or to stop, in milliseconds. Default a minute. */
  waitMs?: number;
  names?: ServiceNames;
  /** The program that runs the host. Default: the Node of this process. */
  program?: string;
  /** The program that answers the Service Control Manager of Windows, if there is one. */
  serviceHost?: string | undefined;
  platform?: NodeJS.Platform;
  /** Whether `root` is this machine itself. */
  isReal?: boolean;
  /** The root of the folders of the system. Default: `/` for this machine, and else the folder of the machine. */
  system?: string;
  run?: RunProgram;
  now?(): Date;
}

export interface ServiceInstalled {
  service: string;
  manager: ServiceManager['kind'];
  file: string;
  /** False: the definition was there already. */
  written: boolean;
  /** The path of the text that an administrator had changed. */
  copy: string | undefined;
  additions: readonly string[];
  running: { pid: number } | undefined;
  notes: string[];
  /** Steps that failed. Empty: all is well. */
  problems: string[];
}

/**
 * Writes the definition, switches the service on, and starts it. Throws AgentError AGENT_CONFIG_NOT_INSTALLED,
 * AGENT_SERVICE_FOREIGN, AGENT_SERVICE_UNSAFE, AGENT_HOST_DISK. Failures of the system are in `problems`.
 */
export async function installService(root: MachineRoot, options: ServiceOptions = {}): Promise<ServiceInstalled> {
  if (!isThere(root.hostProgram)) {
    const text = `No agent is installed in ${root.folder}. Run "moult agent install" first.`;
    throw new AgentError('AGENT_CONFIG_NOT_INSTALLED', text, { hresult: hresult.setupUnexpected });
  }
  const parts = partsOf(root, options);
  const manager = managerOf(parts, options);
  const notes = requireSafe(parts, options);
  const before = manager.look();
  requireOwn(manager, before, root, options);
  const { written, copy, problems } = manager.install(options.force ?? false);
  if (copy !== undefined) notes.push(`${manager.file} had been changed. The changed text is in ${copy}.`);
  if (options.start ?? true) problems.push(...(await startNow(root, manager, before, written, options)));
  return {
    ...{ service: nameOf(manager, parts.names), manager: manager.kind, file: manager.file, written, copy },
    additions: manager.look().additions,
    running: runningOf(root),
    ...{ notes, problems },
  };
}

export interface ServiceRemoved {
  service: string;
  manager: ServiceManager['kind'];
  /** Paths. */
  removed: string[];
  /** The path of the text that an administrator had changed. */
  copy: string | undefined;
  /** Files that stay on purpose: additions of the administrator. */
  left: readonly string[];
  problems: string[];
}

/** Stops the service and removes it. Does nothing without a service. Throws as installService. */
export async function removeService(root: MachineRoot, options: ServiceOptions = {}): Promise<ServiceRemoved> {
  const parts = partsOf(root, options);
  const manager = managerOf(parts, options);
  const before = manager.look();
  requireOwn(manager, before, root, options);
  const problems: string[] = [];
  if (before.isInstalled && manager.unavailable() === undefined) {
    problems.push(...manager.stop());
    if (before.isWanted) problems.push(...(await stopHost(root, options)));
  }
  const done = removeOrGoOn(manager, before, options);
  return {
    ...{ service: nameOf(manager, parts.names), manager: manager.kind, removed: done.removed, copy: done.copy },
    left: before.additions,
    problems: [...problems, ...done.problems],
  };
}

/** One that cannot be removed is not left stopped: it goes on. */
function removeOrGoOn(
  manager: ServiceManager,
  { isWanted }: ServiceLook,
  { force = false }: ServiceOptions,
): ReturnType<ServiceManager['remove']> {
  try {
    return manager.remove(force);
  } catch (error) {
    if (isWanted) manager.start();
    throw error;
  }
}

export interface ServiceStatus {
  service: string;
  manager: ServiceManager['kind'];
  file: string;
  installed: boolean;
  /** Starts with the system. */
  enabled: boolean;
  /** An administrator changed the definition. */
  changed: boolean;
  /** Somebody else wrote it, or it starts another agent. */
  foreign: boolean;
  additions: readonly string[];
  /** Why the system cannot start or stop it now. Undefined when it can. */
  unavailable: string | undefined;
  /** In the words of the system. Undefined when it cannot be asked. */
  state: string | undefined;
  running: { pid: number } | undefined;
  /** Empty: all is well. */
  problems: string[];
}

/** How the service is. Throws what the disk says. */
export function readServiceStatus(root: MachineRoot, options: ServiceOptions = {}): ServiceStatus {
  const parts = partsOf(root, options);
  const manager = managerOf(parts, options);
  const look = manager.look();
  const running = runningOf(root);
  return {
    ...{ service: nameOf(manager, parts.names), manager: manager.kind, file: manager.file },
    ...{ installed: look.isInstalled, enabled: look.isEnabled, changed: look.author === 'changed' },
    foreign: look.author === 'foreign' || look.author === 'masked' || look.serves === 'other-machine',
    ...{ additions: look.additions, unavailable: manager.unavailable(), state: look.state, running },
    problems: problemsOf(manager, look, parts, running),
  };
}

function problemsOf(
  manager: ServiceManager,
  { isInstalled, author, serves, isEnabled, isWanted }: ServiceLook,
  { spec, root }: ServiceParts,
  running: { pid: number } | undefined,
): string[] {
  if (!isInstalled) return ['The service is not installed. Run "moult agent service install".'];
  const why = manager.unavailable();
  const problems: [boolean, string][] = [
    [author === 'foreign', `${manager.file} was not written by "moult agent service install".`],
    [author === 'masked', `${manager.file} is not a file of its own, or it is masked.`],
    [serves === 'other-machine', `${manager.file} does not start the agent in ${root.folder}.`],
    [
      serves === 'other-program',
      `${manager.file} starts the agent with another program. Run "moult agent service install" again.`,
    ],
    [!isThere(spec.program), `The program ${spec.program} is not there.`],
    [!isThere(root.hostProgram), `The program ${root.hostProgram} is not there. Run "moult agent install".`],
    [!isEnabled, 'The service does not start with the system.'],
    [why !== undefined, `The service cannot be asked: ${why}.`],
    [why === undefined && !isWanted, 'The service is stopped.'],
    [running === undefined, 'The agent does not run.'],
  ];
  return problems.flatMap(([is, sentence]) => (is ? [sentence] : []));
}

/** Starts the service of this agent. Answers the failures. Undefined without a service that the system can start. */
export async function startService(root: MachineRoot, options: ServiceOptions = {}): Promise<string[] | undefined> {
  const manager = controlOf(root, options);
  if (!manager) return undefined;
  const problems = manager.start();
  return [...problems, ...(await hostRuns(root, options))];
}

/** Stops the service of this agent, so that the system does not start it again by itself. As startService. */
export async function stopService(root: MachineRoot, options: ServiceOptions = {}): Promise<string[] | undefined> {
  const manager = controlOf(root, options);
  if (!manager?.look().isWanted) return undefined;
  return [...manager.stop(), ...(await stopHost(root, options))];
}

/** Ends the host, if one runs. Answers the sentence for one that does not end. */
export async function stopHost(root: MachineRoot, { waitMs = defaultWaitMs }: ServiceOptions = {}): Promise<string[]> {
  const holder = lockHolder(root.hostLock) ?? serviceHolder(root);
  if (!holder) return [];
  requestStop(root, holder.pid);
  const isGone = await until(() => !serviceHolder(root) && !lockHolder(root.hostLock), waitMs);
  return isGone ? [] : [`The agent (process ${holder.pid}) does not stop.`];
}

const defaultWaitMs = 60_000;

function controlOf(root: MachineRoot, options: ServiceOptions): ServiceManager | undefined {
  const manager = managerOf(partsOf(root, options), options);
  if (manager.unavailable() !== undefined) return undefined;
  const { serves } = manager.look();
  return serves === 'this' || serves === 'other-program' ? manager : undefined;
}

async function startNow(
  root: MachineRoot,
  manager: ServiceManager,
  before: ServiceLook,
  written: boolean,
  options: ServiceOptions,
): Promise<string[]> {
  const why = manager.unavailable();
  if (why !== undefined) return [`The service was not started: ${why}.`];
  if (!written && before.isWanted && serviceHolder(root)) return [];
  // One that runs in the background holds the machine. The service takes its place.
  const stuck = before.isWanted ? [] : await stopHost(root, options);
  if (stuck.length > 0) return stuck;
  const problems = manager.start();
  return [...problems, ...(await hostRuns(root, options))];
}

async function hostRuns(root: MachineRoot, { waitMs = defaultWaitMs }: ServiceOptions): Promise<string[]> {
  const isUp = await until(() => lockHolder(root.hostLock) !== undefined, waitMs);
  return isUp ? [] : [`The agent did not start within ${waitMs / 1000} s.`];
}

async function until(isSo: () => boolean, waitMs: number): Promise<boolean> {
  for (const deadline = performance.now() + waitMs; !isSo(); await pause(50))
    if (performance.now() >= deadline) return false;
  return true;
}

function partsOf(root: MachineRoot, options: ServiceOptions): ServiceParts {
  const {
    names = serviceNames(root.brand),
    program = process.execPath,
    run = runProgram,
    now = () => new Date(),
  } = options;
  const isReal = options.isReal ?? isRealMachine(root);
  return {
    ...{ root, names, run, now, isReal },
    system: options.system ?? (isReal ? '/' : root.folder),
    spec: {
      ...{ names, program, folder: root.folder },
      args: [root.hostProgram, ...root.programArguments],
      output: root.hostOutput,
      ...(options.serviceHost === undefined ? {} : { serviceHost: options.serviceHost }),
    },
  };
}

function managerOf(parts: ServiceParts, { platform = process.platform }: ServiceOptions): ServiceManager {
  if (platform === 'win32') return windowsManager(parts);
  return platform === 'darwin' ? launchdManager(parts) : systemdManager(parts);
}

function nameOf({ kind }: ServiceManager, { unit, label, task }: ServiceNames): string {
  return { systemd: unit, launchd: label, 'Windows service': unit, 'Task Scheduler': task }[kind];
}

function runningOf(root: MachineRoot): { pid: number } | undefined {
  const holder = serviceHolder(root);
  return holder && { pid: holder.pid };
}

/** A service of the same name that starts another agent is that agent's. */
function requireOwn(
  { file }: ServiceManager,
  { author, serves }: ServiceLook,
  root: MachineRoot,
  { force }: ServiceOptions,
) {
  if (serves !== 'other-machine' || author === 'foreign' || force) return;
  const text = `${file} starts another agent, not the one in ${root.folder}. It stays. Remove it, or use --force.`;
  throw new AgentError('AGENT_SERVICE_FOREIGN', text, { hresult: hresult.setupUnexpected });
}

/** Answers what an administrator should look at. */
function requireSafe({ isReal, spec, root }: ServiceParts, { platform = process.platform }: ServiceOptions): string[] {
  if (!isReal || platform === 'win32' || process.geteuid?.() !== 0) return [];
  return [spec.program, root.hostProgram].flatMap((file) => {
    const found = whoCanChange(file);
    if (!found) return [];
    const text = `The service runs ${file} as root, and ${found.sentence}.`;
    if (!found.isCertain) return [`${text} Check that its members may become root.`];
    throw new AgentError('AGENT_SERVICE_UNSAFE', `${text} Copy the program to a folder that only root may write to.`, {
      hresult: hresult.accessDenied,
    });
  });
}
