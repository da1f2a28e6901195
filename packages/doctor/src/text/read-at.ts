// Bytes of a file by position: of a file on the disk as they are asked for, of one inside an archive out of memory.
import { closeSync, readSync } from 'node:fs';
import { openOutside } from '@moult/disk';
import { DoctorError } from '../errors.ts';
import { archiveBounds } from '../input-bounds.ts';
import type { ReadAt } from '../story/reader.ts';
import type { TextFile } from './chunks.ts';

/** Calls `use` with a reader of the file. Throws DoctorError CLI_DOCTOR_INPUT_UNREADABLE, and what `use` throws. */
export async function withReadAt(file: TextFile, use: (read: ReadAt) => void): Promise<void> {
  if (typeof file !== 'string') {
    const bytes = await collect(file);
    return use((offset, length) => bytes.subarray(offset, offset + length));
  }
  const descriptor = openOutside(file);
  try {
    let buffer = Buffer.alloc(0);
    use((offset, length) => {
      if (buffer.length < length) buffer = Buffer.alloc(length);
      return buffer.subarray(0, fill(descriptor, buffer.subarray(0, length), offset));
    });
  } finally {
    closeSync(descriptor);
  }
}

function fill(descriptor: number, buffer: Buffer, offset: number): number {
  let filled = 0;
  while (filled < buffer.length) {
    const count = readSync(descriptor, buffer, filled, buffer.length - filled, offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

async function collect({ path, open }: Exclude<TextFile, string>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of open()) {
    size += piece.length;
    if (size > archiveBounds.maxMemberBytes) {
      const why = `${path}: larger than ${archiveBounds.maxMemberBytes} bytes; unpack the archive, and name the folder`;
      throw new DoctorError('CLI_DOCTOR_INPUT_UNREADABLE', why);
    }
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces);
}
