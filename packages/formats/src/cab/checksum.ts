// The checksum of a CFDATA block (MS-CAB 3.1): XOR of little-endian 32-bit words, the odd bytes at the end read the
// other way round.

import { loadCodec } from '../codec/index.ts';
import { layout } from '../codec/layout.ts';

/** The room of the codec's input. A multiple of 4, and more than any data block holds. */
const roomBytes = 2 ** 16;

/** Continues `seed` over `bytes`. Answers an unsigned 32-bit number. */
export function cabinetChecksum(bytes: Uint8Array, seed: number): number {
  const wordsEnd = bytes.length & ~3;
  let sum = seed ^ xorWords(bytes, wordsEnd);
  let odd = 0;
  for (let at = wordsEnd; at < bytes.length; at++) odd = (odd << 8) | (bytes[at] ?? 0);
  sum ^= odd;
  return sum >>> 0;
}

function xorWords(bytes: Uint8Array, end: number): number {
  const codec = loadCodec();
  let sum = 0;
  for (let at = 0; at < end; at += roomBytes) {
    const piece = bytes.subarray(at, Math.min(end, at + roomBytes));
    codec.bytes.set(piece, layout.input);
    sum ^= codec.exports.xorWords(piece.length);
  }
  return sum;
}
