// The inner loop of the LZX decoder: literals and matches up to a place in the window. Headers and codes are read by
// decoder.ts, which also says, in `state`, where things stand. See there for the rules.
import { copyMatch } from './inflate';
import { alignedCode, input, lengthCode, mainCode, slotBases, slotExtraBits, state, window } from './layout';

const mainBits: i32 = 11;
const lengthBits: i32 = 10;
const alignedBits: i32 = 7;

const badSymbol: i32 = -1;
const pastEnd: i32 = -2;
const beforeBeginning: i32 = -3;

/** State: 0 bits, 1 how many are valid, 2 place in the input, 3 place in the window. 4 to 6 recent distances. */
export function runLzx(endPlace: i32, isAligned: bool, windowBytes: u32): i32 {
  let hold: u64 = (<u64>load<u32>(state)) << 32;
  let count: i32 = load<i32>(state, 4);
  let at: usize = input + load<u32>(state, 8);
  let out: usize = window + load<u32>(state, 12);
  let recent0 = load<u32>(state, 16);
  let recent1 = load<u32>(state, 20);
  let recent2 = load<u32>(state, 24);
  const end: usize = window + endPlace;
  while (out < end) {
    while (count <= 48) {
      hold |= (<u64>load<u16>(at)) << (48 - count);
      count += 16;
      at += 2;
    }
    let entry = <u32>load<u16>(mainCode + ((<usize>(hold >> (64 - mainBits))) << 1));
    if (entry === 0) entry = findLong(mainCode, mainBits, <u32>(hold >> 48));
    if (entry === 0) return badSymbol;
    hold <<= entry & 31;
    count -= entry & 31;
    const symbol = entry >> 5;
    if (symbol < 256) {
      store<u8>(out++, symbol);
      continue;
    }
    let length = <i32>(symbol & 7) + 2;
    if (length === 9) {
      entry = <u32>load<u16>(lengthCode + ((<usize>(hold >> (64 - lengthBits))) << 1));
      if (entry === 0) entry = findLong(lengthCode, lengthBits, <u32>(hold >> 48));
      if (entry === 0) return badSymbol;
      hold <<= entry & 31;
      count -= entry & 31;
      length += entry >> 5;
    }
    const slot = (symbol - 256) >> 3;
    let distance = recent0;
    if (slot > 2) {
      let extra = <i32>load<u8>(slotExtraBits + slot);
      distance = load<u32>(slotBases + (slot << 2)) - 2;
      const endsAligned = isAligned && extra >= 3;
      if (endsAligned) extra -= 3;
      if (extra > 0) {
        const value = <u32>(hold >> (64 - extra));
        distance += endsAligned ? value << 3 : value;
        hold <<= extra;
        count -= extra;
      }
      if (endsAligned) {
        if (count < 16) {
          hold |= (<u64>load<u16>(at)) << (48 - count);
          count += 16;
          at += 2;
        }
        entry = <u32>load<u16>(alignedCode + ((<usize>(hold >> (64 - alignedBits))) << 1));
        if (entry === 0) return badSymbol;
        hold <<= entry & 31;
        count -= entry & 31;
        distance += entry >> 5;
      }
      recent2 = recent1;
      recent1 = recent0;
      recent0 = distance;
    } else if (slot === 1) {
      distance = recent1;
      recent1 = recent0;
      recent0 = distance;
    } else if (slot === 2) {
      distance = recent2;
      recent2 = recent0;
      recent0 = distance;
    }
    if (length > <i32>(end - out)) return pastEnd;
    if (distance - 1 >= <u32>(out - window) || distance > windowBytes) return beforeBeginning;
    if (distance >= 8 && length <= 16) {
      // Most are so. This is copyMatch without its call and its loop.
      store<u64>(out, load<u64>(out - distance));
      store<u64>(out, load<u64>(out - distance, 8), 8);
      out += length;
    } else out = copyMatch(out, distance, length);
  }
  while (count > 32) {
    count -= 16;
    at -= 2;
  }
  hold = count === 0 ? 0 : (hold >> (64 - count)) << (64 - count);
  store<u32>(state, <u32>(hold >> 32));
  store<i32>(state, count, 4);
  store<u32>(state, <u32>(at - input), 8);
  store<u32>(state, <u32>(out - window), 12);
  store<u32>(state, recent0, 16);
  store<u32>(state, recent1, 20);
  store<u32>(state, recent2, 24);
  return 0;
}

/**
 * A code longer than the table's: behind the table, per length, its limit, its first code and where its symbols begin.
 * Then the symbols.
 */
function findLong(code: usize, tableBits: i32, next: u32): u32 {
  const search = code + (2 << tableBits);
  for (let bits = tableBits + 1; bits <= 16; bits++) {
    if (next < load<u32>(search + (bits << 2))) {
      const place = (next - load<u32>(search + 72 + (bits << 2))) >> (16 - bits);
      const first = load<u32>(search + 144 + (bits << 2));
      return ((<u32>load<u16>(search + 216 + ((first + place) << 1))) << 5) | bits;
    }
  }
  return 0;
}
