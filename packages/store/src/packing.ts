// The stored form of a document: texts packed with zstd.
import { promisify } from 'node:util';
import { zstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { PackedRevision, RevisionToImport } from './contract/index.ts';

const compressLater = promisify(zstdCompress);

/** A packed value is answered as it is. */
export async function packRevision(revision: RevisionToImport | PackedRevision): Promise<PackedRevision> {
  if (!('xml' in revision)) return revision;
  const { xml, core, extended, ...rest } = revision;
  const bytes = Buffer.from(xml);
  const [document, packedCore, packedExtended] = await Promise.all([
    compress(bytes),
    compress(Buffer.from(core)),
    compress(Buffer.from(extended)),
  ]);
  return { ...rest, document, documentBytes: bytes.length, core: packedCore, extended: packedExtended };
}

/** One text as it is stored. */
export async function packText(text: string): Promise<Uint8Array> {
  return compress(Buffer.from(text));
}

/**
 * Small texts stay as they are: packing them saves nothing worth its time. They begin with `<`, packed ones never do.
 */
function compress(bytes: Buffer): Uint8Array | Promise<Uint8Array> {
  const worthPacking = 2048;
  // Going through the thread pool costs fifty times what packing a document of usual size does.
  const worthAThread = 256 * 1024;
  if (bytes.length < worthPacking && bytes[0] === lessThan) return bytes;
  // Into pieces of about the size of the result: the usual 16 KB for each are most of the memory that an import
  // allocates.
  const options = { chunkSize: Math.max(1024, bytes.length >> 2) };
  return bytes.length < worthAThread ? zstdCompressSync(bytes, options) : compressLater(bytes, options);
}

const lessThan = 0x3c;

/** The text that was packed. */
export function unpacked(bytes: Uint8Array): string {
  return (bytes[0] === lessThan ? Buffer.from(bytes) : zstdDecompressSync(bytes)).toString();
}
