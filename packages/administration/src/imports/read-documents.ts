// Reads each kind of input of `moult catalog import`: files, folders, standard input. The bytes of a file decide its kind.
import { closeSync, createWriteStream, mkdtempSync, readdirSync, readSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { openOutside, streamOutside } from '@moult/disk';
import { type FoundDocument, refusalOf } from './found-document.ts';
import { readCabinetFile } from './read-cabinet.ts';
import { peek, readText } from './read-text.ts';

/**
 * The documents under these paths in a steady order; `-` is `stdin`. Folders are read with all below them (.xml,
 * .cab, .gz and metadata.txt). What cannot be read is given as refused, by name; the rest goes on.
 */
export async function* readDocuments(paths: readonly string[], stdin: Readable): AsyncGenerator<FoundDocument> {
  for (const path of paths) {
    if (path === '-') yield* readStandardInput(stdin);
    else yield* readPath(path);
  }
}

/** As a file: what it is, its first bytes say. A cabinet is spooled, because it is read by position. */
async function* readStandardInput(stdin: Readable): AsyncGenerator<FoundDocument> {
  const name = 'standard input';
  try {
    const { start, rest } = await peek(stdin);
    if (isGzip(start)) yield* readText(name, Readable.from(rest).pipe(createGunzip()));
    else if (isCabinet(start)) yield* readSpooledCabinet(name, rest);
    else yield* readText(name, rest);
  } catch (error) {
    yield refusalOf(name, error);
  }
}

async function* readSpooledCabinet(name: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<FoundDocument> {
  const folder = mkdtempSync(join(tmpdir(), 'moult-standard-input-'));
  try {
    const path = join(folder, 'input.cab');
    await pipeline(chunks, createWriteStream(path, { mode: 0o600 }));
    yield* readCabinetFile(name, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function* readPath(path: string): AsyncGenerator<FoundDocument> {
  for (const file of isFolder(path) ? filesUnder(path) : [path]) yield* readFile(file);
}

/** What cannot even be looked at is no folder: why, opening it tells. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isMetadata(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Payload of a locally published update (`GUID_1.cab`) stands beside its document and is none itself. */
function isMetadata(name: string): boolean {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_\d+\.cab$/i.test(name)) return false;
  return /\.(xml|cab|gz)$/i.test(name) || name === 'metadata.txt';
}

async function* readFile(path: string): AsyncGenerator<FoundDocument> {
  try {
    const magic = firstBytes(path);
    if (isCabinet(magic)) yield* readCabinetFile(path, path);
    else if (isGzip(magic)) yield* readGzip(path);
    else yield* readText(path, streamOutside(path));
  } catch (error) {
    yield refusalOf(path, error);
  }
}

async function* readGzip(path: string): AsyncGenerator<FoundDocument> {
  const raw = streamOutside(path);
  const unpacked = createGunzip();
  raw.on('error', (error) => unpacked.destroy(error));
  yield* readText(`${path}/${basename(path).replace(/\.gz$/i, '')}`, raw.pipe(unpacked));
}

function isCabinet(start: Uint8Array): boolean {
  return Buffer.from(start).toString('latin1', 0, 4) === 'MSCF';
}

function isGzip([first, second]: Uint8Array): boolean {
  return first === 0x1f && second === 0x8b;
}

function firstBytes(path: string): Buffer {
  const file = openOutside(path);
  try {
    const bytes = Buffer.alloc(4);
    return bytes.subarray(0, readSync(file, bytes, 0, 4, 0));
  } finally {
    closeSync(file);
  }
}
