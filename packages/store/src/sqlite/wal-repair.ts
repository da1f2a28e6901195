// After the disk refused to make the write-ahead log durable, the kernel may call the lost pages clean. So a second
// successful fsync proves nothing. Proof is this: the writers of all processes wait. Each frame is read, checked
// against SQLite's own running checksum, written again and then synced (ADR 0018). The shared-memory file is never
// opened here, because closing it releases the locks that SQLite holds on it.
import { closeSync, fdatasyncSync, openSync, readSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

interface WalFiles {
  open: typeof openSync;
  read: typeof readSync;
  write: typeof writeSync;
  sync: typeof fdatasyncSync;
  close: typeof closeSync;
}

/** The frames that readers are shown are not on the disk and not in memory either: only a restart knows what is. */
export class WalLost extends Error {
  constructor(why: string, options?: { cause: unknown }) {
    super(`The write-ahead log is not whole: ${why}.`, options);
    this.name = 'WalLost';
  }
}

const realFiles: WalFiles = { open: openSync, read: readSync, write: writeSync, sync: fdatasyncSync, close: closeSync };

/**
 * Writes the write-ahead log of database `file` again and makes it durable. Throws WalLost if a frame is not as SQLite
 * wrote it. Throws the words of the system or SQLite if it cannot be done now (full disk, a writer at work).
 */
export function rewriteWal(file: string, files: WalFiles = realFiles): void {
  const holder = new DatabaseSync(file, { timeout: 100 });
  const asker = new DatabaseSync(file, { timeout: 100 });
  try {
    holder.exec('begin immediate');
    const { log: frames } = asker.prepare('pragma wal_checkpoint(noop)').get() as { log: number };
    const descriptor = files.open(`${file}-wal`, 'r+');
    try {
      if (frames > 0) rewriteFrames(descriptor, frames, files);
      files.sync(descriptor);
    } finally {
      files.close(descriptor);
    }
    holder.exec('rollback');
  } catch (error) {
    throw isDamage(error) ? new WalLost('SQLite cannot read it', { cause: error }) : error;
  } finally {
    asker.close();
    holder.close();
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB: it read a page that is not the one that was written. */
function isDamage(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  return code === 11 || code === 26;
}

const headerBytes = 32;
const frameHeaderBytes = 24;
const framesAtOnce = 256;

function rewriteFrames(descriptor: number, frames: number, files: WalFiles): void {
  const header = Buffer.alloc(headerBytes);
  readWhole(descriptor, header, 0, files);
  const pageBytes = header.readUInt32BE(8) || 65_536;
  const sum = startSum(header);
  // The sum of the header is in its last eight bytes, that of a frame in its own.
  if (!sum.take(header.subarray(0, 24)).is(header, 24)) throw new WalLost('its header is not the one that was written');
  writeWhole(descriptor, header, 0, files);
  const frameBytes = frameHeaderBytes + pageBytes;
  for (let first = 0; first < frames; first += framesAtOnce) {
    const count = Math.min(framesAtOnce, frames - first);
    const bytes = Buffer.alloc(count * frameBytes);
    const position = headerBytes + first * frameBytes;
    readWhole(descriptor, bytes, position, files);
    for (let at = 0; at < count; at++) {
      const frame = bytes.subarray(at * frameBytes, (at + 1) * frameBytes);
      const isOfThisLog = frame.subarray(8, 16).equals(header.subarray(16, 24));
      const isWhole = sum.take(frame.subarray(0, 8)).take(frame.subarray(frameHeaderBytes)).is(frame, 16);
      if (!isOfThisLog || !isWhole)
        throw new WalLost(`frame ${first + at + 1} of ${frames} is not the one that was written`);
    }
    writeWhole(descriptor, bytes, position, files);
  }
}

interface RunningSum {
  take(bytes: Buffer): RunningSum;
  is(bytes: Buffer, offset: number): boolean;
}

/** SQLite's checksum of the log, running from the header through every frame (file format, 4.2). */
function startSum(header: Buffer): RunningSum {
  const isLittle = (header.readUInt32BE(0) & 1) === 0;
  let first = 0;
  let second = 0;
  const sum: RunningSum = {
    take(bytes) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at < bytes.length; at += 8) {
        first = (first + view.getUint32(at, isLittle) + second) >>> 0;
        second = (second + view.getUint32(at + 4, isLittle) + first) >>> 0;
      }
      return sum;
    },
    is: (bytes, offset) => bytes.readUInt32BE(offset) === first && bytes.readUInt32BE(offset + 4) === second,
  };
  return sum;
}

function readWhole(descriptor: number, bytes: Buffer, position: number, files: WalFiles): void {
  for (let at = 0; at < bytes.length; ) {
    const read = files.read(descriptor, bytes, at, bytes.length - at, position + at);
    // A log that ends early has lost its end: zeros fail the checksum.
    if (read === 0) return;
    at += read;
  }
}

function writeWhole(descriptor: number, bytes: Buffer, position: number, files: WalFiles): void {
  for (let at = 0; at < bytes.length; ) at += files.write(descriptor, bytes, at, bytes.length - at, position + at);
}
