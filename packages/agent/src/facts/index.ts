// What applicability rules ask about this machine, answered from its root: the registry, files under the drive that
// the root plays, and what the system itself says. What is not known here is left unknown.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join, relative } from 'node:path';
import type { FileFacts, MachineFacts, RegistryKey } from '@moult/catalog/applicability';
import { osVersionOf } from '../pings/platform.ts';
import { type MachineRoot, realMachine } from '../root/machine-root.ts';
import type { Machine } from '../root/policy.ts';
import type { RegistryView } from '../root/registry.ts';
import type { RegistryValue } from '../root/registry-text.ts';
import { commandExit } from './command-exit.ts';
import { fileVersion } from './file-version.ts';
import { packageVersion } from './packages.ts';
import { windowsInstallerFacts } from './windows-installer.ts';

/** Answers from what is true now; make a new one after an installation. */
export function machineFacts(root: MachineRoot, registry: RegistryView, machine: Machine): MachineFacts {
  const isWindows = machine.os !== 'Linux' && machine.os !== 'Darwin';
  const packages = { base: isReal(root) ? '/' : root.folder, isReal: isReal(root) };
  // On a real Linux or macOS the files of other programs lie where they say, not below the agent's own folder.
  const find = (path: string) => (packages.isReal && path.startsWith('/') ? existing(path) : locate(root, path));
  const questions = {
    keyExists: (key: RegistryKey) => registry.hasKey(pathOf(key)),
    value: (key: RegistryKey, name: string) => {
      const value = registry.value(pathOf(key), name);
      return value ? { type: typeOf(value), data: value.data } : null;
    },
  };
  return {
    platform: () => (isWindows ? 'Windows' : machine.os),
    windowsVersion: () => (isWindows ? windowsVersion(machine) : null),
    language: () => ({ system: machine.language, mui: null }),
    processor: () => ({ architecture: { x86: 0, x64: 9, arm64: 12 }[machine.architecture] }),
    processorCount: () => availableParallelism(),
    memoryMegabytes: () => Math.floor(totalmem() / 2 ** 20),
    isClustered: () => false,
    folder: (csidl) => folderOf(root, csidl),
    file: (path) => fileFacts(find(path)),
    fileHash: (path, algorithm) => hashOf(find(path), algorithm),
    registryKeyExists: questions.keyExists,
    registryValue: questions.value,
    registrySubkeys: (key) => (registry.hasKey(pathOf(key)) ? registry.subkeys(pathOf(key)) : null),
    ...(isWindows ? {} : { osRelease, packageVersion: (manager, name) => packageVersion(packages, manager, name) }),
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
  return folder === undefined ? undefined : `C:\\${folder.replaceAll('/', '\\')}`;
}

/** A path of the machine (`C:\…`, any letter case, either slash) as one of this system; undefined when nothing is there. */
function locate(root: MachineRoot, path: string): string | undefined {
  const segments = path
    .replace(/^[A-Za-z]:/, '')
    .split(/[\\/]+/)
    .filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) return undefined;
  let place = root.folder;
  for (const segment of segments) {
    const direct = join(place, segment);
    const found = existsSync(direct) ? segment : childOf(place, segment);
    if (found === undefined) return undefined;
    place = join(place, found);
  }
  return place;
}

function childOf(folder: string, name: string): string | undefined {
  try {
    return readdirSync(folder).find((entry) => entry.toLowerCase() === name.toLowerCase());
  } catch {
    return undefined;
  }
}

function fileFacts(path: string | undefined): FileFacts | null {
  if (path === undefined) return null;
  const { size, birthtimeMs, mtimeMs } = statSync(path);
  return { sizeBytes: size, createdMs: birthtimeMs, modifiedMs: mtimeMs, ...versionFact(path) };
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
  return process.platform !== 'win32' && root.folder === realMachine().folder;
}

function existing(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}

function hashOf(path: string | undefined, algorithm: string): string | null | undefined {
  if (path === undefined) return null;
  try {
    return createHash(algorithm).update(readFileSync(path)).digest('hex');
  } catch {
    return undefined;
  }
}

/** The 32-bit view of a 64-bit machine's software lies under Wow6432Node. */
function pathOf({ hive, subkey, view }: RegistryKey): string {
  const path = `${hive}\\${subkey}`;
  return view === '32' ? path.replace(/^([^\\]+\\software)\\(?!wow6432node)/i, '$1\\Wow6432Node\\') : path;
}

function typeOf(value: RegistryValue): string {
  return value.type === 'other' ? 'REG_NONE' : value.type;
}

function windowsVersion(machine: Machine) {
  const [major, minor, build] = osVersionOf(machine.os);
  const productType = machine.os === 'NetServer' ? 3 : 1;
  return { major, minor, build, servicePackMajor: 0, servicePackMinor: 0, suiteMask: 256, productType };
}

function osRelease(field: string): string | null | undefined {
  if (!existsSync('/etc/os-release')) return undefined;
  const line = readFileSync('/etc/os-release', 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${field}=`));
  return line === undefined ? null : line.slice(field.length + 1).replace(/^"(.*)"$/, '$1');
}
