// MSZIP (MS-MSZIP): each block is 'CK' and one complete deflate stream of at most 32 KB of output, and may refer back
// to the output of the blocks before it, as far as 32 KB.
import { deflateRaw, deflateRawSync } from 'node:zlib';
import { type Codec, loadCodec } from '../codec/index.ts';
import { layout } from '../codec/layout.ts';
import { FormatError, type FormatErrorCode } from '../errors.ts';

/** Most bytes one MSZIP block unpacks to. */
const mszipBlockBytes = 32768;

const signature = [0x43, 0x4b] as const;
// 32 KB that deflate cannot shrink need five bytes more per stored block; MS-MSZIP allows 12 above 32 KB.
const maxPackedBytes = mszipBlockBytes + 12;
/** zlib's levels: at 5 a cabinet is smaller than gcab's and made faster. */
const defaultLevel = 5;

/** Unpacks the blocks of one folder, in order; keeps 32 KB of history. */
export class MszipDecoder {
  readonly #codec: Codec = loadCodec();
  /** What came out last, and what will come out next: they take turns, and the last one is history. */
  #last = new Uint8Array(mszipBlockBytes);
  #next = new Uint8Array(mszipBlockBytes);
  #historyBytes = 0;

  /**
   * Unpacks the next block to exactly `sizeBytes`; the answer is overwritten by the next call but one. Throws
   * FORMAT_BAD_DATA, FORMAT_TRUNCATED.
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
    bytes.set(block.subarray(2), layout.input);
    bytes.set(this.#last.subarray(mszipBlockBytes - this.#historyBytes), layout.inflateOutput - this.#historyBytes);
    const count = exports.inflate(block.length - 2, sizeBytes, this.#historyBytes);
    if (count !== sizeBytes) throw inflateFailure(count, sizeBytes);
    return this.#keep(bytes.subarray(layout.inflateOutput, layout.inflateOutput + count));
  }

  /** Output lies at the end of its buffer, so that buffer is the history of the next block. */
  #keep(unpacked: Uint8Array): Uint8Array {
    const older = mszipBlockBytes - unpacked.length;
    this.#next.set(this.#last.subarray(unpacked.length), 0);
    this.#next.set(unpacked, older);
    [this.#last, this.#next] = [this.#next, this.#last];
    this.#historyBytes = Math.min(mszipBlockBytes, this.#historyBytes + unpacked.length);
    return this.#last.subarray(older);
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
