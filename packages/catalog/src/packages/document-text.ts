// The text of one document on its way from a package to the catalog: whole, or packed when it is large. A text of tens
// of megabytes is copied when it is put together. And V8 lets the heap grow to a multiple of the living part.
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { largeDocumentCharacters } from '../metadata/large-document.ts';

/** A large text gives its pieces one after the other, each time that it is asked. */
export type DocumentText = string | Iterable<string>;

const blockCharacters = 256 * 1024;
const fast = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Gathers a text that comes in pieces of any length. Beyond one block it is held packed. */
export class DocumentTextBuilder {
  #blocks: Buffer[] = [];
  #last: string[] = [];
  #lastCharacters = 0;
  #characters = 0;

  get characters(): number {
    return this.#characters;
  }

  put(text: string): void {
    this.#last.push(text);
    this.#lastCharacters += text.length;
    this.#characters += text.length;
    if (this.#lastCharacters >= blockCharacters) this.#pack();
  }

  /** The gathered text. The next one begins empty. */
  take(): DocumentText {
    const isLarge = this.#characters >= largeDocumentCharacters;
    this.#pack();
    const packed = new PackedText(this.#blocks);
    this.#blocks = [];
    this.#characters = 0;
    return isLarge ? packed : [...packed].join('');
  }

  #pack(): void {
    if (this.#lastCharacters === 0) return;
    // UTF-16, because a block may begin or end inside of a character of two halves.
    // A copy: the buffer that zstd answers in has 64 KB, whatever is in it.
    this.#blocks.push(Buffer.from(zstdCompressSync(Buffer.from(this.#last.join(''), 'utf16le'), fast)));
    this.#last = [];
    this.#lastCharacters = 0;
  }
}

class PackedText implements Iterable<string> {
  readonly #blocks: readonly Buffer[];

  constructor(blocks: readonly Buffer[]) {
    this.#blocks = blocks;
  }

  *[Symbol.iterator](): Generator<string> {
    for (const block of this.#blocks) yield zstdDecompressSync(block).toString('utf16le');
  }
}
