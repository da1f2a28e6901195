// MSZIP (MS-MSZIP): each block is 'CK' and one complete deflate stream of at most 32 KB of output, and may refer back to
// the output of the block before it: that output is the deflate dictionary.
import { deflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib';
import { FormatError } from '../errors.ts';

/** Most bytes one MSZIP block unpacks to. */
export const mszipBlockBytes = 32768;

const signature = [0x43, 0x4b] as const;
// 32 KB that deflate cannot shrink need five bytes more per stored block; MS-MSZIP allows 12 above 32 KB.
const maxPackedBytes = mszipBlockBytes + 12;

export interface MszipDecoder {
  /** Unpacks the next block to exactly `sizeBytes`. Throws FORMAT_BAD_DATA. */
  decode(block: Uint8Array, sizeBytes: number): Uint8Array;
}

/** A decoder for the blocks of one folder, in order; it keeps the last block as history. */
export function createMszipDecoder(): MszipDecoder {
  let history: Uint8Array | undefined;
  return {
    decode(block, sizeBytes) {
      const bytes = inflateBlock(block, sizeBytes, history);
      history = nextHistory(history, bytes);
      return bytes;
    },
  };
}

/** Packs one block (at most 32 KB), which may refer to `previous`, the 32 KB before it. Level as in zlib. */
export function encodeMszipBlock(block: Uint8Array, previous: Uint8Array | undefined, level = 6): Uint8Array {
  return frame(block, deflateRawSync(block, deflateOptions(previous, level)));
}

/** As encodeMszipBlock, on the thread pool: blocks of one folder can be packed at the same time. */
export function encodeMszipBlockConcurrently(
  block: Uint8Array,
  previous: Uint8Array | undefined,
  level = 6,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    deflateRaw(block, deflateOptions(previous, level), (error, packed) => {
      if (error) reject(error);
      else resolve(frame(block, packed));
    });
  });
}

function inflateBlock(block: Uint8Array, sizeBytes: number, history: Uint8Array | undefined): Uint8Array {
  if (block[0] !== signature[0] || block[1] !== signature[1]) {
    throw new FormatError('FORMAT_BAD_DATA', "An MSZIP block does not begin with 'CK'.");
  }
  if (sizeBytes > mszipBlockBytes) {
    throw new FormatError(
      'FORMAT_BAD_DATA',
      `An MSZIP block claims ${sizeBytes} bytes; ${mszipBlockBytes} is the most.`,
    );
  }
  const options = {
    // One spare byte beyond the expected output lets zlib see the end of the stream without a second buffer.
    chunkSize: Math.max(64, sizeBytes + 1),
    maxOutputLength: Math.max(1, sizeBytes),
    ...(history && history.length > 0 ? { dictionary: history } : {}),
  };
  let bytes: Uint8Array;
  try {
    bytes = inflateRawSync(block.subarray(2), options);
  } catch (cause) {
    throw new FormatError('FORMAT_BAD_DATA', `An MSZIP block cannot be unpacked (${zlibReason(cause)}).`, { cause });
  }
  if (bytes.length !== sizeBytes) {
    const message = `An MSZIP block unpacks to ${bytes.length} bytes instead of ${sizeBytes}.`;
    throw new FormatError('FORMAT_BAD_DATA', message);
  }
  return bytes;
}

function nextHistory(history: Uint8Array | undefined, bytes: Uint8Array): Uint8Array {
  if (!history || bytes.length >= mszipBlockBytes) return bytes;
  const joined = new Uint8Array(Math.min(mszipBlockBytes, history.length + bytes.length));
  joined.set(history.subarray(history.length - (joined.length - bytes.length)));
  joined.set(bytes, joined.length - bytes.length);
  return joined;
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

function zlibReason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
