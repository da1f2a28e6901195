// A large document into what the store keeps of it, packed as it is read: neither its text nor its tree is ever whole
// in memory.
import { once } from 'node:events';
import { createZstdCompress, createZstdDecompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { CatalogError, deriveExtended, LargeDocumentReader, type UpdateDocument } from '@moult/catalog';
import { largeDocumentBounds } from '@moult/catalog/bounds';
import type { PackedRevision } from '../contract/index.ts';
import { packText } from '../packing.ts';
import { factsOf } from './import.ts';

export interface LargeRevision {
  packed: PackedRevision;
  /** Without the tree of its rules: see LargeDocument. */
  document: UpdateDocument;
}

type Texts = AsyncIterable<string> | Iterable<string>;

/** Reads a document that comes in pieces. Throws CatalogError as parseUpdateDocument does. */
export async function readLargeRevision(
  texts: Texts,
  { maxPackedBytes }: { maxPackedBytes: number } = largeDocumentBounds,
): Promise<LargeRevision> {
  const whole = new Packer();
  const rules: Buffer[] = [];
  // A copy: the buffer that zstd answers in has 64 KB, whatever is in it.
  const reader = new LargeDocumentReader((text) => rules.push(Buffer.from(zstdCompressSync(text))));
  try {
    for await (const text of wholeCharacters(texts)) {
      reader.write(text);
      await whole.write(text);
      if (whole.packedBytes > maxPackedBytes) throw packsBadly(maxPackedBytes);
    }
    const { document, core } = reader.close();
    const packedCore = new Packer();
    await packedCore.write(core.before);
    for (const piece of rules) await packedCore.write(zstdDecompressSync(piece));
    await packedCore.write(core.after);
    const packed: PackedRevision = {
      ...factsOf(document),
      document: await whole.end(),
      documentBytes: whole.sizeBytes,
      core: await packedCore.end(),
      extended: await packText(deriveExtended(document)),
    };
    return { packed, document };
  } catch (error) {
    whole.destroy();
    throw error;
  }
}

function packsBadly(maxPackedBytes: number): CatalogError {
  return new CatalogError(
    'CATALOG_OVER_LIMIT',
    `The large document has more than ${maxPackedBytes} bytes when packed.`,
  );
}

/** The text of a packed document, in pieces. */
export async function* unpackInPieces(packed: Uint8Array): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  if (packed[0] === lessThan) return yield decoder.decode(packed);
  const stream = createZstdDecompress();
  stream.end(packed);
  for await (const piece of stream) yield decoder.decode(piece, { stream: true });
  yield decoder.decode();
}

const lessThan = 0x3c;

/** Bytes in, one zstd frame out. */
class Packer {
  readonly #stream = createZstdCompress();
  readonly #packed: Buffer[] = [];
  readonly #done: Promise<void>;
  sizeBytes = 0;
  /** So far. */
  packedBytes = 0;

  constructor() {
    this.#stream.on('data', (piece: Buffer) => {
      this.#packed.push(piece);
      this.packedBytes += piece.length;
    });
    this.#done = once(this.#stream, 'end').then(() => undefined);
    // No caller waits for the end of one that is given up.
    this.#done.catch(() => undefined);
  }

  async write(text: string | Buffer): Promise<void> {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    this.sizeBytes += bytes.length;
    if (!this.#stream.write(bytes)) await once(this.#stream, 'drain');
  }

  async end(): Promise<Buffer> {
    this.#stream.end();
    await this.#done;
    return Buffer.concat(this.#packed);
  }

  destroy(): void {
    this.#stream.destroy();
  }
}

/** The same text, cut so that no piece ends inside of a character. */
async function* wholeCharacters(texts: Texts): AsyncGenerator<string> {
  let left = '';
  for await (const text of texts) {
    const whole = left + text;
    const last = whole.charCodeAt(whole.length - 1);
    const isCut = last >= 0xd800 && last < 0xdc00;
    left = isCut ? whole.slice(-1) : '';
    yield isCut ? whole.slice(0, -1) : whole;
  }
  if (left !== '') yield left;
}
