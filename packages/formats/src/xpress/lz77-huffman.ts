// LZ77+Huffman (MS-XCA 2.1, 2.2). Every 64 KB of output has a table of 512 code lengths and a stream of 16-bit words.
// The bytes of long lengths are between the words. Hard part: the end. Symbol 256 is the end of the data, and also the
// match "three bytes from one back". Only a decoder that knows the size can always tell. Our encoder never writes that
// match, so our streams end without doubt.

import { copyMatch } from '../copy-match.ts';
import { FormatError } from '../errors.ts';
import { fillDecodingTable } from '../huffman.ts';
import { overLimit } from './wusp.ts';

const tableBytes = 256;
const codeBits = 15;
export const huffmanBlockBytes = 65536;
export const endOfData = 256;

/**
 * Unpacks everything. With `sizeBytes` the stream must give exactly that. Without, symbol 256 with no input left is the
 * end. Throws FORMAT_OVER_LIMIT, FORMAT_TRUNCATED, FORMAT_BAD_DATA.
 */
export function decodeLz77Huffman(input: Uint8Array, maxBytes: number, sizeBytes?: number): Uint8Array {
  if (sizeBytes !== undefined && sizeBytes > maxBytes) throw overLimit(sizeBytes, maxBytes);
  if (sizeBytes === 0 || (sizeBytes === undefined && input.length === 0)) return new Uint8Array();
  const decoder = new HuffmanDecoder(input, maxBytes, sizeBytes);
  while (decoder.decodeBlock()) {
    // Each call unpacks 64 KB.
  }
  return decoder.unpacked();
}

class HuffmanDecoder {
  readonly #input: Uint8Array;
  readonly #maxBytes: number;
  readonly #sizeBytes: number | undefined;
  readonly #table = new Uint16Array(1 << codeBits);
  readonly #lengths = new Uint8Array(512);
  #output: Uint8Array;
  #out = 0;
  #at = 0;

  constructor(input: Uint8Array, maxBytes: number, sizeBytes: number | undefined) {
    this.#input = input;
    this.#maxBytes = maxBytes;
    this.#sizeBytes = sizeBytes;
    this.#output = new Uint8Array(sizeBytes ?? Math.min(maxBytes, input.length * 4));
  }

  unpacked(): Uint8Array {
    return this.#output.length === this.#out ? this.#output : this.#output.slice(0, this.#out);
  }

  /** false once the end is reached. */
  decodeBlock(): boolean {
    if (this.#input.length - this.#at < tableBytes + 4) {
      const isWhole = this.#sizeBytes === undefined ? this.#out > 0 : this.#out === this.#sizeBytes;
      if (isWhole && this.#at >= this.#input.length - 4) return false;
      throw new FormatError('FORMAT_TRUNCATED', 'The Xpress data ends in the middle.', { offset: this.#at });
    }
    this.#readTable();
    return this.#decodeSymbols();
  }

  #readTable(): void {
    for (let index = 0; index < tableBytes; index++) {
      const pair = this.#input[this.#at + index] as number;
      this.#lengths[2 * index] = pair & 15;
      this.#lengths[2 * index + 1] = pair >> 4;
    }
    if (!fillDecodingTable(this.#lengths, codeBits, this.#table)) {
      throw new FormatError('FORMAT_BAD_DATA', 'The code lengths of an Xpress block make no code.', {
        offset: this.#at,
      });
    }
    this.#at += tableBytes;
  }

  #decodeSymbols(): boolean {
    const input = this.#input;
    const table = this.#table;
    const blockEnd = this.#out + huffmanBlockBytes;
    const stop = Math.min(blockEnd, this.#sizeBytes ?? blockEnd);
    let out = this.#out;
    let at = this.#at;
    let bits = (readU16(input, at) << 16) | readU16(input, at + 2);
    let extra = 16;
    at += 4;
    let output = this.#room(out);
    while (out < stop) {
      const entry = table[bits >>> (32 - codeBits)] as number;
      const codeLength = entry & 15;
      const symbol = entry >> 4;
      bits <<= codeLength;
      extra -= codeLength;
      if (extra < 0) {
        if (at + 2 > input.length) throw cutShort(at);
        bits |= readU16(input, at) << -extra;
        extra += 16;
        at += 2;
      }
      if (symbol < 256) {
        if (out >= output.length) output = this.#grow(out, out + 1);
        output[out++] = symbol;
        continue;
      }
      if (symbol === endOfData && this.#sizeBytes === undefined && at >= input.length) {
        this.#out = out;
        return false;
      }
      let length = symbol & 15;
      if (length === 15) {
        if (at >= input.length) throw cutShort(at);
        length += input[at++] as number;
        if (length === 15 + 255) {
          if (at + 2 > input.length) throw cutShort(at);
          length = readU16(input, at);
          at += 2;
          if (length === 0) {
            if (at + 4 > input.length) throw cutShort(at);
            length = readU16(input, at) + readU16(input, at + 2) * 65536;
            at += 4;
          }
          if (length < 15) throw badMatch('has a length written in a form too long for it', at);
        }
      }
      length += 3;
      const distanceBits = (symbol - 256) >> 4;
      const distance = (1 << distanceBits) + (distanceBits === 0 ? 0 : bits >>> (32 - distanceBits));
      bits <<= distanceBits;
      extra -= distanceBits;
      if (extra < 0) {
        if (at + 2 > input.length) throw cutShort(at);
        bits |= readU16(input, at) << -extra;
        extra += 16;
        at += 2;
      }
      if (distance > out) throw badMatch('reaches before the beginning', at);
      if (out + length > (this.#sizeBytes ?? this.#maxBytes)) throw this.#tooLong(out + length, at);
      if (out + length > output.length) output = this.#grow(out, out + length);
      copyMatch(output, out, distance, length);
      out += length;
    }
    this.#out = out;
    this.#at = at;
    return this.#sizeBytes === undefined || out < this.#sizeBytes;
  }

  #room(out: number): Uint8Array {
    return out < this.#output.length
      ? this.#output
      : this.#grow(out, Math.min(out + huffmanBlockBytes, this.#maxBytes));
  }

  #grow(out: number, needed: number): Uint8Array {
    if (needed > this.#maxBytes) throw overLimit(needed, this.#maxBytes);
    const larger = new Uint8Array(Math.min(this.#maxBytes, Math.max(needed, this.#output.length * 2)));
    larger.set(this.#output.subarray(0, out));
    this.#output = larger;
    return larger;
  }

  #tooLong(bytes: number, offset: number): FormatError {
    if (this.#sizeBytes === undefined) return overLimit(bytes, this.#maxBytes);
    return badMatch('runs past the size that was announced', offset);
  }
}

function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

function cutShort(offset: number): FormatError {
  return new FormatError('FORMAT_TRUNCATED', 'The Xpress data ends in the middle.', { offset });
}

function badMatch(what: string, offset: number): FormatError {
  return new FormatError('FORMAT_BAD_DATA', `A match in the Xpress data ${what}.`, { offset });
}
