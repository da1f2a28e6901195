// Plain LZ77 (MS-XCA 2.3, 2.4): flag words of 32 bits, first flag at the top. 0 is a literal byte. 1 is a match: 13
// bits of distance and 3 of length, with nibble, byte, word and double word behind for longer ones. Hard part: the
// nibble. Two long matches share one byte. Its place is where the first of them needed it.

import { copyMatch } from '../copy-match.ts';
import { FormatError } from '../errors.ts';
import { MatchHistory } from './match-history.ts';

/** Room that `bytes` of input can need in the worst case: all literals, and the flag words between them. */
export function lz77WorstCase(bytes: number): number {
  return bytes + 4 * (Math.floor(bytes / 32) + 1);
}

/** A history as plain LZ77 wants it: distances up to 8,192 (13 bits), and effort that keeps 50 MB/s on XML. */
export function createLz77History(): MatchHistory {
  return new MatchHistory({ maxDistance: 8192, maxLength: 0xffff, maxTries: 12, goodLength: 64 });
}

/**
 * Packs input[from, to) to `output` at `at`, as a stream that stands alone, and answers where it ended. `output` must
 * have lz77WorstCase(to - from) bytes of room. `history` must have seen nothing behind `from`.
 */
export function encodeLz77(
  input: Uint8Array,
  range: { from: number; to: number },
  output: Uint8Array,
  at: number,
  history: MatchHistory,
): number {
  const { from, to } = range;
  let flags = 0;
  let flagCount = 0;
  let flagsAt = at;
  let nibbleAt = -1;
  let out = at + 4;
  history.begin(from);
  for (let position = from; position < to; ) {
    const match = history.find(input, position, to);
    if (match === 0) {
      output[out++] = input[position++] as number;
      flags <<= 1;
    } else {
      const length = match & 0xffff;
      history.insert(input, position + 1, position + length, to);
      position += length;
      flags = (flags << 1) | 1;
      const word = (((match >>> 16) - 1) << 3) | Math.min(7, length - 3);
      output[out++] = word & 0xff;
      output[out++] = word >> 8;
      if (length >= 10) {
        const nibble = Math.min(15, length - 10);
        if (nibbleAt < 0) {
          nibbleAt = out;
          output[out++] = nibble;
        } else {
          output[nibbleAt] = (output[nibbleAt] as number) | (nibble << 4);
          nibbleAt = -1;
        }
        if (nibble === 15) out = writeLongLength(output, out, length);
      }
    }
    if (++flagCount === 32) {
      writeWord(output, flagsAt, flags);
      flagCount = 0;
      flagsAt = out;
      out += 4;
    }
  }
  // The flag behind the last element is 1, as are all that are left (MS-XCA 2.3.4).
  writeWord(output, flagsAt, flagCount === 0 ? -1 : (flags << (32 - flagCount)) | (2 ** (32 - flagCount) - 1));
  return out;
}

/** A length of 25 or more behind its full nibble: one byte, or 255 and the whole length less 3. */
function writeLongLength(output: Uint8Array, at: number, length: number): number {
  let out = at;
  if (length < 25 + 255) {
    output[out++] = length - 25;
    return out;
  }
  output[out++] = 255;
  output[out++] = (length - 3) & 0xff;
  output[out++] = (length - 3) >> 8;
  return out;
}

/** The buffer for unpacked bytes. */
interface Lz77Target {
  bytes: Uint8Array;
  at: number;
  /** Unpacking stops here. A match may not run past it. Infinity when the size is not known. */
  end: number;
  /** Called when `bytes` is too small. Answers a larger copy or throws. */
  grow(bytes: Uint8Array, needed: number): Uint8Array;
}

/**
 * Unpacks a stream in input[from, to) and answers where the output ended: at `end`, or before it where the stream says
 * so. Throws FORMAT_TRUNCATED or FORMAT_BAD_DATA, with the offset in `input`.
 */
export function decodeLz77(input: Uint8Array, range: { from: number; to: number }, target: Lz77Target): number {
  const { to } = range;
  const { at: begin, end } = target;
  let output = target.bytes;
  let position = range.from;
  let out = begin;
  let flags = 0;
  let flagCount = 0;
  let nibbleAt = -1;
  while (out < end) {
    if (flagCount === 0) {
      if (position + 4 > to) throw cutShort(position);
      flags = readWord(input, position);
      position += 4;
      flagCount = 32;
    }
    const literals = Math.min(Math.clz32(flags), flagCount, end - out);
    if (literals > 0) {
      if (position + literals > to) throw cutShort(position);
      if (out + literals > output.length) output = target.grow(output, out + literals);
      for (let count = literals; count > 0; count--) output[out++] = input[position++] as number;
      flagCount -= literals;
      // In JavaScript a shift by 32 is a shift by 0.
      flags = literals === 32 ? 0 : flags << literals;
      continue;
    }
    flags <<= 1;
    flagCount--;
    if (position === to) break;
    if (position + 2 > to) throw cutShort(position);
    const matchAt = position;
    const word = (input[position] as number) | ((input[position + 1] as number) << 8);
    position += 2;
    let length = (word & 7) + 3;
    if (length === 10) {
      let nibble: number;
      if (nibbleAt < 0) {
        if (position >= to) throw cutShort(position);
        nibbleAt = position;
        nibble = (input[position++] as number) & 15;
      } else {
        nibble = (input[nibbleAt] as number) >> 4;
        nibbleAt = -1;
      }
      length += nibble;
      if (nibble === 15) {
        length = readLongLength(input, position, to);
        position += longLengthBytes(input, position);
      }
    }
    const distance = (word >> 3) + 1;
    if (distance > out - begin) throw badMatch('reaches before the beginning', matchAt);
    if (length > end - out) throw badMatch('runs past the size that was announced', matchAt);
    if (out + length > output.length) output = target.grow(output, out + length);
    copyMatch(output, out, distance, length);
    out += length;
  }
  target.bytes = output;
  return out;
}

/** The length behind a full nibble at `at`. */
function readLongLength(input: Uint8Array, at: number, to: number): number {
  if (at >= to) throw cutShort(at);
  const byte = input[at] as number;
  if (byte < 255) return byte + 25;
  if (at + 3 > to) throw cutShort(at);
  const word = (input[at + 1] as number) | ((input[at + 2] as number) << 8);
  if (word === 0 && at + 7 > to) throw cutShort(at);
  const stored = word === 0 ? readWord(input, at + 3) >>> 0 : word;
  // MS-XCA 2.4.4: what fits a shorter form may not come in this one.
  if (stored < 15 + 7) throw badMatch('has a length written in a form too long for it', at);
  return stored + 3;
}

function longLengthBytes(input: Uint8Array, at: number): number {
  if (input[at] !== 255) return 1;
  return input[at + 1] === 0 && input[at + 2] === 0 ? 7 : 3;
}

function readWord(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word;
  bytes[at + 1] = word >> 8;
  bytes[at + 2] = word >> 16;
  bytes[at + 3] = word >> 24;
}

function cutShort(offset: number): FormatError {
  return new FormatError('FORMAT_TRUNCATED', 'The Xpress data ends in the middle.', { offset });
}

function badMatch(what: string, offset: number): FormatError {
  return new FormatError('FORMAT_BAD_DATA', `A match in the Xpress data ${what}.`, { offset });
}
