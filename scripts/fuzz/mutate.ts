// Changes to bytes that have broken decoders before: flipped bits, numbers at the edges, pieces lost, doubled or taken
// from elsewhere.

export interface Random {
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
}

/** The same numbers for the same seed. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    below(limit) {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
    },
  };
}

const edges = [
  0, 1, 2, 3, 7, 8, 15, 16, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
  0xffffffff,
];

/** A changed copy of `parent`, at most `maxBytes` long. `other` lends pieces. */
export function mutate(parent: Uint8Array, other: Uint8Array, random: Random, maxBytes: number): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(parent);
  for (let changes = 1 + random.below(4); changes > 0; changes--) bytes = change(bytes, other, random);
  return bytes.length > maxBytes ? bytes.subarray(0, maxBytes) : bytes;
}

function change(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  switch (random.below(9)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = random.below(256);
      return bytes;
    case 2:
    case 3:
      return withNumber(bytes, at, random);
    case 4:
      return spliced(bytes, at, Math.min(bytes.length, at + 1 + random.below(16)), new Uint8Array());
    case 5:
      return spliced(bytes, at, at, bytes.subarray(random.below(bytes.length + 1)).subarray(0, 1 + random.below(64)));
    case 6:
      return spliced(bytes, at, at, other.subarray(random.below(other.length + 1)).subarray(0, 1 + random.below(200)));
    case 7:
      return bytes.subarray(0, at);
    default:
      return spliced(
        bytes,
        at,
        at,
        Uint8Array.from({ length: 1 + random.below(8) }, () => random.below(256)),
      );
  }
}

/** Puts a number in one, two or four bytes of either order: one at an edge, or one near the present number. */
function withNumber(bytes: Uint8Array, at: number, random: Random): Uint8Array {
  const width = [1, 2, 4][random.below(3)] as number;
  if (at + width > bytes.length) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = random.below(4) > 0;
  const before =
    width === 4 ? view.getUint32(at, little) : width === 2 ? view.getUint16(at, little) : view.getUint8(at);
  const near = before + random.below(33) - 16;
  const value = random.below(2) === 0 ? near : (edges[random.below(edges.length)] as number);
  if (width === 4) view.setUint32(at, value, little);
  else if (width === 2) view.setUint16(at, value, little);
  else view.setUint8(at, value);
  return bytes;
}

function spliced(bytes: Uint8Array, from: number, to: number, piece: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length - (to - from) + piece.length);
  result.set(bytes.subarray(0, from));
  result.set(piece, from);
  result.set(bytes.subarray(to), from + piece.length);
  return result;
}
