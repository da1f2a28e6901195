// Packing MSZIP: zlib's deflate, block by block.
import { deflateRaw, deflateRawSync } from 'node:zlib';
import { mszipBlockBytes, signature } from './decoder.ts';

// 32 KB that deflate cannot shrink need five bytes more per stored block. MS-MSZIP allows 12 above 32 KB.
const maxPackedBytes = mszipBlockBytes + 12;
/** zlib's levels: at 5 a cabinet is smaller than gcab's and made faster. */
const defaultLevel = 5;

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
