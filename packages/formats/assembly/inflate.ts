// Inflate (RFC 1951) for one MSZIP block: a whole deflate stream of at most 32 KB of output that may refer to the 32 KB
// before.
import {
  buildCode,
  distanceBits,
  exceptional,
  forDistances,
  forLengths,
  forLiterals,
  isEnd,
  isLonger,
  literalBits,
  prepareMeanings,
} from './deflate-code';
import { distanceTable, input, literalTable, scratch, window } from './layout';

const truncated: i32 = -1;
const badBlock: i32 = -2;
const badCode: i32 = -3;
const badSymbol: i32 = -4;
const badDistance: i32 = -5;
const tooLong: i32 = -6;

/** The state of reading between the parts of a stream. The loop over symbols has its own copies, in registers. */
let hold: u64 = 0;
let count: i32 = 0;
let at: usize = 0;
let inputEnd: usize = 0;

/**
 * Unpacks to `place` of the window. Answers how many bytes came out (at most `outputBytes`), or an error.
 * `historyBytes` before `place` count as history. Up to 300 bytes behind the output may be overwritten.
 */
export function inflate(inputBytes: i32, place: i32, outputBytes: i32, historyBytes: i32): i32 {
  prepareMeanings();
  hold = 0;
  count = 0;
  at = input;
  inputEnd = input + inputBytes;
  const begin: usize = window + place;
  const floor: usize = begin - historyBytes;
  const limit: usize = begin + outputBytes;
  let out: usize = begin;
  let isLast = false;
  while (!isLast) {
    refill();
    if (isOverrun()) return truncated;
    isLast = take(1) === 1;
    const type = take(2);
    if (type === 0) {
      out = copyStored(out, limit);
    } else if (type === 3) {
      return badBlock;
    } else {
      const problem = type === 1 ? buildFixed() : buildDynamic();
      if (problem < 0) return problem;
      out = decode(out, limit, floor);
    }
    if (<i32>out < 0) return <i32>out;
  }
  return isOverrun() ? truncated : <i32>(out - begin);
}

/** At least 56 bits are there afterwards. */
function refill(): void {
  hold |= load<u64>(at) << count;
  at += (63 - count) >> 3;
  count |= 56;
}

function take(bits: i32): i32 {
  const value = <i32>(hold & (((<u64>1) << bits) - 1));
  hold >>= bits;
  count -= bits;
  return value;
}

function isOverrun(): bool {
  return at - (count >> 3) > inputEnd;
}

/** A stored block begins at the next byte: its length, the length's complement, and the bytes. */
function copyStored(out: usize, limit: usize): usize {
  at -= count >> 3;
  hold = 0;
  count = 0;
  if (at + 4 > inputEnd) return <usize>truncated;
  const length = <i32>load<u16>(at);
  if ((length ^ <i32>load<u16>(at + 2)) !== 0xffff) return <usize>badBlock;
  at += 4;
  if (at + length > inputEnd) return <usize>truncated;
  if (out + length > limit) return <usize>tooLong;
  memory.copy(out, at, length);
  at += length;
  return out + length;
}

/**
 * Symbols up to the end of the block. Answers the end of the output, or an error. A turn of the loop writes at most
 * three literals and one match. Only then it looks whether that was too much. Of `left` only the lower six bits count,
 * as for a shift. So whole entries are taken from it. Their lowest six bits are the number of bits that they used.
 */
function decode(start: usize, limit: usize, floor: usize): usize {
  let out = start;
  let bits = hold;
  let left = count;
  let from = at;
  const last = inputEnd + 16;
  const literalMask: u64 = (1 << literalBits) - 1;
  bits |= load<u64>(from) << left;
  from += 7 - ((left >> 3) & 7);
  left |= 56;
  let entry = load<u32>(literalTable + ((<usize>(bits & literalMask)) << 2));
  while (from <= last && out <= limit) {
    // Two literals out of a table of 11 bits leave 34 of 56 bits: enough for a third code, or a length of 20 bits.
    if (<i32>entry < 0) {
      bits >>= entry;
      left -= entry;
      store<u8>(out++, entry >> 16);
      entry = load<u32>(literalTable + ((<usize>(bits & literalMask)) << 2));
      if (<i32>entry < 0) {
        bits >>= entry;
        left -= entry;
        store<u8>(out++, entry >> 16);
        entry = load<u32>(literalTable + ((<usize>(bits & literalMask)) << 2));
        if (<i32>entry < 0) {
          bits >>= entry;
          left -= entry;
          store<u8>(out++, entry >> 16);
          bits |= load<u64>(from) << left;
          from += 7 - ((left >> 3) & 7);
          left |= 56;
          entry = load<u32>(literalTable + ((<usize>(bits & literalMask)) << 2));
          continue;
        }
      }
    }
    if ((entry & exceptional) !== 0) {
      if ((entry & isLonger) !== 0) {
        entry = longer(literalTable, bits >> literalBits, entry);
        if (<i32>entry < 0) {
          // A literal like others, once there are bits for those behind it.
          bits |= load<u64>(from) << left;
          from += 7 - ((left >> 3) & 7);
          left |= 56;
          continue;
        }
      }
      if ((entry & exceptional) !== 0) {
        if ((entry & isEnd) === 0) return <usize>(from - 8 > inputEnd ? truncated : badSymbol);
        hold = bits >> entry;
        count = (left - entry) & 63;
        at = from;
        if (out > limit) break;
        return out;
      }
    }
    const length = <i32>(entry >> 16) + extraOf(bits, entry);
    bits >>= entry;
    left -= entry;
    bits |= load<u64>(from) << left;
    from += 7 - ((left >> 3) & 7);
    left |= 56;
    entry = load<u32>(distanceTable + ((<usize>(bits & ((1 << distanceBits) - 1))) << 2));
    if ((entry & exceptional) !== 0) {
      if ((entry & isLonger) !== 0) entry = longer(distanceTable, bits >> distanceBits, entry);
      if ((entry & exceptional) !== 0) return <usize>(from - 8 > inputEnd ? truncated : badSymbol);
    }
    const distance = <usize>(<i32>(entry >> 16) + extraOf(bits, entry));
    bits >>= entry;
    left -= entry;
    if (out - distance < floor) return <usize>(from - ((left >> 3) & 7) > inputEnd ? truncated : badDistance);
    // Looked up before the copy, which it need not wait for.
    bits |= load<u64>(from) << left;
    from += 7 - ((left >> 3) & 7);
    left |= 56;
    entry = load<u32>(literalTable + ((<usize>(bits & literalMask)) << 2));
    if (distance >= 8 && length <= 16) {
      // Most are so. This is copyMatch without its call and its loop.
      store<u64>(out, load<u64>(out - distance));
      store<u64>(out, load<u64>(out - distance, 8), 8);
      out += length;
    } else out = copyMatch(out, distance, length);
  }
  return <usize>(from - ((left >> 3) & 7) > inputEnd ? truncated : tooLong);
}

/** The extra bits behind a code: those of all its bits (entry & 31) that come behind the code's own. */
function extraOf(bits: u64, entry: u32): i32 {
  return <i32>((bits & (((<u64>1) << (entry & 31)) - 1)) >> ((entry >> 8) & 15));
}

/** The entry of a code that is longer than its table, from the bits behind the table's. */
function longer(table: usize, bits: u64, entry: u32): u32 {
  const index = <usize>((entry >> 16) & 0x7fff) + <usize>(bits & ((1 << ((entry >> 8) & 15)) - 1));
  return load<u32>(table + (index << 2));
}

/** A match that is not short and far. May write up to seven bytes more than asked for. */
export function copyMatch(out: usize, distance: usize, length: i32): usize {
  const stop = out + length;
  let to = out;
  let from = out - distance;
  if (distance >= 8) {
    while (to < stop) {
      store<u64>(to, load<u64>(from));
      to += 8;
      from += 8;
    }
  } else if (distance === 1) {
    const run = 0x0101010101010101 * <u64>load<u8>(from);
    while (to < stop) {
      store<u64>(to, run);
      to += 8;
    }
  } else {
    while (to < stop) store<u8>(to++, load<u8>(from++));
  }
  return stop;
}

function buildFixed(): i32 {
  for (let symbol = 0; symbol < 288; symbol++) {
    const bits = symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8;
    store<u8>(scratch + symbol, bits);
  }
  if (buildCode(literalTable, literalBits, scratch, 288, forLiterals) < 0) return badCode;
  memory.fill(scratch, 5, 30);
  // 30 codes of five bits: two mean nothing, as RFC 1951 3.2.6 says.
  store<u16>(scratch + 30, 0x0505);
  return buildCode(distanceTable, distanceBits, scratch, 32, forDistances) < 0 ? badCode : 0;
}

/** RFC 1951 3.2.7: a code for code lengths, then the lengths of both codes in one run. */
function buildDynamic(): i32 {
  const literals = take(5) + 257;
  const distances = take(5) + 1;
  const lengths = take(4) + 4;
  if (literals > 286 || distances > 30) return badCode;
  memory.fill(scratch, 0, 32);
  for (let index = 0; index < lengths; index++) {
    refill();
    store<u8>(scratch + codeLengthPlace(index), take(3));
  }
  if (buildCode(distanceTable, 7, scratch, 19, forLengths) !== 0) return badCode;
  const total = literals + distances;
  const place = scratch + 512;
  let filled = 0;
  while (filled < total) {
    refill();
    const entry = load<u32>(distanceTable + ((<usize>(hold & 127)) << 2));
    hold >>= entry & 31;
    count -= entry & 31;
    const symbol = <i32>(entry >> 16);
    if (symbol < 16) {
      store<u8>(place + filled++, symbol);
      continue;
    }
    if (symbol === 16 && filled === 0) return badCode;
    const repeated = symbol === 16 ? load<u8>(place + filled - 1) : 0;
    const run = symbol === 16 ? 3 + take(2) : symbol === 17 ? 3 + take(3) : 11 + take(7);
    if (filled + run > total) return badCode;
    memory.fill(place + filled, repeated, run);
    filled += run;
  }
  if (isOverrun()) return truncated;
  if (load<u8>(place + 256) === 0) return badCode;
  if (buildCode(literalTable, literalBits, place, literals, forLiterals) < 0) return badCode;
  return buildCode(distanceTable, distanceBits, place + literals, distances, forDistances) < 0 ? badCode : 0;
}

/** The order in which code lengths are sent: 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15. */
function codeLengthPlace(index: i32): i32 {
  if (index < 3) return 16 + index;
  if (index === 3) return 0;
  const step = (index - 4) >> 1;
  return (index & 1) === 0 ? 8 + step : 7 - step;
}
