// MSZIP (MS-MSZIP): each block is 'CK' and one complete deflate stream of at most 32 KB of output, and may refer back
// to the output of the blocks before it, as far as 32 KB.
import { deflateRaw, deflateRawSync } from 'node:zlib';
import { type Codec, loadCodec, type Tenant } from '../codec/index.ts';
import { layout } from '../codec/layout.ts';
import { FormatError, type FormatErrorCode } from '../errors.ts';

/** Most bytes one MSZIP block unpacks to. */
const mszipBlockBytes = 32768;

const signature = [0x43, 0x4b] as const;
// 32 KB that deflate cannot shrink need five bytes more per stored block; MS-MSZIP allows 12 above 32 KB.
const maxPackedBytes = mszipBlockBytes + 12;
/** zlib's levels: at 5 a cabinet is smaller than gcab's and made faster. */
const defaultLevel = 5;

/** Blocks are unpacked one behind the other; when this is used up, the history moves to the front. */
const windowBytes = 2 ** 18;

/** Unpacks the blocks of one folder, in order; keeps 32 KB of history. */
export class MszipDecoder implements Tenant {
  readonly #codec: Codec = loadCodec();
  readonly #output = new Uint8Array(mszipBlockBytes);
  /** The history, while another decoder has the codec's memory. */
  #stowed: Uint8Array = new Uint8Array();
  #position = 0;

  /**
   * Unpacks the next block to exactly `sizeBytes`; the answer is overwritten by the next call. Throws FORMAT_BAD_DATA,
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

/** Packs one block (at most 32 KB), which may refer to `previous`, the 32 KB before it. Level as in zlib. */
export function encodeMszipBlock(
  block: Uint8Array,
  previous: Uint8Array | undefined,
  level = defaultLevel,
): Uint8Array {
  return frame(block, deflateRawSync(block, deflateOptions(previous, level)));
}

/** As encodeMszipBlock, on the thread pool: blocks of one folder can be packed at the same time. */
export function encodeMszipBlockConcurrently(
  block: Uint8Array,
  previous: Uint8Array | undefined,
  level = defaultLevel,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    deflateRaw(block, deflateOptions(previous, level), (error, packed) => {
      if (error) reject(error);
      else resolve(frame(block, packed));
    });
  });
}

/** What inflate answers below zero, in the order of packages/formats/assembly/inflate.ts. */
const inflateProblems: readonly [FormatErrorCode, string][] = [
  ['FORMAT_TRUNCATED', 'ends in the middle'],
  ['FORMAT_BAD_DATA', 'has a deflate block of no known kind'],
  ['FORMAT_BAD_DATA', 'has code lengths that are no code'],
  ['FORMAT_BAD_DATA', 'has bits that mean no symbol'],
  ['FORMAT_BAD_DATA', 'refers back to before the beginning'],
  ['FORMAT_BAD_DATA', 'unpacks to more than its size'],
];

function inflateFailure(count: number, sizeBytes: number): FormatError {
  const [code, what] = inflateProblems[-count - 1] ?? ['FORMAT_BAD_DATA', `unpacks to ${count} bytes`];
  return new FormatError(code, `An MSZIP block of ${sizeBytes} bytes ${what}.`);
}

function deflateOptions(previous: Uint8Array | undefined, level: number): object {
  return previous && previous.length > 0 ? { level, memLevel: 9, dictionary: previous } : { level, memLevel: 9 };
}

function frame(block: Uint8Array, packed: Uint8Array): Uint8Array {
  const deflated = packed.length + 2 > maxPackedBytes ? storedDeflate(block) : packed;
  const framed = new Uint8Array(deflated.length + 2);
  framed.set(signature);
  framed.set(deflated, 2);
  return framed;
}

/** One stored deflate block (RFC 1951 3.2.4): five bytes of head, then the bytes as they are. */
function storedDeflate(block: Uint8Array): Uint8Array {
  const stored = new Uint8Array(block.length + 5);
  const length = block.length;
  stored.set([1, length & 0xff, length >> 8, ~length & 0xff, (~length >> 8) & 0xff]);
  stored.set(block, 5);
  return stored;
}
