// The content coding of MS-WUSP 2.1.1, `Content-Encoding: xpress`: blocks back to back, no trailer. Each begins with
// its original and its packed size (32 bits each, at most 65,535). A plain LZ77 stream that stands alone follows. Equal
// sizes mean stored bytes.
import { FormatError } from '../errors.ts';
import { createLz77History, decodeLz77, encodeLz77, lz77WorstCase } from './lz77.ts';
import type { MatchHistory } from './match-history.ts';

/** MS-WUSP 2.1.1: neither size of a block may be larger. */
export const maxWuspBlockBytes = 65535;

/** The two sizes before each block. */
export const wuspHeadBytes = 8;

/** Packs everything. A block that does not shrink is stored. */
export function encodeWusp(input: Uint8Array): Uint8Array {
  const blockCount = Math.ceil(input.length / maxWuspBlockBytes);
  const output = new Uint8Array(blockCount * wuspHeadBytes + lz77WorstCase(input.length) + 4 * blockCount);
  let at = 0;
  history.renew(input.length);
  for (let from = 0; from < input.length; from += maxWuspBlockBytes) {
    const to = Math.min(input.length, from + maxWuspBlockBytes);
    at = encodeBlock(input, { from, to }, output, at, history);
  }
  return output.slice(0, at);
}

/** One for all: nothing else runs while an input is packed. */
const history = createLz77History();

/** Unpacks everything. Throws FORMAT_OVER_LIMIT before taking memory, FORMAT_TRUNCATED, FORMAT_BAD_DATA. */
export function decodeWusp(input: Uint8Array, maxBytes: number): Uint8Array {
  const blocks = [...readBlockHeads(input)];
  const totalBytes = blocks.reduce((sum, block) => sum + block.originalBytes, 0);
  if (totalBytes > maxBytes) throw overLimit(totalBytes, maxBytes);
  const output = new Uint8Array(totalBytes);
  let at = 0;
  for (const block of blocks) {
    decodeBlock(input, block, output, at);
    at += block.originalBytes;
  }
  return output;
}

interface WuspBlock {
  originalBytes: number;
  from: number;
  to: number;
}

/** The block whose head is at `at`, or undefined while fewer bytes than it needs are there. Throws FORMAT_BAD_DATA. */
export function readWuspBlock(input: Uint8Array, at: number): WuspBlock | undefined {
  if (at + wuspHeadBytes > input.length) return undefined;
  const view = new DataView(input.buffer, input.byteOffset + at, wuspHeadBytes);
  const originalBytes = view.getUint32(0, true);
  const packedBytes = view.getUint32(4, true);
  if (originalBytes > maxWuspBlockBytes || packedBytes > maxWuspBlockBytes) {
    const message = `An Xpress block claims ${packedBytes} bytes for ${originalBytes}; ${maxWuspBlockBytes} is the most.`;
    throw new FormatError('FORMAT_BAD_DATA', message, { offset: at });
  }
  const from = at + wuspHeadBytes;
  return from + packedBytes > input.length ? undefined : { originalBytes, from, to: from + packedBytes };
}

/** Unpacks one block to output[at, at + originalBytes). */
export function decodeBlock(input: Uint8Array, block: WuspBlock, output: Uint8Array, at: number): void {
  const { originalBytes, from, to } = block;
  if (originalBytes === to - from) {
    output.set(input.subarray(from, to), at);
    return;
  }
  const end = decodeLz77(input, block, { bytes: output, at, end: at + originalBytes, grow: (bytes) => bytes });
  if (end !== at + originalBytes) {
    const message = `An Xpress block unpacks to ${end - at} bytes instead of ${originalBytes}.`;
    throw new FormatError('FORMAT_BAD_DATA', message, { offset: from });
  }
}

/** Packs one block of at most maxWuspBlockBytes behind its head, and answers where it ended. */
export function encodeBlock(
  input: Uint8Array,
  range: { from: number; to: number },
  output: Uint8Array,
  at: number,
  history: MatchHistory,
): number {
  const { from, to } = range;
  const dataAt = at + wuspHeadBytes;
  let end = encodeLz77(input, range, output, dataAt, history);
  if (end - dataAt >= to - from) {
    output.set(input.subarray(from, to), dataAt);
    end = dataAt + (to - from);
  }
  const view = new DataView(output.buffer, output.byteOffset + at, wuspHeadBytes);
  view.setUint32(0, to - from, true);
  view.setUint32(4, end - dataAt, true);
  return end;
}

export function overLimit(bytes: number, maxBytes: number): FormatError {
  return new FormatError(
    'FORMAT_OVER_LIMIT',
    `The Xpress data unpacks to ${bytes} bytes or more; the limit is ${maxBytes}.`,
  );
}

function* readBlockHeads(input: Uint8Array): Generator<WuspBlock> {
  for (let at = 0; at < input.length; ) {
    const block = readWuspBlock(input, at);
    if (!block) throw new FormatError('FORMAT_TRUNCATED', 'The last Xpress block is cut short.', { offset: at });
    yield block;
    at = block.to;
  }
}
