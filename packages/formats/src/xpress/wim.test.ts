// LZ77+Huffman both ways with wimlib: WIM images hold their files as such chunks of 32 KB.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { prose, run, scratchFolder } from '../cab/test/cabinet-lab.ts';
import { decodeXpress, encodeXpress } from './index.ts';

const chunkBytes = 32768;
const plain = prose(200_000);

test('what wimlib packs with LZ77+Huffman unpacks', (context) => {
  const { bytes, entry } = captureImage(scratchFolder(context));
  const { offset } = resourceAt(bytes, entry);
  const chunks = chunkRanges(bytes, offset, plain.length, resourceAt(bytes, entry).packedBytes);
  const unpacked = chunks.map(({ from, to }, index) => {
    const sizeBytes = Math.min(chunkBytes, plain.length - index * chunkBytes);
    const chunk = bytes.subarray(from, to);
    return to - from === sizeBytes ? chunk : decodeXpress(chunk, { maxBytes: chunkBytes, sizeBytes }, 'lz77-huffman');
  });
  assert.equal(Buffer.compare(Buffer.concat(unpacked), plain), 0);
});

test('wimlib unpacks what we pack with LZ77+Huffman', (context) => {
  const folder = scratchFolder(context);
  const { file, bytes, entry } = captureImage(folder);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < plain.length; at += chunkBytes) {
    chunks.push(encodeXpress(plain.subarray(at, at + chunkBytes), 'lz77-huffman'));
  }
  const table = Buffer.alloc(4 * (chunks.length - 1));
  let end = 0;
  for (const [index, chunk] of chunks.slice(0, -1).entries()) {
    end += chunk.length;
    table.writeUInt32LE(end, index * 4);
  }
  const resource = Buffer.concat([table, ...chunks]);
  // The file's entry in the lookup table now leads to our chunks, at the end of the image.
  const patched = Buffer.concat([bytes, resource]);
  patched.writeUIntLE(resource.length, entry, 6);
  patched.writeBigUInt64LE(BigInt(bytes.length), entry + 8);
  writeFileSync(file, patched);
  mkdirSync(join(folder, 'out'));
  run('wimlib-imagex', ['extract', file, '1', '/plain.txt', `--dest-dir=${join(folder, 'out')}`]);
  assert.equal(Buffer.compare(readFileSync(join(folder, 'out', 'plain.txt')), plain), 0);
});

/** An image of one file, and where its lookup table speaks of that file. */
function captureImage(folder: string): { file: string; bytes: Buffer; entry: number } {
  mkdirSync(join(folder, 'in'));
  writeFileSync(join(folder, 'in', 'plain.txt'), plain);
  const file = join(folder, 'image.wim');
  run('wimlib-imagex', ['capture', join(folder, 'in'), file, '--compress=XPRESS', '--chunk-size=32768']);
  const bytes = readFileSync(file);
  const { offset, packedBytes } = resourceAt(bytes, 48);
  for (let entry = offset; entry < offset + packedBytes; entry += 50) {
    if (Number(bytes.readBigUInt64LE(entry + 16)) === plain.length) return { file, bytes, entry };
  }
  throw new Error('The image does not speak of the file.');
}

/** A resource header of a WIM: packed size, flags, offset, unpacked size. */
function resourceAt(bytes: Buffer, at: number): { packedBytes: number; offset: number } {
  return { packedBytes: bytes.readUIntLE(at, 6), offset: Number(bytes.readBigUInt64LE(at + 8)) };
}

/** A table with the ends of all chunks but the last lies before them. */
function chunkRanges(
  bytes: Buffer,
  offset: number,
  sizeBytes: number,
  packedBytes: number,
): { from: number; to: number }[] {
  const count = Math.ceil(sizeBytes / chunkBytes);
  const base = offset + 4 * (count - 1);
  const borders = [0, ...Array.from({ length: count - 1 }, (_, index) => bytes.readUInt32LE(offset + 4 * index))];
  return borders.map((border, index) => ({
    from: base + border,
    to: index + 1 < count ? base + (borders[index + 1] ?? 0) : offset + packedBytes,
  }));
}
