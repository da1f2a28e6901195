// Checks an SQLite file without reading all of it: its header, and whether the file is as long as the header says. So a
// file that a copy or a full disk cut off is found at once. A whole check finds the rest.
import { closeSync, existsSync, fstatSync, readSync, statSync } from 'node:fs';
import { openOutside } from '@moult/disk';

/** The fault of the file, as part of a sentence. Undefined if it is whole or missing. */
export function headerProblem(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const handle = openOutside(file);
  try {
    const { size } = fstatSync(handle);
    if (size === 0) return undefined;
    const header = Buffer.alloc(100);
    if (readSync(handle, header, 0, 100, 0) < 100) return 'it is shorter than the header of a database';
    if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0') return 'it does not begin as an SQLite database does';
    const stored = header.readUInt16BE(16);
    const pageBytes = stored === 1 ? 65_536 : stored;
    const expected = header.readUInt32BE(28) * pageBytes;
    // Pages may still be in the log, and SQLite puts them back by itself.
    if (size >= expected || logBytes(file) > 0) return undefined;
    return `it has ${size} bytes, and its header says ${expected}`;
  } finally {
    closeSync(handle);
  }
}

function logBytes(file: string): number {
  return statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}
