// Archives of logs, read in place: zip and cabinet.
import { closeSync, readSync } from 'node:fs';
import { openOutside } from '@moult/disk';
import { DoctorError } from '../../errors.ts';
import { archiveBounds } from '../../input-bounds.ts';
import { isCabinet, openCabinet } from './cab.ts';
import type { Container } from './member.ts';
import { isZip, openZip } from './zip.ts';

/** True where a file begins as one of the archives that are read. */
export function isArchive(head: Buffer): boolean {
  return isZip(head) || isCabinet(head);
}

/**
 * The archive at `path` with the members that `wanted` takes by their names. Undefined for a file that is not an
 * archive. Throws DoctorError CLI_DOCTOR_INPUT_UNREADABLE for one that is damaged or over the limits.
 */
export async function containerOf(path: string, wanted: (name: string) => boolean): Promise<Container | undefined> {
  const mark = firstBytes(path);
  if (isZip(mark)) return openZip(path, wanted, archiveBounds);
  return isCabinet(mark) ? openCabinet(path, wanted, archiveBounds) : undefined;
}

function firstBytes(path: string): Buffer {
  let file: number | undefined;
  try {
    file = openOutside(path);
    const bytes = Buffer.alloc(8);
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DoctorError('CLI_DOCTOR_INPUT_UNREADABLE', `${path}: ${why}`, { cause });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
