// Reads each kind of input of `moult catalog import`: files, folders, standard input. The bytes of a file decide its
// kind.
import { createWriteStream, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { CatalogError } from '@moult/catalog';
import { streamOutside, temporaryFolder } from '@moult/disk';
import { fileKind } from '@moult/formats';
import { filesUnder, headOf } from './folder.ts';
import { type FoundDocument, refusalOf } from './found-document.ts';
import { readCabinetFile } from './read-cabinet.ts';
import { peek, readText } from './read-text.ts';

/**
 * The documents under these paths in a steady order. `-` is `stdin`. Folders are read with all below them (.xml, .cab,
 * .msu, .gz and metadata.txt). Their other files are given as passed over. An unreadable file is given as refused, by
 * name. The rest goes on.
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
    else {
      requireText(name, start);
      yield* readText(name, rest);
    }
  } catch (error) {
    yield refusalOf(name, error);
  }
}

async function* readSpooledCabinet(name: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<FoundDocument> {
  const folder = temporaryFolder('moult-standard-input');
  try {
    const path = join(folder, 'input.cab');
    await pipeline(chunks, createWriteStream(path, { mode: 0o600 }));
    yield* readCabinetFile(name, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function* readPath(path: string): AsyncGenerator<FoundDocument> {
  if (!isFolder(path)) return yield* readFile(path);
  for (const entry of filesUnder(path)) {
    if ('file' in entry) yield* readFile(entry.file);
    else yield entry;
  }
}

/** A path that cannot even be looked at is not a folder: why, opening it tells. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** An empty file does not count as a success. */
async function* readFile(path: string): AsyncGenerator<FoundDocument> {
  let count = 0;
  try {
    for await (const found of readAnyFile(path)) {
      count++;
      yield found;
    }
    if (count === 0) throw new CatalogError('CATALOG_NOT_AN_UPDATE', `${path} holds no update document.`);
  } catch (error) {
    yield refusalOf(path, error);
  }
}

async function* readAnyFile(path: string): AsyncGenerator<FoundDocument> {
  const head = headOf(path);
  if (isCabinet(head)) return yield* readCabinetFile(path, path);
  if (isGzip(head)) return yield* readGzip(path);
  requireText(path, head);
  yield* readText(path, streamOutside(path));
}

/** A file of another known kind is called by its name, and not read as XML. */
function requireText(name: string, head: Uint8Array): void {
  const kind = fileKind(head);
  if (kind === undefined || textKinds.has(kind)) return;
  throw new CatalogError('CATALOG_NOT_AN_UPDATE', `${name} is ${kind}. It holds no update metadata that can be read.`);
}

const textKinds = new Set(['an empty file', 'an XML document', 'an HTML page']);

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
