// Removes the agent of a machine, as far as it is there: half an agent, a broken one, or the rest after a killed
// uninstallation. Each step is independent and can be done again. The order is that of danger. The service goes first,
// so that the system starts nothing from a folder that goes. The record of the installation goes last, because the
// registry is restored from it.
import { lstatSync, readlinkSync, rmdirSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { listIfThere, removeFileWhenFree, removeWhenFree } from '@moult/disk';
import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';
import { isMoult, keyOfBrand } from '../machine/brand.ts';
import { runningInstaller } from '../machine/installer-mark.ts';
import { type HeldLock, lockHolder } from '../machine/lock.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { openRegistry } from '../machine/registry.ts';
import { holdSetup } from '../machine/setup-lock.ts';
import { serviceHolder } from '../read-status.ts';
import { readServiceStatus, removeService, type ServiceOptions, stopHost } from '../service/service.ts';
import {
  caches,
  hasOtherAgents,
  histories,
  isThere,
  linkOnTheWay,
  type OwnPath,
  registryFiles,
  sharesWithWindows,
} from './own-paths.ts';
import { planRegistry } from './registry-steps.ts';

interface UninstallOptions extends ServiceOptions {
  /** Also the history, the settings and the policy of a machine in a folder. */
  purge?: boolean;
  /** Change nothing, and only report the changes. */
  dryRun?: boolean;
}

/** One thing that goes or stays: `log`, `/var/…/WindowsUpdate.log`, and why it stays. */
interface Thing {
  what: string;
  name: string;
  why?: string;
}

export interface Uninstalled {
  root: string;
  dryRun: boolean;
  purge: boolean;
  removed: Thing[];
  left: Thing[];
  /** Steps that failed. Empty: all is well. */
  problems: string[];
}

/**
 * Removes the agent, its service and its files. A part that is already gone is not an error. Throws AgentError
 * AGENT_HOST_INSTALLING while an installer runs, AGENT_HOST_RUNNING while another setup runs, AGENT_SERVICE_FOREIGN,
 * AGENT_HOST_DISK.
 */
export async function uninstallAgent(root: MachineRoot, options: UninstallOptions = {}): Promise<Uninstalled> {
  const { purge = false, dryRun = false } = options;
  const result: Uninstalled = { root: root.folder, dryRun, purge, removed: [], left: [], problems: [] };
  const removal = new Removal(root, result);
  requireNoInstaller(root);
  await removal.service(options);
  if (result.problems.length > 0) return result;
  if (!dryRun) result.problems.push(...(await stopHost(root, options)));
  // One that began before the agent was stopped: it works in the agent's folders.
  requireNoInstaller(root);
  if (result.problems.length > 0) return result;
  const lock = removal.takeMachine();
  try {
    removal.registry();
    for (const one of caches(root)) removal.remove(one);
    for (const one of [...histories(root), ...(hasOtherAgents(root) ? [] : registryFiles(root))]) {
      if (purge) removal.remove(one);
      else removal.leave(one, 'stays for the next installation, or until --purge');
    }
    removal.agentFolder();
  } finally {
    lock?.release();
  }
  removal.emptyFolders();
  removal.tellOthers();
  return result;
}

function requireNoInstaller(root: MachineRoot): void {
  const installer = runningInstaller(root);
  if (!installer) return;
  const text =
    `An update is being installed (process ${installer.pid}). The agent cannot be removed now: its installer loses its ` +
    'files. Wait until it has ended.';
  throw new AgentError('AGENT_HOST_INSTALLING', text, { hresult: hresult.setupUnexpected });
}

class Removal {
  readonly #root: MachineRoot;
  readonly #result: Uninstalled;
  #definition = '';

  constructor(root: MachineRoot, result: Uninstalled) {
    this.#root = root;
    this.#result = result;
  }

  /** Without this step nothing else is done: a service whose program is gone is started again and again. */
  async service(options: UninstallOptions): Promise<void> {
    const { left, removed, problems, dryRun } = this.#result;
    const status = readServiceStatus(this.#root, options);
    for (const name of status.additions)
      left.push({ what: 'drop-in of the service', name, why: 'an administrator wrote it' });
    this.#definition = status.file;
    if (status.foreign) {
      left.push({ what: 'service', name: status.file, why: 'it starts another agent, or somebody else wrote it' });
      return;
    }
    // A link without its unit, too.
    if (!status.installed && !status.enabled) return;
    if (dryRun) {
      removed.push({ what: 'service', name: status.file });
      return;
    }
    const done = await removeService(this.#root, options);
    for (const name of done.removed) removed.push({ what: 'service', name });
    if (done.copy !== undefined)
      left.push({ what: 'changed definition of the service', name: done.copy, why: 'an administrator changed it' });
    problems.push(...done.problems);
  }

  /** No host and no other setup may begin meanwhile. Undefined when there is nothing to begin in. */
  takeMachine(): HeldLock | undefined {
    const { agentFolder } = this.#root;
    if (this.#result.dryRun || !isFolder(agentFolder) || linkOnTheWay(this.#root, agentFolder)) return undefined;
    const lock = holdSetup(this.#root);
    const holder = serviceHolder(this.#root) ?? lockHolder(this.#root.hostLock);
    if (!holder) return lock;
    lock.release();
    const text = `The agent of ${this.#root.folder} is running again (process ${holder.pid}). Stop what starts it first.`;
    throw new AgentError('AGENT_HOST_RUNNING', text, { hresult: hresult.setupUnexpected });
  }

  registry(): void {
    const { purge, dryRun, removed, left, problems } = this.#result;
    const isFile = this.#root.registryFile !== undefined;
    // The file itself goes then.
    if (purge && isFile && !hasOtherAgents(this.#root)) return;
    if (isFile && linkOnTheWay(this.#root, this.#root.registryFile ?? '')) return;
    try {
      const registry = openRegistry(this.#root);
      const plan = planRegistry(this.#root, registry.read(), { purge });
      if (plan.changes.length > 0 && !dryRun) registry.change(plan.changes);
      for (const { key, name, value } of plan.changes) {
        const path = keyOfBrand(this.#root.brand, name === undefined ? key : `${key}\\${name}`);
        removed.push({ what: value === undefined ? 'registry' : 'registry, set back to what it was', name: path });
      }
      const why = 'an administrator set it, or it was there before';
      for (const one of plan.left) left.push({ what: 'registry', name: keyOfBrand(this.#root.brand, one), why });
    } catch (error) {
      problems.push(`The registry stays as it is: ${messageOf(error)}`);
    }
  }

  remove({ path, what }: OwnPath): void {
    const { dryRun, removed, left, problems } = this.#result;
    const link = linkOnTheWay(this.#root, path);
    if (link !== undefined && link !== path) {
      left.push({ what, name: path, why: `${link} is a link, and nothing behind a link is removed` });
      return;
    }
    // The link itself is in our folder. Its target is not.
    if (link !== undefined) left.push({ what, name: targetOf(path), why: `${path} is a link to it` });
    try {
      if (!dryRun) (isFolder(path) ? removeWhenFree : removeFileWhenFree)(path);
      removed.push({ what, name: path });
    } catch (error) {
      problems.push(`${path} was not removed: ${messageOf(error)}`);
    }
  }

  leave({ path, what }: OwnPath, why: string): void {
    this.#result.left.push({ what, name: path, why });
  }

  /** All of it is the agent's, but the policy file of the administrator. The record goes last. */
  agentFolder(): void {
    const { agentFolder, policyConfig, installRecord, setupLock } = this.#root;
    const link = linkOnTheWay(this.#root, agentFolder);
    if (link !== undefined || !isFolder(agentFolder)) {
      if (link !== undefined || isThere(agentFolder)) this.remove({ path: agentFolder, what: "the agent's folder" });
      return;
    }
    const late = [installRecord];
    const held = [setupLock, `${setupLock}.guard`];
    const paths = listIfThere(agentFolder).map((name) => join(agentFolder, name));
    // The logs of a vendor's agent are in its own folder.
    const kept = this.#result.purge ? [] : histories(this.#root);
    const isKept = (path: string) => kept.some((one) => covers(one.path, path));
    const notNow = [...late, policyConfig, ...held];
    const own = paths.filter((path) => !notNow.includes(path) && !isKept(path));
    for (const path of own) this.remove({ path, what: nameOf(this.#root, path) });
    if (isThere(policyConfig)) {
      const what = 'policy file';
      if (this.#result.purge) this.remove({ path: policyConfig, what });
      else this.leave({ path: policyConfig, what }, 'an administrator wrote it');
    }
    // Until everything else is gone, a later run may need it.
    if (this.#result.problems.length > 0) return;
    for (const path of late.filter(isThere)) this.remove({ path, what: 'record of the installation' });
  }

  /** The folders that the agent made, as far as nothing is in them. */
  emptyFolders(): void {
    if (this.#result.dryRun) return;
    const { agentFolder, setupLock, windows, programFiles, folder, selfUpdateFolder } = this.#root;
    if (!linkOnTheWay(this.#root, agentFolder) && isFolder(agentFolder)) removeQuietly(`${setupLock}.guard`);
    const own = ownFolders(this.#root);
    const machine = [...this.#definitionFolders(), programFiles, dirname(selfUpdateFolder), windows, folder];
    for (const path of sharesWithWindows(this.#root) ? own : [...own, ...machine]) {
      if (linkOnTheWay(this.#root, path) !== undefined && path !== folder) continue;
      try {
        rmdirSync(path);
      } catch {
        // Not empty, or not there.
      }
    }
  }

  /** In a folder that plays a machine the agent made these, too. */
  #definitionFolders(): string[] {
    const folders = [join(dirname(this.#definition), 'multi-user.target.wants')];
    for (let at = dirname(this.#definition); at.startsWith(this.#root.folder + sep); at = dirname(at)) folders.push(at);
    return folders.filter((path) => path.startsWith(this.#root.folder + sep));
  }

  /** Files of others in the folder that plays the machine: what updates installed, above all. */
  tellOthers(): void {
    if (sharesWithWindows(this.#root) || !isFolder(this.#root.folder)) return;
    const { folder, programFiles, windows } = this.#root;
    const places = [folder, programFiles, windows].filter((place) => place === folder || isFolder(place));
    const known = new Set([programFiles, windows]);
    const { left, removed, dryRun } = this.#result;
    const isTold = (path: string) => [...left, ...(dryRun ? removed : [])].some(({ name }) => covers(name, path));
    for (const path of places.flatMap((place) => listIfThere(place).map((name) => join(place, name))))
      if (!known.has(path) && !isTold(path) && !isEmptyOwn(this.#root, path))
        left.push({ what: 'other files', name: path, why: 'the agent did not make them, but an update may have' });
  }
}

/** From the inside out. On Windows those that Moult's agent shares with Windows are not among them. */
function ownFolders({ brand, agentFolder, urlLog, wsusLog, selfUpdateFolder }: MachineRoot): string[] {
  const folders = [agentFolder, dirname(agentFolder)];
  if (isMoult(brand)) return [...folders, dirname(urlLog), dirname(dirname(urlLog))];
  return [dirname(urlLog), dirname(wsusLog), dirname(selfUpdateFolder), ...folders];
}

/** Whether one of both paths is below the other, or the same. */
function covers(one: string, other: string): boolean {
  return one === other || one.startsWith(other + sep) || other.startsWith(one + sep);
}

/** Folders on the way to the agent's own. */
function isEmptyOwn({ agentFolder, urlLog, selfUpdateFolder }: MachineRoot, path: string): boolean {
  return [agentFolder, urlLog, selfUpdateFolder].some((own) => own.startsWith(path + sep) || own === path);
}

function nameOf({ versionsFolder, hostsFolder, hostProgram, trustFolder }: MachineRoot, path: string): string {
  const names = new Map([
    [versionsFolder, 'versions of the agent'],
    [hostsFolder, 'newer hosts'],
    [hostProgram, 'the host'],
    [trustFolder, 'trust metadata'],
  ]);
  return names.get(path) ?? 'file of the agent';
}

function targetOf(link: string): string {
  return resolve(dirname(link), readlinkSync(link));
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function removeQuietly(path: string): void {
  try {
    removeWhenFree(path);
  } catch {
    // Its folder stays then, and is told.
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
