// The programs that the runs need beside Node, and those of them that this machine lacks. As root on Debian it installs
// them.
import { existsSync } from 'node:fs';
import { installDebianPackages, isOnPath } from '../test-tools.ts';
import { type FileSystemName, fileSystems, whyNoImages } from './image.ts';
import { runProgram } from './processes.ts';
import { type Kind, kinds } from './run.ts';

const programs: Record<string, string> = {
  strace: 'strace',
  faketime: 'faketime',
  'mkfs.ext4': 'e2fsprogs',
  'mkfs.xfs': 'xfsprogs',
  perl: 'perl-base',
};

export interface Abilities {
  kinds: Kind[];
  fileSystems: FileSystemName[];
  /** A sentence for each thing that this machine cannot do. */
  missing: string[];
}

/** Installs what is missing where that is allowed, and finds out what can be done. `folder` is for trying it. */
export async function findAbilities(folder: string): Promise<Abilities> {
  if (process.platform !== 'linux') {
    const missing = [
      'Not Linux: no power cuts, kills, failing system calls or wrong clocks. Network and releases only.',
    ];
    return { kinds: ['network', 'proxy', 'release'], fileSystems: [], missing };
  }
  installDebianPackages(Object.entries(programs).flatMap(([program, name]) => (isOnPath(program) ? [] : [name])));
  const missing: string[] = [];
  const traces = await worksOr(missing, 'No kills and failing system calls at system calls', [
    'strace',
    '-o',
    '/dev/null',
    'true',
  ]);
  const clocks = isOnPath('faketime') || existsSync('/usr/bin/faketime');
  if (!clocks) missing.push('No wrong clocks: install faketime.');
  const possible: FileSystemName[] = [];
  for (const name of Object.keys(fileSystems) as FileSystemName[]) {
    const why = await whyNoImages(name, folder);
    if (why === undefined) possible.push(name);
    else missing.push(`No power cuts on ${name}: ${why}.`);
  }
  const cannot: Record<Kind, boolean> = {
    power: possible.length === 0 || !traces,
    kill: !traces,
    service: !traces,
    error: !traces,
    disk: possible.length === 0,
    clock: !clocks,
    network: false,
    proxy: false,
    release: false,
  };
  return { kinds: kinds.filter((kind) => !cannot[kind]), fileSystems: possible, missing };
}

async function worksOr(missing: string[], what: string, command: readonly string[]): Promise<boolean> {
  try {
    await runProgram(command);
    return true;
  } catch (error) {
    missing.push(`${what}: ${error instanceof Error ? error.message : String(error)}.`);
    return false;
  }
}
