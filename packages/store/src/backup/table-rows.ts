// Reads the rows of one table of a backup. The file comes from outside: it may unpack without end, may hold text that
// is not a row, and may change after it was checked.

import { createHash } from 'node:crypto';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import { openInside } from '@moult/disk';
import { counted } from '@moult/formats/text';
import { backupBounds } from '../declared-bounds.ts';
import { diskTroubleOf } from '../disk-trouble.ts';
import { ServerError } from '../errors.ts';
import type { BackedUpTable } from '../tables.ts';
import { badBackup } from './check-backup.ts';
import { type BackupManifest, decodeRow, tableFile } from './format.ts';

/** As many rows as the manifest counts. Throws SERVER_BAD_BACKUP when the file is another, has others, or has what is not a row. */
export async function* readRows(
  source: string,
  { files, rows }: BackupManifest,
  table: BackedUpTable,
): AsyncGenerator<Record<string, unknown>> {
  const name = tableFile(table);
  const digest = files[name];
  const expected = rows[table] ?? 0;
  if (digest === undefined) return;
  let count = 0;
  for await (const lines of linesOf(source, name, digest)) {
    for (const line of lines) {
      count++;
      if (count > expected) throw badBackup(source, `${table} has more than ${counted(expected, 'row')}.`);
      yield rowIn(line) ?? noRow(source, name, count);
    }
  }
  if (count !== expected) throw badBackup(source, `${table} has ${counted(count, 'row')}, not ${expected}.`);
}

/** The unpacked lines. The digest is that of the bytes that were read for them. */
async function* linesOf(source: string, name: string, digest: string): AsyncGenerator<Buffer[]> {
  const hash = createHash('sha256');
  const handle = await openInside(source, name);
  const unpacked = new PassThrough();
  const ended = pipeline(
    handle.createReadStream(),
    async function* (pieces: AsyncIterable<Buffer>) {
      for await (const piece of pieces) {
        hash.update(piece);
        yield piece;
      }
    },
    createZstdDecompress(),
    unpacked,
  );
  // Heard below. A caller that stops before the end need not say so.
  ended.catch(() => undefined);
  try {
    yield* split(unpacked, source, name);
    await ended;
  } catch (error) {
    if (error instanceof ServerError || diskTroubleOf(error) !== undefined) throw error;
    throw badBackup(source, `${name} cannot be unpacked: ${error instanceof Error ? error.message : error}.`, error);
  } finally {
    unpacked.destroy();
  }
  if (hash.digest('hex') !== digest) throw badBackup(source, `${name} changed after it was checked.`);
}

async function* split(pieces: Readable, source: string, name: string): AsyncGenerator<Buffer[]> {
  let begun: Buffer[] = [];
  let length = 0;
  for await (const piece of pieces as AsyncIterable<Buffer>) {
    const lines: Buffer[] = [];
    let at = 0;
    for (let end = piece.indexOf(lineFeed); end >= 0; end = piece.indexOf(lineFeed, at)) {
      lines.push(begun.length === 0 ? piece.subarray(at, end) : Buffer.concat([...begun, piece.subarray(at, end)]));
      [begun, length, at] = [[], 0, end + 1];
    }
    begun.push(piece.subarray(at));
    length += piece.length - at;
    if (length > backupBounds.maxRowBytes)
      throw badBackup(source, `${name} has a row of more than ${backupBounds.maxRowBytes} bytes.`);
    yield lines;
  }
  if (length > 0) yield [Buffer.concat(begun)];
}

const lineFeed = 0x0a;

function rowIn(line: Buffer): Record<string, unknown> | undefined {
  try {
    const row: unknown = decodeRow(line.toString('utf8'));
    const isRow = typeof row === 'object' && row !== null && !Array.isArray(row) && Object.keys(row).length > 0;
    return isRow ? (row as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function noRow(source: string, name: string, count: number): never {
  throw badBackup(source, `line ${count} of ${name} is not a row.`);
}
