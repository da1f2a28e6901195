// Xpress as stream transforms, for HTTP bodies. The MS-WUSP coding is cut into blocks and so streams with one block of
// memory. The two bare forms of MS-XCA are one unit, gathered first.
import { Transform, type TransformCallback } from 'node:stream';
import { FormatError } from '../errors.ts';
import { decodeXpress, encodeXpress, type XpressFormat, type XpressLimits } from './codec.ts';
import { createLz77History, lz77WorstCase } from './lz77.ts';
import { decodeBlock, encodeBlock, maxWuspBlockBytes, overLimit, readWuspBlock, wuspHeadBytes } from './wusp.ts';

/** Packs what is written to it. */
export function createXpressEncoder(format: XpressFormat = 'wusp'): Transform {
  if (format !== 'wusp') return gather(Number.POSITIVE_INFINITY, (bytes) => encodeXpress(bytes, format));
  const pending = new Uint8Array(maxWuspBlockBytes);
  let filled = 0;
  return transform(
    function* (chunk) {
      for (let at = 0; at < chunk.length; ) {
        const piece = chunk.subarray(at, at + pending.length - filled);
        pending.set(piece, filled);
        filled += piece.length;
        at += piece.length;
        if (filled < pending.length) break;
        yield packOne(pending);
        filled = 0;
      }
    },
    () => (filled > 0 ? [packOne(pending.subarray(0, filled))] : []),
  );
}

/**
 * Unpacks what is written to it. Ends with a FormatError on bad data, at the limit, or when the data stops in the
 * middle.
 */
export function createXpressDecoder(limits: XpressLimits, format: XpressFormat = 'wusp'): Transform {
  if (format !== 'wusp') {
    // Apart from its tables, data that unpacks within the limit is not longer than the limit as literals.
    const most = lz77WorstCase(limits.maxBytes) + 1024 + limits.maxBytes / 64;
    return gather(most, (bytes) => decodeXpress(bytes, limits, format));
  }
  const pending = new Uint8Array(wuspHeadBytes + maxWuspBlockBytes);
  let filled = 0;
  let consumed = 0;
  let produced = 0;
  return transform(
    function* (chunk) {
      for (let at = 0; at < chunk.length; ) {
        const piece = chunk.subarray(at, at + missingBytes(pending, filled));
        pending.set(piece, filled);
        filled += piece.length;
        at += piece.length;
        const input = pending.subarray(0, filled);
        const block = shifted(consumed, () => readWuspBlock(input, 0));
        if (!block) continue;
        produced += block.originalBytes;
        if (produced > limits.maxBytes) throw overLimit(produced, limits.maxBytes);
        const output = new Uint8Array(block.originalBytes);
        shifted(consumed, () => decodeBlock(input, block, output, 0));
        consumed += filled;
        filled = 0;
        yield output;
      }
    },
    () => {
      if (filled === 0) return [];
      throw new FormatError('FORMAT_TRUNCATED', 'The last Xpress block is cut short.', { offset: consumed });
    },
  );
}

/** How many bytes the head, or then the block it announces, still wants. */
function missingBytes(pending: Uint8Array, filled: number): number {
  if (filled < wuspHeadBytes) return wuspHeadBytes - filled;
  const packedBytes = new DataView(pending.buffer).getUint32(4, true);
  return wuspHeadBytes + packedBytes - filled;
}

function packOne(bytes: Uint8Array): Uint8Array {
  const output = new Uint8Array(8 + lz77WorstCase(bytes.length));
  return output.subarray(0, encodeBlock(bytes, { from: 0, to: bytes.length }, output, 0, createLz77History()));
}

/** A transform that collects everything, up to `most` bytes, and answers once. */
function gather(most: number, work: (bytes: Uint8Array) => Uint8Array): Transform {
  const chunks: Uint8Array[] = [];
  let length = 0;
  return transform(
    (chunk) => {
      length += chunk.length;
      if (length > most) throw overLimit(length, most);
      chunks.push(chunk);
      return [];
    },
    () => [work(Buffer.concat(chunks))],
  );
}

function transform(each: (chunk: Uint8Array) => Iterable<Uint8Array>, last: () => Iterable<Uint8Array>): Transform {
  function answer(stream: Transform, work: () => Iterable<Uint8Array>, done: TransformCallback): void {
    try {
      for (const piece of work()) stream.push(piece);
      done();
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      answer(this, () => each(chunk), done);
    },
    flush(done) {
      answer(this, last, done);
    },
  });
}

/** Errors count from the start of the whole stream. */
function shifted<Result>(by: number, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof FormatError) || by === 0) throw error;
    throw new FormatError(error.code, error.message, { offset: error.offset + by, cause: error.cause ?? error });
  }
}
