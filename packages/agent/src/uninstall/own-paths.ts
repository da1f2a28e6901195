// The files of a machine that are the agent's. A machine in a folder is the agent's alone. On a real Windows machine
// the agent shares folders with Windows. There only the names count that the agent gives.
import { lstatSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { listIfThere } from '@moult/disk';
import { isMoult } from '../machine/brand.ts';
import type { MachineRoot } from '../machine/machine-root.ts';

export interface OwnPath {
  path: string;
  what: string;
}

/**
 * The first link on the way from the machine's folder to `path`, itself included. Moult does not remove anything behind
 * it.
 */
export function linkOnTheWay(root: MachineRoot, path: string): string | undefined {
  const base =
    [root.windows, root.programFiles].find((one) => sharesWithWindows(root) && isBelow(one, path)) ?? root.folder;
  let at = base;
  for (const segment of relative(base, path).split(sep)) {
    at = join(at, segment);
    const found = lstatSync(at, { throwIfNoEntry: false });
    if (!found) return undefined;
    if (found.isSymbolicLink()) return at;
  }
  return undefined;
}

/** Files that the agent can get again: always removed. */
export function caches(root: MachineRoot): OwnPath[] {
  return [
    ...entriesOf(root, root.selfUpdateFolder, 'cache of the self-update', selfUpdateNames),
    ...entriesOf(root, root.downloadFolder, 'downloaded updates', downloadNames),
    ...entriesOf(root, root.dataStoreFolder, 'cache of the scan', dataStoreNames),
    ...(holdsEvents(root) ? [] : entriesOf(root, root.eventCacheFolder, 'empty folder', eventNames)),
  ];
}

function holdsEvents({ eventCacheFolder }: MachineRoot): boolean {
  return listIfThere(eventCacheFolder).length > 0;
}

/** The history of this machine: only a purge removes it. */
export function histories(root: MachineRoot): OwnPath[] {
  const own = (path: string, what: string) => ({ path, what });
  const ours = [
    ...(holdsEvents(root) ? entriesOf(root, root.eventCacheFolder, 'events that no server has taken', eventNames) : []),
    own(root.urlLog, 'pings that could not be sent'),
    own(root.hostOutput, 'log'),
  ];
  // On Windows its own programs write the logs of these names, too.
  const logs =
    sharesWithWindows(root) && isMoult(root.brand) ? [] : [root.susLog, root.wsusLog, root.reportingEventsLog];
  const both = logs.flatMap((log) => [own(log, 'log'), own(`${log}.old`, 'log')]);
  return [...ours, ...both].filter(({ path }) => isThere(path));
}

/** Copies that the agent made of a damaged registry file. */
export function registryFiles({ folder, registryFile }: MachineRoot): OwnPath[] {
  if (registryFile === undefined) return [];
  return listIfThere(folder)
    .filter((name) => /^registry\.reg(?:\.lock(?:\.(?:\d+|guard|stale\.\d+))?|\.damaged-\d+|\.\d+\.tmp)?$/.test(name))
    .map((name) => ({ path: join(folder, name), what: 'registry of this machine' }));
}

/** Whether an agent of another vendor is on this machine, too: a folder that plays a machine is not one agent's alone then. */
export function hasOtherAgents({ programFiles, hostProgram }: MachineRoot): boolean {
  return listIfThere(programFiles)
    .flatMap((vendor) => listIfThere(join(programFiles, vendor)).map((product) => join(programFiles, vendor, product)))
    .some((folder) => join(folder, 'host.mjs') !== hostProgram && listIfThere(folder).includes('host.mjs'));
}

/** Whether the machine is a real one that the agent shares with Windows. */
export function sharesWithWindows({ registryFile }: MachineRoot): boolean {
  return registryFile === undefined;
}

export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

const selfUpdateNames = /^(?:(?:iuident|wuident|wuaucomp|canary|host)\.cab|canary)(?:\.|$)/;
const downloadNames = /^(?:[0-9a-f]{40}(?:\.partial(?:\.json)?)?|Install)(?:\.\d+\.tmp)?$/;
const dataStoreNames = /^(?:session|updates|ready)\.json(?:\.|$)/;
const eventNames = /^\d{15}-\d{4}-[0-9a-f-]{36}\.json(?:\.\d+\.tmp)?$/;

function entriesOf(root: MachineRoot, folder: string, what: string, names: RegExp): OwnPath[] {
  if (!sharesWithWindows(root)) return isThere(folder) ? [{ path: folder, what }] : [];
  return listIfThere(folder)
    .filter((name) => names.test(name))
    .map((name) => ({ path: join(folder, name), what }));
}

function isBelow(folder: string, path: string): boolean {
  return path.startsWith(folder + sep);
}
