// Every kind of input of `moult catalog import`: files, folders, standard input. What a file is, its bytes say.
import { closeSync, createReadStream, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type FoundDocument, refusalOf } from './found-document.ts';
import { readCabinetFile } from './read-cabinet.ts';
import { readText } from './read-text.ts';

/**
 * The documents under these paths in a steady order; `-` is `stdin`. Folders are read with all below them (.xml,
 * .cab, .gz and metadata.txt). What cannot be read is given as refused, by name; the rest goes on.
 */
export async function* readDocuments(paths: readonly string[], stdin: Readable): AsyncGenerator<FoundDocument> {
  for (const path of paths) {
    if (path === '-') yield* readText('standard input', stdin);
    else yield* readPath(path);
  }
}

async function* readPath(path: string): AsyncGenerator<FoundDocument> {
  try {
    if (!statSync(path).isDirectory()) {
      yield* readFile(path);
      return;
    }
  } catch (error) {
    yield refusalOf(path, error);
    return;
  }
  for (const file of filesUnder(path)) yield* readFile(file);
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && (/\.(xml|cab|gz)$/i.test(entry.name) || entry.name === 'metadata.txt'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function* readFile(path: string): AsyncGenerator<FoundDocument> {
  try {
    const magic = firstBytes(path);
    if (magic.toString('latin1', 0, 4) === 'MSCF') yield* readCabinetFile(path, path);
    else if (magic[0] === 0x1f && magic[1] === 0x8b) yield* readGzip(path);
    else yield* readText(path, createReadStream(path));
  } catch (error) {
    yield refusalOf(path, error);
  }
}

async function* readGzip(path: string): AsyncGenerator<FoundDocument> {
  const raw = createReadStream(path);
  const unpacked = createGunzip();
  raw.on('error', (error) => unpacked.destroy(error));
  yield* readText(`${path}/${basename(path).replace(/\.gz$/i, '')}`, raw.pipe(unpacked));
}

function firstBytes(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(4);
    return bytes.subarray(0, readSync(file, bytes, 0, 4, 0));
  } finally {
    closeSync(file);
  }
}
