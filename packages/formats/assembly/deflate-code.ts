// The prefix codes of deflate (RFC 1951 3.2.2) as tables. The next bits of the stream are the place of an entry. It
// says all about the code that they begin with.
import { scratch } from './layout';

export const literalBits: i32 = 11;
export const distanceBits: i32 = 9;

// An entry, by bits: 31 a literal. 16 and up the value (a literal's byte, or the least length or distance). 15 neither
// literal nor match. 8 to 11 the code's own bits. 0 to 4 all its bits, with the extra ones behind it.
export const literal: u32 = 0x80000000;
/** The end of the block, or a code that is longer than the table. Without either mark: bits that mean nothing. */
export const exceptional: u32 = 0x8000;
/** Its value is the place of another table, for as many bits more as "own bits" says. */
export const isLonger: u32 = 0x4000;
export const isEnd: u32 = 0x2000;

/**
 * The purpose of a table: literals and lengths, distances, or the lengths of codes, whose symbols are plain numbers.
 */
export const forLiterals: i32 = 0;
export const forDistances: i32 = 1;
export const forLengths: i32 = 2;

const invalid: i32 = -1;
const longestCode: i32 = 15;

// In the scratch memory, behind the code lengths. How many codes have each length, and the first place of their symbols
// in the sorted list. Then that list (16 bits each), and the meaning of symbols.
const counts: usize = scratch + 0x400;
const starts: usize = scratch + 0x480;
const sorted: usize = scratch + 0x500;
const meanings: usize = scratch + 0x800;
const meaningsOfOne: i32 = 288 << 2;

let isPrepared = false;

/** Writes down once what every symbol means: its entry without the bits of its code. */
export function prepareMeanings(): void {
  if (isPrepared) return;
  isPrepared = true;
  for (let symbol = 0; symbol < 288; symbol++) {
    store<u32>(meanings + (symbol << 2), literalMeaning(symbol));
    store<u32>(meanings + meaningsOfOne + (symbol << 2), distanceMeaning(symbol));
    store<u32>(meanings + meaningsOfOne * 2 + (symbol << 2), (<u32>symbol) << 16);
  }
}

/**
 * Fills `table` for codes that come least significant bit first. Answers 0 for a full code, and 1 for one lone code or
 * none. Answers -1 for any other gap or excess (as zlib does). `purpose` says what the symbols mean.
 */
export function buildCode(table: usize, tableBits: i32, lengths: usize, symbols: i32, purpose: i32): i32 {
  const longest = countLengths(lengths, symbols);
  let left = 1;
  let begin = 0;
  for (let bits = 1; bits <= longestCode; bits++) {
    const ofThese = load<i32>(counts + (bits << 2));
    left = (left << 1) - ofThese;
    if (left < 0) return invalid;
    store<i32>(starts + (bits << 2), begin);
    begin += ofThese;
  }
  if (left > 0 && longest > 1) return invalid;
  for (let symbol = 0; symbol < symbols; symbol++) {
    const bits = <i32>load<u8>(lengths + symbol);
    if (bits === 0) continue;
    const place = load<i32>(starts + (bits << 2));
    store<i32>(starts + (bits << 2), place + 1);
    store<u16>(sorted + (place << 1), <u16>symbol);
  }
  // A full code fills every place. Else what it leaves means nothing.
  if (left > 0) for (let place = 0; place < 1 << tableBits; place++) store<u32>(table + (place << 2), exceptional);
  fill(table, tableBits, longest, meanings + meaningsOfOne * purpose);
  return left > 0 ? 1 : 0;
}

function countLengths(lengths: usize, symbols: i32): i32 {
  memory.fill(counts, 0, 64);
  for (let symbol = 0; symbol < symbols; symbol++) {
    const place = counts + ((<usize>load<u8>(lengths + symbol)) << 2);
    store<i32>(place, load<i32>(place) + 1);
  }
  let longest = longestCode;
  while (longest > 0 && load<i32>(counts + (longest << 2)) === 0) longest--;
  return longest;
}

/**
 * Codes in their order, each with its bits reversed. The table for codes of n bits has 2^n places and, twice over, is
 * that for n + 1 bits: so a short code gets all its places by copying.
 */
function fill(table: usize, tableBits: i32, longest: i32, ofPurpose: usize): void {
  let code: u32 = 0;
  let place = sorted;
  for (let bits = 1; bits <= tableBits; bits++) {
    if (bits > 1) memory.copy(table + (2 << bits), table, 2 << bits);
    for (let left = load<i32>(counts + (bits << 2)); left > 0; left--) {
      store<u32>(table + (code << 2), entryOf(place, bits, ofPurpose));
      place += 2;
      code = codeAfter(code, bits);
    }
  }
  if (longest > tableBits) fillLonger(table, tableBits, longest, ofPurpose, code, place);
}

/** One more table for each beginning that longer codes have in common. Those follow each other. */
function fillLonger(
  table: usize,
  tableBits: i32,
  longest: i32,
  ofPurpose: usize,
  first: u32,
  sortedPlace: usize,
): void {
  const subBits = longest - tableBits;
  const mask: u32 = (1 << tableBits) - 1;
  let code = first;
  let place = sortedPlace;
  let beginning: u32 = 0xffffffff;
  let sub: u32 = 1 << tableBits;
  for (let bits = tableBits + 1; bits <= longest; bits++) {
    for (let left = load<i32>(counts + (bits << 2)); left > 0; left--) {
      if ((code & mask) !== beginning) {
        if (beginning !== 0xffffffff) sub += 1 << subBits;
        beginning = code & mask;
        store<u32>(table + (beginning << 2), (sub << 16) | exceptional | isLonger | (subBits << 8));
      }
      const entry = entryOf(place, bits, ofPurpose);
      place += 2;
      for (let index = code >> tableBits; index < (<u32>1) << subBits; index += (<u32>1) << (bits - tableBits)) {
        store<u32>(table + ((sub + index) << 2), entry);
      }
      code = codeAfter(code, bits);
    }
  }
}

/** The next code of that length: adds 1 at the upper end, for the bits are reversed. */
function codeAfter(code: u32, bits: i32): u32 {
  const zeros = code ^ (((<u32>1) << bits) - 1);
  if (zeros === 0) return 0;
  const highest: u32 = (<u32>1) << (31 - clz(zeros));
  return (code & (highest - 1)) | highest;
}

/** The meaning of the symbol at `place` of the sorted list, with a code of `bits`. Extra bits are added to those. */
function entryOf(place: usize, bits: i32, ofPurpose: usize): u32 {
  return load<u32>(ofPurpose + ((<usize>load<u16>(place)) << 2)) + ((bits << 8) | bits);
}

function literalMeaning(symbol: i32): u32 {
  if (symbol < 256) return literal | ((<u32>symbol) << 16);
  if (symbol === 256) return exceptional | isEnd;
  if (symbol > 285) return exceptional;
  if (symbol === 285) return 258 << 16;
  const index = symbol - 257;
  const extra = index < 8 ? 0 : (index >> 2) - 1;
  const base = index < 8 ? 3 + index : 3 + ((4 + (index & 3)) << extra);
  return ((<u32>base) << 16) | <u32>extra;
}

function distanceMeaning(symbol: i32): u32 {
  if (symbol > 29) return exceptional;
  const extra = symbol < 4 ? 0 : (symbol >> 1) - 1;
  const base = symbol < 4 ? 1 + symbol : 1 + ((2 + (symbol & 1)) << extra);
  return ((<u32>base) << 16) | <u32>extra;
}
