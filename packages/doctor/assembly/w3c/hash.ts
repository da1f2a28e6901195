// A 64-bit hash of columns: the rounds and the end of xxHash64 with one lane. It covers the length of each column, so
// that no two rows of columns run into one.

const prime1: u64 = 0x9e3779b185ebca87;
const prime2: u64 = 0xc2b2ae3d27d4eb4f;
const prime3: u64 = 0x165667b19e3779f9;

export const seed: u64 = 0x27d4eb2f165667c5;

function round(hash: u64, word: u64): u64 {
  return rotl<u64>(hash + word * prime2, 31) * prime1;
}

/** Takes the bytes of one column in. Reads up to eight bytes behind it, which make no difference. */
export function hashColumn(before: u64, from: usize, to: usize): u64 {
  let hash = before;
  let at = from;
  for (; at + 8 <= to; at += 8) hash = round(hash, load<u64>(at));
  const bits = (<u64>(to - at)) << 3;
  return round(hash ^ (<u64>(to - from + 1) * prime3), load<u64>(at) & (((<u64>1) << bits) - 1));
}

/** Never 0, which is an empty slot. */
export function finish(before: u64): u64 {
  let hash = before;
  hash = (hash ^ (hash >> 33)) * prime2;
  hash = (hash ^ (hash >> 29)) * prime3;
  hash ^= hash >> 32;
  return hash === 0 ? 1 : hash;
}
