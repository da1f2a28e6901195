// Whole values packed and unpacked, in each of the three forms.
import { FormatError } from '../errors.ts';
import { createLz77History, decodeLz77, encodeLz77, lz77WorstCase } from './lz77.ts';
import { decodeLz77Huffman } from './lz77-huffman.ts';
import { encodeLz77Huffman } from './lz77-huffman-encode.ts';
import { decodeWusp, encodeWusp, overLimit } from './wusp.ts';

/** wusp: `Content-Encoding: xpress` (MS-WUSP 2.1.1). The others: MS-XCA 2.3 and 2.1. */
export type XpressFormat = 'wusp' | 'lz77' | 'lz77-huffman';

export const xpressFormats: readonly XpressFormat[] = ['wusp', 'lz77', 'lz77-huffman'];

export interface XpressLimits {
  /** Most bytes to unpack to. */
  maxBytes: number;
  /** The unpacked size when it is known. Then the data must give exactly that. Not for wusp, which says it itself. */
  sizeBytes?: number;
}

/** Packs everything. Empty input gives empty output for wusp and lz77-huffman. */
export function encodeXpress(bytes: Uint8Array, format: XpressFormat = 'wusp'): Uint8Array {
  if (format === 'wusp') return encodeWusp(bytes);
  if (format === 'lz77-huffman') return encodeLz77Huffman(bytes);
  const output = new Uint8Array(lz77WorstCase(bytes.length));
  const end = encodeLz77(bytes, { from: 0, to: bytes.length }, output, 0, createLz77History());
  return output.slice(0, end);
}

/** Unpacks everything. Throws FORMAT_OVER_LIMIT, FORMAT_TRUNCATED or FORMAT_BAD_DATA, with the offset in `bytes`. */
export function decodeXpress(bytes: Uint8Array, limits: XpressLimits, format: XpressFormat = 'wusp'): Uint8Array {
  if (format === 'wusp') return decodeWusp(bytes, limits.maxBytes);
  if (format === 'lz77-huffman') return decodeLz77Huffman(bytes, limits.maxBytes, limits.sizeBytes);
  return decodePlain(bytes, limits);
}

function decodePlain(input: Uint8Array, { maxBytes, sizeBytes }: XpressLimits): Uint8Array {
  if (sizeBytes !== undefined && sizeBytes > maxBytes) throw overLimit(sizeBytes, maxBytes);
  const target = {
    bytes: new Uint8Array(sizeBytes ?? Math.min(maxBytes, input.length * 4)),
    at: 0,
    end: sizeBytes ?? Number.POSITIVE_INFINITY,
    grow(bytes: Uint8Array, needed: number): Uint8Array {
      if (needed > maxBytes) throw overLimit(needed, maxBytes);
      const larger = new Uint8Array(Math.min(maxBytes, Math.max(needed, bytes.length * 2)));
      larger.set(bytes);
      return larger;
    },
  };
  const end = decodeLz77(input, { from: 0, to: input.length }, target);
  if (sizeBytes !== undefined && end !== sizeBytes) {
    const message = `The Xpress data unpacks to ${end} bytes instead of ${sizeBytes}.`;
    throw new FormatError('FORMAT_BAD_DATA', message, { offset: input.length });
  }
  return end === target.bytes.length ? target.bytes : target.bytes.slice(0, end);
}
