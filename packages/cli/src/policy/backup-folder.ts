// Backups of Group Policy are folders. The values are in one file of them.
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../terminal.ts';

const inBackup = join('DomainSysvol', 'GPO', 'Machine', 'registry.pol');
const maxEntries = 1000;

/** The file with the values: of a folder the one registry.pol of its one backup. Throws UsageError for other folders. */
export function policyFileOf(path: string): string {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  const folders = ['.', ...namesIn(path)];
  const found = folders.map((name) => join(path, name, inBackup)).filter((file) => existsSync(file));
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  const why = only === undefined ? `It has no ${inBackup}.` : `It has ${found.length} backups: name the folder of one.`;
  throw new UsageError(`${path} is a folder, and not one backup of Group Policy. ${why}`);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).slice(0, maxEntries);
  } catch (cause) {
    throw new UsageError(`${folder} cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
