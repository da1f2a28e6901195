// MSZIP (MS-MSZIP): each block is 'CK' and one complete deflate stream of at most 32 KB of output. It may refer back to
// the last 32 KB of the output of the blocks before it.
import { type Codec, loadCodec, type Tenant } from '../codec/index.ts';
import { layout } from '../codec/layout.ts';
import { FormatError, type FormatErrorCode } from '../errors.ts';

/** Most bytes one MSZIP block unpacks to. */
export const mszipBlockBytes = 32768;

export const signature = [0x43, 0x4b] as const;

/** Blocks are unpacked one behind the other. When this is used up, the history moves to the front. */
const windowBytes = 2 ** 18;

/** Unpacks the blocks of one folder, in order. Keeps 32 KB of history. */
export class MszipDecoder implements Tenant {
  readonly #codec: Codec = loadCodec();
  readonly #output = new Uint8Array(mszipBlockBytes);
  /** The history, while another decoder has the codec's memory. */
  #stowed: Uint8Array = new Uint8Array();
  #position = 0;

  /**
   * Unpacks the next block to exactly `sizeBytes`. The answer is overwritten by the next call. Throws FORMAT_BAD_DATA,
   * FORMAT_TRUNCATED.
   */
  decode(block: Uint8Array, sizeBytes: number): Uint8Array {
    if (block[0] !== signature[0] || block[1] !== signature[1]) {
      throw new FormatError('FORMAT_BAD_DATA', "An MSZIP block does not begin with 'CK'.");
    }
    if (sizeBytes > mszipBlockBytes || block.length > 65535) {
      const message = `An MSZIP block claims ${sizeBytes} bytes; ${mszipBlockBytes} is the most.`;
      throw new FormatError('FORMAT_BAD_DATA', message);
    }
    const { bytes, exports } = this.#codec;
    if (!this.#codec.admit(this)) this.#moveIn();
    if (this.#position + mszipBlockBytes > windowBytes) this.#moveToFront();
    bytes.set(block.subarray(2), layout.input);
    const historyBytes = Math.min(this.#position, mszipBlockBytes);
    const count = exports.inflate(block.length - 2, this.#position, sizeBytes, historyBytes);
    if (count !== sizeBytes) throw inflateFailure(count, sizeBytes);
    const begin = layout.window + this.#position;
    this.#position += count;
    this.#output.set(bytes.subarray(begin, begin + count));
    return this.#output.subarray(0, count);
  }

  moveOut(): void {
    this.#stowed = this.#history().slice();
  }

  #moveIn(): void {
    this.#codec.bytes.set(this.#stowed, layout.window);
    this.#position = this.#stowed.length;
    this.#stowed = new Uint8Array();
  }

  #moveToFront(): void {
    const history = this.#history();
    this.#codec.bytes.set(history, layout.window);
    this.#position = history.length;
  }

  #history(): Uint8Array {
    const end = layout.window + this.#position;
    return this.#codec.bytes.subarray(end - Math.min(this.#position, mszipBlockBytes), end);
  }
}

/** The errors that inflate answers below zero, in the order of packages/formats/assembly/inflate.ts. */
const inflateProblems: readonly [FormatErrorCode, string][] = [
  ['FORMAT_TRUNCATED', 'ends in the middle'],
  ['FORMAT_BAD_DATA', 'has a deflate block of no known kind'],
  ['FORMAT_BAD_DATA', 'has code lengths that make no code'],
  ['FORMAT_BAD_DATA', 'has bits that mean no symbol'],
  ['FORMAT_BAD_DATA', 'refers back to before the beginning'],
  ['FORMAT_BAD_DATA', 'unpacks to more than its size'],
];

function inflateFailure(count: number, sizeBytes: number): FormatError {
  const [code, what] = inflateProblems[-count - 1] ?? ['FORMAT_BAD_DATA', `unpacks to ${count} bytes`];
  return new FormatError(code, `An MSZIP block of ${sizeBytes} bytes ${what}.`);
}
