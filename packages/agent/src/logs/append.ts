// Appending to a log that may be deleted, full or read by others at any time. A log that cannot be written is never a
// reason to stop updating.

import { appendFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolders } from '@moult/disk';
import { programBounds } from '../bounds.ts';

/** Appends bytes. False if the disk does not take them. `firstBytes` begin a new file. */
export function appendToLog(file: string, bytes: Uint8Array | string, firstBytes?: Uint8Array): boolean {
  try {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    const isNew = size === 0 || (size > programBounds.maxLogBytes && setAside(file));
    if (isNew) makeFolders(dirname(file));
    if (isNew && firstBytes) appendFileSync(file, firstBytes);
    appendFileSync(file, bytes);
    return true;
  } catch {
    return false;
  }
}

/** False when somebody has it open (Windows): the log goes on growing until they let go. */
function setAside(file: string): boolean {
  try {
    renameSync(file, `${file}.old`);
    return true;
  } catch {
    return false;
  }
}
