// Answers the questions of applicability rules about this machine from its root: the registry, files under the drive
// that the root plays, and the facts of the system itself. Unknown facts stay unknown.

import { createHash } from 'node:crypto';
import { closeSync, readSync, type Stats, statSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join, relative } from 'node:path';
import type { FileFacts, MachineFacts, RegistryKey } from '@moult/catalog/applicability';
import { isSurelyThere, listIfThere, openOutside } from '@moult/disk';
import { isRealMachine, type MachineRoot } from '../machine/machine-root.ts';
import type { Machine } from '../machine/policy.ts';
import type { RegistryView } from '../machine/registry.ts';
import type { RegistryValue } from '../machine/registry-text.ts';
import { commandExit } from './command-exit.ts';
import { fileVersion } from './file-version.ts';
import { osRelease } from './os-release.ts';
import { packageVersion } from './packages.ts';
import { windowsInstallerFacts } from './windows-installer.ts';
import { windowsSystemFacts } from './windows-system.ts';

/** Answers from what is true now. Make a new one after an installation. */
export function machineFacts(root: MachineRoot, registry: RegistryView, machine: Machine): MachineFacts {
  const isWindows = machine.os !== 'Linux' && machine.os !== 'Darwin';
  const packages = { base: isReal(root) ? '/' : root.folder, isReal: isReal(root) };
  // On a real Linux or macOS the files of other programs are at their own places, outside the folder.
  const find = (path: string) => (packages.isReal && path.startsWith('/') ? path : locate(root, path));
  const questions = {
    keyExists: (key: RegistryKey) => registry.hasKey(pathOf(key)),
    value: (key: RegistryKey, name: string) => {
      const value = registry.value(pathOf(key), name);
      return value ? { type: typeOf(value), data: value.data } : null;
    },
    subkeys: (key: RegistryKey) => registry.subkeys(pathOf(key)),
  };
  return {
    platform: () => (isWindows ? 'Windows' : machine.os),
    processor: () => ({ architecture: { x86: 0, x64: 9, arm64: 12 }[machine.architecture] }),
    processorCount: () => availableParallelism(),
    memoryMegabytes: () => Math.floor(totalmem() / 2 ** 20),
    ...(isWindows ? windowsSystemFacts(machine, questions) : notWindows(machine)),
    folder: (csidl) => folderOf(root, csidl),
    file: (path) => fileFacts(find(path)),
    fileHash: (path, algorithm) => hashOf(find(path), algorithm),
    registryKeyExists: questions.keyExists,
    registryValue: questions.value,
    registrySubkeys: (key) => (registry.hasKey(pathOf(key)) ? registry.subkeys(pathOf(key)) : null),
    ...(isWindows
      ? {}
      : {
          osRelease: (field) => osRelease(packages.base, field),
          packageVersion: (manager, name) => packageVersion(packages, manager, name),
        }),
    ...(packages.isReal ? { commandExit } : {}),
    ...(isWindows ? windowsInstallerFacts(questions) : {}),
  };
}

/** CSIDL numbers of SHGetFolderPath that lie inside a root. */
function folderOf(root: MachineRoot, csidl: number): string | undefined {
  const folders: Readonly<Record<number, string>> = {
    35: 'ProgramData',
    36: relative(root.folder, root.windows),
    37: join(relative(root.folder, root.windows), 'System32'),
    38: relative(root.folder, root.programFiles),
    41: join(relative(root.folder, root.windows), 'SysWOW64'),
    42: `${relative(root.folder, root.programFiles)} (x86)`,
    43: join(relative(root.folder, root.programFiles), 'Common Files'),
    44: join(`${relative(root.folder, root.programFiles)} (x86)`, 'Common Files'),
  };
  const folder = folders[csidl];
  if (folder === undefined) return undefined;
  const windowsPath = folder.replaceAll('/', '\\');
  return /^[A-Za-z]:/.test(windowsPath) ? windowsPath : `${driveOf(root)}:\\${windowsPath}`;
}

/** The drive that the root is, or plays. */
function driveOf(root: MachineRoot): string {
  return /^([A-Za-z]):/.exec(root.folder)?.[1]?.toUpperCase() ?? 'C';
}

function notWindows(machine: Machine): MachineFacts {
  return {
    windowsVersion: () => null,
    language: () => ({ system: machine.language, mui: null }),
    isClustered: () => false,
  };
}

/**
 * A path of the machine (`C:\…`, any letter case, either slash) as one of this system. Null when nothing is there,
 * undefined when the root does not hold that place: another drive, another machine's share. Undefined as well when the
 * disk does not tell: what it cannot say is not missing.
 */
function locate(root: MachineRoot, path: string): string | null | undefined {
  const drive = /^([A-Za-z]):/.exec(path)?.[1]?.toUpperCase();
  if ((drive !== undefined && drive !== driveOf(root)) || /^[\\/]{2}/.test(path)) return undefined;
  const segments = path
    .replace(/^[A-Za-z]:/, '')
    .split(/[\\/]+/)
    .filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) return undefined;
  let place = root.folder;
  for (const segment of segments) {
    const direct = join(place, segment);
    const found = isSurelyThere(direct) ? segment : childOf(place, segment);
    if (typeof found !== 'string') return found;
    place = join(place, found);
  }
  return place;
}

function childOf(folder: string, name: string): string | null | undefined {
  try {
    return listIfThere(folder).find((entry) => entry.toLowerCase() === name.toLowerCase()) ?? null;
  } catch {
    return undefined;
  }
}

function fileFacts(path: string | null | undefined): FileFacts | null | undefined {
  if (typeof path !== 'string') return path;
  const found = statusOf(path);
  if (!found) return found;
  return {
    sizeBytes: found.size,
    createdMs: found.birthtimeMs,
    modifiedMs: found.mtimeMs,
    ...versionFact(path),
  };
}

/** null: nothing is there. undefined: it may not be looked at. */
function statusOf(path: string): Stats | null | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOTDIR' ? null : undefined;
  }
}

function versionFact(path: string): Pick<FileFacts, 'version'> {
  try {
    return { version: fileVersion(path) };
  } catch {
    // Unreadable: not known, which is not the same as having none.
    return {};
  }
}

/** Whether the root is this very machine, not a folder that plays one. */
function isReal(root: MachineRoot): boolean {
  return process.platform !== 'win32' && isRealMachine(root);
}

/**
 * Piece by piece, because a file may be larger than memory. Only of plain files: reading a pipe could take for ever.
 */
function hashOf(path: string | null | undefined, algorithm: string): string | null | undefined {
  if (typeof path !== 'string') return path;
  const found = statusOf(path);
  if (!found?.isFile()) return found === null ? null : undefined;
  let file: number | undefined;
  try {
    const hash = createHash(algorithm);
    file = openOutside(path);
    const piece = Buffer.allocUnsafe(1024 * 1024);
    for (let count = readSync(file, piece); count > 0; count = readSync(file, piece)) {
      hash.update(piece.subarray(0, count));
    }
    return hash.digest('hex');
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** The 32-bit view of a 64-bit machine's software is under Wow6432Node. */
function pathOf({ hive, subkey, view }: RegistryKey): string {
  const path = `${hive}\\${subkey}`;
  return view === '32' ? path.replace(/^([^\\]+\\software)\\(?!wow6432node)/i, '$1\\Wow6432Node\\') : path;
}

function typeOf(value: RegistryValue): string {
  return value.type === 'other' ? 'REG_NONE' : value.type;
}
