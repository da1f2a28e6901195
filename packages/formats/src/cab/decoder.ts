// The decoder for a folder's compression method; each keeps its own history from block to block.
import { FormatError } from '../errors.ts';
import { LzxDecoder } from '../lzx/index.ts';
import { MszipDecoder } from '../mszip/index.ts';
import { QuantumDecoder } from '../quantum/index.ts';
import type { Compression } from './cabinet.ts';

export interface BlockDecoder {
  /**
   * Unpacks the next block to exactly `sizeBytes`; the answer may be overwritten by the next call. Throws FormatError.
   */
  decode(block: Uint8Array, sizeBytes: number): Uint8Array;
}

export function createBlockDecoder(compression: Compression): BlockDecoder {
  switch (compression.method) {
    case 'none':
      return { decode: checkStored };
    case 'mszip':
      return new MszipDecoder();
    case 'lzx':
      return new LzxDecoder(compression.windowBits);
    case 'quantum':
      return new QuantumDecoder(compression.windowBits);
  }
}

function checkStored(block: Uint8Array, sizeBytes: number): Uint8Array {
  if (block.length === sizeBytes) return block;
  throw new FormatError('FORMAT_BAD_DATA', `A stored block has ${block.length} bytes instead of ${sizeBytes}.`);
}
