// The decoder for a folder's compression method. Each keeps its own history from block to block.
import { FormatError } from '../errors.ts';
import { LzxDecoder } from '../lzx/index.ts';
import { MszipDecoder } from '../mszip/index.ts';
import { QuantumDecoder } from '../quantum/index.ts';
import type { Compression } from './cabinet.ts';

export interface BlockDecoder {
  /**
   * Unpacks the next block to exactly `sizeBytes`. The answer may be overwritten by the next call. Throws FormatError.
   */
  decode(block: Uint8Array, sizeBytes: number): Uint8Array;
}

/** Throws FORMAT_UNSUPPORTED for a method that is not known. */
export function createBlockDecoder(compression: Compression): BlockDecoder {
  switch (compression.method) {
    case 'none':
      return createStoredDecoder();
    case 'mszip':
      return new MszipDecoder();
    case 'lzx':
      return new LzxDecoder(compression.windowBits);
    case 'quantum':
      return new QuantumDecoder(compression.windowBits);
    case 'unknown':
      throw new FormatError('FORMAT_UNSUPPORTED', `Compression method ${compression.number} is unknown.`);
  }
}

/** Copies: the source may overwrite what it gave as soon as anybody reads from it again. */
function createStoredDecoder(): BlockDecoder {
  const copy = new Uint8Array(2 ** 15);
  return {
    decode(block, sizeBytes) {
      if (block.length !== sizeBytes) {
        throw new FormatError('FORMAT_BAD_DATA', `A stored block has ${block.length} bytes instead of ${sizeBytes}.`);
      }
      copy.set(block);
      return copy.subarray(0, sizeBytes);
    },
  };
}
