// The state of the host: small JSON files that older and newer versions read and write, too. Unknown members are kept,
// and a damaged file counts as missing.
import { readOwnFile, steadily } from '@moult/disk';
import { hostBounds } from '../bounds.ts';
import { writeFileAtomically } from '../machine/atomic-file.ts';

type Fields = Record<string, unknown>;

/**
 * The object in `file`. Undefined when it is missing, damaged, too long, a link, a folder or a pipe. It also counts as
 * damaged when the disk cannot read it, again and again: the host must run, and finds out from the versions on the disk.
 */
export function readState(file: string): Fields | undefined {
  try {
    const how = { maxBytes: hostBounds.maxCurrentBytes, followLink: false };
    const bytes = steadily(() => readOwnFile(file, how));
    const value: unknown = JSON.parse(bytes?.toString('utf8') ?? 'null');
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Replaces `file` by one rename. Fields that are in it and not among `ownFields` stay, unless `value` has them. Throws
 * what the disk says.
 */
export function writeState(file: string, value: Fields, ownFields: readonly string[]): void {
  const foreign = Object.entries(readState(file) ?? {}).filter(([name]) => !ownFields.includes(name));
  writeFileAtomically(file, `${JSON.stringify({ ...Object.fromEntries(foreign), ...value }, undefined, 2)}\n`);
}

/** A whole number that somebody may have counted to. */
export function asCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

export function isTime(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}

export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
