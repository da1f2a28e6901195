// Versions of installed packages. Databases that are plain files are read below the machine's own root. The others are
// asked through their program, and only for the machine this runs on.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { isThere, listIfThere, readIfThere } from '@moult/disk';
import { factBounds } from '../bounds.ts';

interface PackageSource {
  /** `/` for the real machine. */
  base: string;
  isReal: boolean;
}

type Finder = (source: PackageSource, name: string) => string | null | undefined;

const finders: Readonly<Record<string, Finder>> = {
  dpkg: ({ base }, name) => fromRecords(join(base, 'var/lib/dpkg/status'), name, 'Package', 'Version'),
  apk: ({ base }, name) => fromRecords(join(base, 'lib/apk/db/installed'), name, 'P', 'V'),
  pacman: ({ base }, name) => fromPacman(join(base, 'var/lib/pacman/local'), name),
  rpm: (source, name) =>
    // If a package is installed several times (kernels), the last one that rpm names counts. Each is on a line of its
    // own.
    asked(source, ['rpm', '-q', '--qf', '%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n', name], /(\S+)$/),
  brew: (source, name) => asked(source, ['brew', 'list', '--versions', name], /^\S+ (?:.* )?(\S+)$/),
  pkgutil: (source, name) => asked(source, ['pkgutil', '--pkg-info', name], /^version: (\S+)$/m),
};

/**
 * null: not installed. undefined: that manager is not here, or cannot be asked. '' asks each that is here. Throws
 * DiskError for a database that is there and cannot be read.
 */
export function packageVersion(source: PackageSource, manager: string, name: string): string | null | undefined {
  // A name that begins with a dash is an option of the program that is asked.
  if (!/^[A-Za-z0-9][\w.+:@-]*$/.test(name)) return undefined;
  const asking = manager === '' ? Object.values(finders) : [finders[manager]].filter((finder) => finder !== undefined);
  const answers = asking.map((find) => find(source, name)).filter((answer) => answer !== undefined);
  return answers.find((answer) => answer !== null) ?? (answers.length > 0 ? null : undefined);
}

/** Records of `Key: value` (or `K:value`) lines with an empty line between them. */
function fromRecords(file: string, name: string, nameKey: string, versionKey: string): string | null | undefined {
  const bytes = readIfThere(file);
  if (!bytes) return undefined;
  for (const record of bytes.toString('utf8').split(/\n\n+/)) {
    const field = (key: string) => new RegExp(`^${key}: ?(.*)$`, 'm').exec(record)?.[1]?.trim();
    if (field(nameKey) !== name) continue;
    const status = field('Status');
    if (status === undefined || status.endsWith(' installed')) return field(versionKey) ?? null;
  }
  return null;
}

function fromPacman(folder: string, name: string): string | null | undefined {
  if (!isThere(folder)) return undefined;
  for (const entry of listIfThere(folder)) {
    // name-version-release, and names hold dashes too.
    const match = /^(.+)-([^-]+-[^-]+)$/.exec(entry);
    if (match?.[1] === name) return match[2] ?? null;
  }
  return null;
}

function asked(
  { isReal }: PackageSource,
  [program = '', ...args]: string[],
  version: RegExp,
): string | null | undefined {
  if (!isReal) return undefined;
  const { error, status, stdout } = spawnSync(program, args, { encoding: 'utf8', timeout: factBounds.maxPackagesMs });
  if (error || status === null) return undefined;
  return status === 0 ? (version.exec(stdout.trim())?.[1] ?? null) : null;
}
