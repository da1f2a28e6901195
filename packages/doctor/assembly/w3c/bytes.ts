// Eight bytes at a time. Each test is exact for every byte: no carry goes from one to the next.

const low7: u64 = 0x7f7f7f7f7f7f7f7f;
const high: u64 = 0x8080808080808080;

/** The first byte from `at` on that is a blank or less. It always ends, because zeros follow the text. */
export function nextBreak(from: usize): usize {
  let at = from;
  let found = breaksIn(load<u64>(at));
  while (found === 0) {
    at += 8;
    found = breaksIn(load<u64>(at));
  }
  return at + <usize>(ctz(found) >> 3);
}

function breaksIn(word: u64): u64 {
  return ~(((word & low7) + 0x5f5f5f5f5f5f5f5f) | word) & high;
}

/** High bits of the bytes that equal `byte`, which is given eight times. */
export function bytesEqual(at: usize, byte: u64): u64 {
  const word = load<u64>(at) ^ byte;
  return ~(((word & low7) + low7) | word) & high;
}

/** The next newline, or `end`. */
export function lineEnd(from: usize, end: usize): usize {
  for (let at = from; at < end; at += 8) {
    const found = bytesEqual(at, 0x0a0a0a0a0a0a0a0a);
    if (found !== 0) return min(at + <usize>(ctz(found) >> 3), end);
  }
  return end;
}

/** Two digits as a number. Other bytes give some number too. */
export function twoDigits(at: usize): i32 {
  return (<i32>load<u8>(at) - 0x30) * 10 + (<i32>load<u8>(at, 1) - 0x30);
}
