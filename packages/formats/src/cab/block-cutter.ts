// Cuts a folder's bytes, however they come, into the 32 KB that data blocks hold.
import { blockBytes } from './folder-reader.ts';

export class BlockCutter {
  #begun = new Uint8Array(blockBytes);
  #filled = 0;

  /** Full blocks, as views where `chunk` holds them whole. */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < chunk.length; ) {
      if (this.#filled === 0 && chunk.length - at >= blockBytes) {
        yield chunk.subarray(at, at + blockBytes);
        at += blockBytes;
        continue;
      }
      const piece = chunk.subarray(at, at + blockBytes - this.#filled);
      this.#begun.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === blockBytes) yield* this.finish();
    }
  }

  /** The last block, shorter than the others, if there is one. */
  *finish(): Generator<Uint8Array> {
    if (this.#filled === 0) return;
    const block = this.#begun.subarray(0, this.#filled);
    this.#begun = new Uint8Array(blockBytes);
    this.#filled = 0;
    yield block;
  }
}
