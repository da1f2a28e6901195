// Files of any size, plain or gzip, as chunks that end at a line end. Memory: one buffer per file being read.
import { closeSync, fstatSync, readSync } from 'node:fs';
import { createGunzip, type Gunzip } from 'node:zlib';
import { openOutside } from '@moult/disk';
import { DoctorError } from '../errors.ts';
import type { MemberFile } from '../readers/containers/member.ts';
import { ChunkTranscoder, sniffEncoding } from './encoding.ts';

const chunkBytes = 2 ** 20;

type ReadProgress = (bytesRead: number) => void;

/** A file by its path, or one inside an archive. */
export type TextFile = string | MemberFile;

/** Its name for people. */
export function pathOf(file: TextFile): string {
  return typeof file === 'string' ? file : file.path;
}

/** The first `limit` bytes of a file, unzipped and as UTF-8, to see what it is. */
export async function readHead(file: TextFile, limit = 65536): Promise<Buffer> {
  for await (const chunk of lineChunks(file, () => {}, limit)) return Buffer.from(chunk.subarray(0, limit));
  return Buffer.alloc(0);
}

/**
 * Chunks of whole lines, as UTF-8 or ANSI bytes. A chunk is valid only until the next one is asked for.
 * The last chunk may lack its line end. Throws DoctorError CLI_DOCTOR_INPUT_UNREADABLE.
 */
export async function* lineChunks(file: TextFile, progress: ReadProgress, size = chunkBytes): AsyncGenerator<Buffer> {
  try {
    const raw = typeof file !== 'string' ? ofMember(file) : isGzip(file) ? unzipped(file, size) : plain(file, size);
    yield* wholeLines(raw, progress, size);
  } catch (cause) {
    if (cause instanceof DoctorError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DoctorError('CLI_DOCTOR_INPUT_UNREADABLE', `${pathOf(file)}: ${why}`, { cause });
  }
}

/**
 * The beginning and end of each line without its line end, with its 1-based number. Answers the number of the next one.
 */
export function forEachLine(
  chunk: Buffer,
  firstLine: number,
  visit: (start: number, end: number, number: number) => void,
): number {
  let number = firstLine;
  let start = 0;
  // Old tools and bad copies end lines with CR alone.
  const lineEnd = chunk.includes(10) ? 10 : 13;
  while (start < chunk.length) {
    let end = chunk.indexOf(lineEnd, start);
    const next = end < 0 ? chunk.length : end + 1;
    if (end < 0) end = chunk.length;
    if (end > start && chunk[end - 1] === 13) end--;
    visit(start, end, number++);
    start = next;
  }
  return number;
}

async function* wholeLines(
  raw: AsyncGenerator<{ bytes: Buffer; read: number }>,
  progress: ReadProgress,
  size: number,
): AsyncGenerator<Buffer> {
  let transcoder: ChunkTranscoder | undefined;
  let carry = Buffer.alloc(0);
  for await (const { bytes, read } of raw) {
    let text = bytes;
    if (!transcoder) {
      const { encoding, markBytes } = sniffEncoding(bytes.subarray(0, 65536));
      transcoder = new ChunkTranscoder(encoding);
      text = bytes.subarray(markBytes);
    }
    if (!transcoder.isTransparent) text = transcoder.transcode(text);
    progress(read);
    const end = text.lastIndexOf(10) + 1;
    // A line longer than several chunks is not a log line: it is handed on in pieces, never gathered.
    if (end === 0 && carry.length + text.length < 2 * size) {
      carry = Buffer.concat([carry, text]);
      continue;
    }
    const cut = end === 0 ? text.length : end;
    if (carry.length > 0) {
      const firstEnd = text.indexOf(10) + 1 || cut;
      yield Buffer.concat([carry, text.subarray(0, firstEnd)]);
      if (cut > firstEnd) yield text.subarray(firstEnd, cut);
    } else yield text.subarray(0, cut);
    carry = Buffer.from(text.subarray(cut));
  }
  if (carry.length > 0) yield carry;
}

async function* ofMember(file: MemberFile): AsyncGenerator<{ bytes: Buffer; read: number }> {
  for await (const piece of file.open())
    yield { bytes: Buffer.from(piece.buffer, piece.byteOffset, piece.length), read: piece.length };
}

async function* plain(path: string, size: number): AsyncGenerator<{ bytes: Buffer; read: number }> {
  const file = openOutside(path);
  try {
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(size, fstatSync(file).size || size)));
    for (;;) {
      const read = readSync(file, buffer, 0, buffer.length, null);
      if (read === 0) return;
      yield { bytes: buffer.subarray(0, read), read };
    }
  } finally {
    closeSync(file);
  }
}

async function* unzipped(path: string, size: number): AsyncGenerator<{ bytes: Buffer; read: number }> {
  const gunzip = createGunzip({ chunkSize: Math.max(65536, Math.min(size, 2 ** 18)) });
  const file = openOutside(path);
  let fed = 0;
  let counted = 0;
  let last: ArrayBufferLike | undefined;
  try {
    feed(file, gunzip, (read) => {
      fed += read;
    }).catch((cause: Error) => gunzip.destroy(cause));
    for await (const bytes of gunzip as AsyncIterable<Buffer>) {
      if (last !== undefined && last !== bytes.buffer) release(last);
      last = bytes.buffer;
      yield { bytes, read: fed - counted };
      counted = fed;
    }
  } finally {
    gunzip.destroy();
    closeSync(file);
  }
}

/** Writes a file into `gunzip` out of one buffer: the next piece is read when zlib is through with the last one. */
async function feed(file: number, gunzip: Gunzip, progress: ReadProgress): Promise<void> {
  const buffer = Buffer.allocUnsafe(65536);
  for (;;) {
    if (gunzip.destroyed) return;
    const read = readSync(file, buffer, 0, buffer.length, null);
    if (read === 0) break;
    progress(read);
    await new Promise<void>((resolve, reject) => {
      gunzip.write(buffer.subarray(0, read), (cause) => (cause ? reject(cause) : resolve()));
    });
  }
  gunzip.end();
}

/**
 * Frees the memory of a buffer now. zlib makes a new one for each chunk and the collector sees no hurry: without this,
 * a hundred megabytes of read chunks lie about. A buffer is done with when the next chunk comes out of another one.
 */
function release(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

function isGzip(path: string): boolean {
  const file = openOutside(path);
  try {
    const magic = Buffer.alloc(2);
    return readSync(file, magic, 0, 2, 0) === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
  } finally {
    closeSync(file);
  }
}
