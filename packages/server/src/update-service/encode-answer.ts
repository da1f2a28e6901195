// Content codings of answers: xpress for agents that ask for it (MS-WUSP 2.1.1), gzip for others that do, else plain.

import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { encodeXpress } from '@moult/formats/xpress';
import { LRUCache } from 'lru-cache';
import { callBounds } from '../bounds.ts';

const compress = promisify(gzip);

/** Below this a coding saves nothing that counts. */
const smallest = 200;
/** The most that one block of the xpress coding holds. */
const blockBytes = 65_535;

interface EncodedAnswer {
  bytes: Uint8Array;
  encoding: 'xpress' | 'gzip' | undefined;
}

export interface AnswerEncoder {
  /** `pieces` are one text, one behind the other. */
  encode(pieces: readonly string[], acceptEncoding: string | undefined): Promise<EncodedAnswer>;
}

/**
 * An encoder that remembers packed blocks, `budgetBytes` of them: machines of one kind get the same pages, which differ
 * only in the cookie at the end. Packing is the largest cost of an answer.
 */
export function createAnswerEncoder({
  budgetBytes = callBounds.packedAnswerBytes,
  packXpress = encodeXpress,
} = {}): AnswerEncoder {
  const packed = new LRUCache<string, Uint8Array>({
    maxSize: budgetBytes,
    sizeCalculation: (bytes, key) => bytes.length + key.length + 100,
  });

  const packBlock = (block: Uint8Array): Uint8Array => {
    if (block.length < blockBytes) return packXpress(block, 'wusp');
    const digest = createHash('sha256').update(block).digest('base64');
    const known = packed.get(digest);
    if (known) return known;
    const fresh = packXpress(block, 'wusp');
    packed.set(digest, fresh);
    return fresh;
  };
  const pack = (plain: Uint8Array): Uint8Array => {
    if (plain.length <= blockBytes) return packBlock(plain);
    const blocks: Uint8Array[] = [];
    for (let from = 0; from < plain.length; from += blockBytes) {
      blocks.push(packBlock(plain.subarray(from, from + blockBytes)));
    }
    return Buffer.concat(blocks);
  };

  return {
    async encode(pieces, acceptEncoding) {
      let length = 0;
      for (const piece of pieces) length += Buffer.byteLength(piece);
      const coding = chooseCoding(acceptEncoding, length);
      if (coding === 'xpress') return { bytes: pack(writeTo(scratchOf(length), pieces)), encoding: 'xpress' };
      const plain = writeTo(Buffer.allocUnsafe(length), pieces);
      if (coding === 'gzip') return { bytes: await compress(plain, { level: 4 }), encoding: 'gzip' };
      return { bytes: plain, encoding: undefined };
    },
  };
}

/** An answer that is packed at once needs its octets no longer: the same memory serves all but the largest answers. */
const scratch = Buffer.allocUnsafeSlow(1_048_576);

function scratchOf(length: number): Buffer {
  return length <= scratch.length ? scratch.subarray(0, length) : Buffer.allocUnsafe(length);
}

function writeTo(bytes: Buffer, pieces: readonly string[]): Buffer {
  let at = 0;
  for (const piece of pieces) at += bytes.write(piece, at);
  return bytes;
}

type Coding = NonNullable<EncodedAnswer['encoding']>;

/**
 * The coding that the client likes best (RFC 9110, 12.5.3). Xpress before gzip before none when it likes them alike.
 */
function chooseCoding(acceptEncoding: string | undefined, length: number): Coding | undefined {
  if (!acceptEncoding) return undefined;
  const weights = weightsIn(acceptEncoding);
  // A client that says `*` does not think of xpress. A coding that is not named at all is taken, but last.
  const plain = weights.get('identity') ?? (weights.get('*') === 0 ? 0 : Number.MIN_VALUE);
  if (length < smallest && plain > 0) return undefined;
  const xpress = weights.get('xpress') ?? 0;
  const gzip = weights.get('gzip') ?? weights.get('x-gzip') ?? 0;
  if (xpress > 0 && xpress >= Math.max(gzip, plain)) return 'xpress';
  return gzip > 0 && gzip >= plain ? 'gzip' : undefined;
}

function weightsIn(acceptEncoding: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const part of acceptEncoding.toLowerCase().split(',')) {
    const [coding = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    const weight = parameters.map((parameter) => /^q\s*=\s*(\d(?:\.\d*)?)$/.exec(parameter)?.[1]).find(Boolean);
    weights.set(coding, Number(weight ?? 1));
  }
  return weights;
}
