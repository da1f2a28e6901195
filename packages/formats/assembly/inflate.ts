// Inflate (RFC 1951) for one MSZIP block: a whole deflate stream of at most 32 KB of output that may refer to the 32 KB
// before.
import { distanceTable, inflateOutput, input, literalTable, scratch } from './layout';

const literalBits: i32 = 11;
const distanceBits: i32 = 9;

// An entry: value << 16 | extra bits << 8 | kind << 5 | code bits. 0 means nothing.
const kindLiteral: u32 = 0;
const kindMatch: u32 = 1;
const kindEnd: u32 = 2;
const kindLonger: u32 = 3;

/** What a table is for: literals and lengths, distances, or the lengths of codes, whose symbols are plain numbers. */
const forLiterals: i32 = 0;
const forDistances: i32 = 1;
const forLengths: i32 = 2;

/** For symbols that RFC 1951 leaves out. */
const meaningless: u32 = 0xffffffff;

const truncated: i32 = -1;
const badBlock: i32 = -2;
const badCode: i32 = -3;
const badSymbol: i32 = -4;
const badDistance: i32 = -5;
const tooLong: i32 = -6;

let hold: u64 = 0;
let count: i32 = 0;
let at: usize = 0;
let inputEnd: usize = 0;

/** Unpacks; answers how many bytes came out (at most `outputBytes`), or an error. `historyBytes` of history count. */
export function inflate(inputBytes: i32, outputBytes: i32, historyBytes: i32): i32 {
  hold = 0;
  count = 0;
  at = input;
  inputEnd = input + inputBytes;
  const floor: usize = inflateOutput - historyBytes;
  const limit: usize = inflateOutput + outputBytes;
  let out: usize = inflateOutput;
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
      out = <usize>decode(out, limit, floor);
    }
    if (<i32>out < 0) return <i32>out;
  }
  return isOverrun() ? truncated : <i32>(out - inflateOutput);
}

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

/** Symbols up to the end of the block; answers where the output ends, or an error. */
function decode(start: usize, limit: usize, floor: usize): usize {
  let out = start;
  while (at <= inputEnd + 16) {
    refill();
    let entry = load<u32>(literalTable + ((<usize>(hold & ((1 << literalBits) - 1))) << 2));
    if ((entry & 0x60) === kindLonger << 5) entry = longer(literalTable, literalBits, entry);
    hold >>= entry & 31;
    count -= entry & 31;
    if ((entry & 0x60) === kindLiteral << 5) {
      if (entry === 0) return <usize>(at - 8 > inputEnd ? truncated : badSymbol);
      if (out >= limit) return <usize>(isOverrun() ? truncated : tooLong);
      store<u8>(out++, entry >> 16);
      // 41 bits are left at least: enough for a second literal, as most are followed by one.
      entry = load<u32>(literalTable + ((<usize>(hold & ((1 << literalBits) - 1))) << 2));
      if ((entry & 0x60) !== kindLiteral << 5 || entry === 0 || out >= limit) continue;
      hold >>= entry & 31;
      count -= entry & 31;
      store<u8>(out++, entry >> 16);
      continue;
    }
    if ((entry & 0x60) === kindEnd << 5) return out;
    const length = <i32>(entry >> 16) + take((entry >> 8) & 255);
    entry = load<u32>(distanceTable + ((<usize>(hold & ((1 << distanceBits) - 1))) << 2));
    if ((entry & 0x60) === kindLonger << 5) entry = longer(distanceTable, distanceBits, entry);
    hold >>= entry & 31;
    count -= entry & 31;
    if (entry === 0) return <usize>(at - 8 > inputEnd ? truncated : badSymbol);
    const distance = <usize>(entry >> 16) + take((entry >> 8) & 255);
    if (out - distance < floor) return <usize>(isOverrun() ? truncated : badDistance);
    if (out + length > limit) return <usize>(isOverrun() ? truncated : tooLong);
    out = copyMatch(out, distance, length);
  }
  return <usize>truncated;
}

function longer(table: usize, tableBits: i32, entry: u32): u32 {
  const index = <usize>(entry >> 16) + <usize>((hold >> tableBits) & ((1 << ((entry >> 8) & 255)) - 1));
  return load<u32>(table + (index << 2));
}

/** May write up to seven bytes more than asked for. */
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
  if (build(literalTable, literalBits, scratch, 288, forLiterals) < 0) return badCode;
  memory.fill(scratch, 5, 30);
  // 30 codes of five bits: two mean nothing, as RFC 1951 3.2.6 says.
  store<u16>(scratch + 30, 0x0505);
  return build(distanceTable, distanceBits, scratch, 32, forDistances);
}

/** RFC 1951 3.2.7: a code for code lengths, then the lengths of both codes in one run. */
function buildDynamic(): i32 {
  const literals = take(5) + 257;
  const distances = take(5) + 1;
  const lengths = take(4) + 4;
  if (literals > 286 || distances > 30) return badCode;
  memory.fill(scratch, 0, 512);
  for (let index = 0; index < lengths; index++) {
    refill();
    store<u8>(scratch + codeLengthPlace(index), take(3));
  }
  if (build(distanceTable, 7, scratch, 19, forLengths) !== 0) return badCode;
  const total = literals + distances;
  const place = scratch + 512;
  let filled = 0;
  while (filled < total) {
    refill();
    const entry = load<u32>(distanceTable + ((<usize>(hold & 127)) << 2));
    if (entry === 0) return badSymbol;
    hold >>= entry & 31;
    count -= entry & 31;
    // The distance table was built for plain symbols: their number is the value.
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
  if (build(literalTable, literalBits, place, literals, forLiterals) < 0) return badCode;
  return build(distanceTable, distanceBits, place + literals, distances, forDistances) < 0 ? badCode : 0;
}

/** The order in which code lengths are sent: 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15. */
function codeLengthPlace(index: i32): i32 {
  if (index < 3) return 16 + index;
  if (index === 3) return 0;
  const step = (index - 4) >> 1;
  return (index & 1) === 0 ? 8 + step : 7 - step;
}

/**
 * Fills a table for codes that come least significant bit first. Answers 0 for a full code, 1 for one lone code or
 * none, and an error for any other gap or excess (as zlib does). `purpose` says what the symbols mean.
 */
function build(table: usize, tableBits: i32, lengths: usize, symbols: i32, purpose: i32): i32 {
  const counts = scratch + 0x400;
  memory.fill(counts, 0, 128);
  let longest = 0;
  for (let symbol = 0; symbol < symbols; symbol++) {
    const bits = <i32>load<u8>(lengths + symbol);
    store<u32>(counts + (bits << 2), load<u32>(counts + (bits << 2)) + 1);
    if (bits > longest) longest = bits;
  }
  let left = 1;
  const codes = counts + 64;
  store<u32>(codes + 4, 0);
  for (let bits = 1; bits <= 15; bits++) {
    left = (left << 1) - <i32>load<u32>(counts + (bits << 2));
    if (left < 0) return badCode;
    if (bits < 15) {
      const next = (load<u32>(codes + (bits << 2)) + load<u32>(counts + (bits << 2))) << 1;
      store<u32>(codes + ((bits + 1) << 2), next);
    }
  }
  if (left > 0 && longest > 1) return badCode;
  memory.fill(table, 0, 4 << tableBits);
  let free = 1 << tableBits;
  for (let symbol = 0; symbol < symbols; symbol++) {
    const bits = <i32>load<u8>(lengths + symbol);
    if (bits === 0) continue;
    const code = load<u32>(codes + (bits << 2));
    store<u32>(codes + (bits << 2), code + 1);
    const reversed = reverse(code, bits);
    let meaning = ((<u32>symbol) << 16) | (kindMatch << 5);
    if (purpose === forLiterals) meaning = literalMeaning(symbol);
    else if (purpose === forDistances) meaning = distanceMeaning(symbol);
    if (meaning === meaningless) continue;
    if (bits <= tableBits) {
      for (let index = reversed; index < (<u32>1) << tableBits; index += (<u32>1) << bits) {
        store<u32>(table + (index << 2), meaning | bits);
      }
      continue;
    }
    const subBits = longest - tableBits;
    const first = table + ((reversed & ((1 << tableBits) - 1)) << 2);
    if (load<u32>(first) === 0) {
      memory.fill(table + (free << 2), 0, 4 << subBits);
      store<u32>(first, ((<u32>free) << 16) | ((<u32>subBits) << 8) | (kindLonger << 5) | 1);
      free += 1 << subBits;
    }
    const sub = table + ((load<u32>(first) >> 16) << 2);
    for (let index = reversed >> tableBits; index < (<u32>1) << subBits; index += (<u32>1) << (bits - tableBits)) {
      store<u32>(sub + (index << 2), meaning | bits);
    }
  }
  return left > 0 ? 1 : 0;
}

function reverse(code: u32, bits: i32): u32 {
  let reversed: u32 = 0;
  for (let bit = 0; bit < bits; bit++) reversed |= ((code >> bit) & 1) << (bits - 1 - bit);
  return reversed;
}

function literalMeaning(symbol: i32): u32 {
  if (symbol < 256) return ((<u32>symbol) << 16) | (kindLiteral << 5);
  if (symbol === 256) return kindEnd << 5;
  if (symbol > 285) return meaningless;
  if (symbol === 285) return (258 << 16) | (kindMatch << 5);
  const index = symbol - 257;
  const extra = index < 8 ? 0 : (index >> 2) - 1;
  const base = index < 8 ? 3 + index : 3 + ((4 + (index & 3)) << extra);
  return ((<u32>base) << 16) | ((<u32>extra) << 8) | (kindMatch << 5);
}

function distanceMeaning(symbol: i32): u32 {
  if (symbol > 29) return meaningless;
  const extra = symbol < 4 ? 0 : (symbol >> 1) - 1;
  const base = symbol < 4 ? 1 + symbol : 1 + ((2 + (symbol & 1)) << extra);
  return ((<u32>base) << 16) | ((<u32>extra) << 8) | (kindMatch << 5);
}
