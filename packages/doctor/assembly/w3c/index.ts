// The inner loop of reading W3C logs. It walks to the stem of each line and looks at its path segments. For lines about
// updating it hashes the columns of the answer, finds its run and counts the repeat. Everything else, one line in many,
// is w3c.ts's work: `scan` stops there and is called again.
import { bytesEqual, lineEnd, nextBreak, twoDigits } from './bytes';
import { finish, hashColumn, seed } from './hash';
import { kept, maxWaiting, starts, state, table, tableEnd, tableSlots, text, waiting } from './layout';
import { dayAt, dayNumber } from './time';

const blank: u32 = 0x20;
const newline: u32 = 0x0a;
const hashSign: u32 = 0x23;
const slashes: u64 = 0x2f2f2f2f2f2f2f2f;
const maxColumns: i32 = 127;

/** Why `scan` stopped. scanner.ts has the same numbers. */
const atEnd: i32 = 0;
const atDirective: i32 = 1;
const atPing: i32 = 2;
const atNewAnswer: i32 = 3;
const atNewDay: i32 = 4;

/** In place of the day of a run: its days are not asked for. It had no time. */
const untracked: i32 = i32.MIN_VALUE;
const noDay: i32 = i32.MAX_VALUE;

let separator: u32 = blank;
let stemColumn: i32 = 0;
let dateColumn: i32 = -1;
let timeColumn: i32 = -1;
let clientColumn: i32 = -1;
let directiveDay: f64 = NaN;

/** The facts of the last #Fields, #Date and the line below them. A column that is not there is -1. */
export function configure(between: u32, stem: i32, date: i32, time: i32, client: i32, day: f64): void {
  separator = between;
  stemColumn = stem;
  dateColumn = date;
  timeColumn = time;
  clientColumn = client;
  directiveDay = day;
}

/**
 * Reads lines from `from` on, `length` is where the text ends. Answers why it stopped. Begins with the answers that are
 * still waiting: those of the lines before `from`.
 */
export function scan(from: u32, length: u32): i32 {
  const end = text + length;
  const between = separator;
  const stem = stemColumn;
  let lines = load<f64>(state);
  let at = text + from;
  let why = countWaiting();
  if (why !== atEnd) return leave(why, lines, at);
  while (at < end) {
    if (<u32>load<u8>(at) === hashSign) {
      why = countWaiting();
      return leave(why === atEnd ? atDirective : why, lines, at);
    }
    const start = at;
    lines += 1;
    let column = 0;
    let byte: u32 = 0;
    store<u32>(starts, <u32>at);
    while (column < stem) {
      at = nextBreak(at);
      if (at >= end) break;
      byte = <u32>load<u8>(at);
      if (byte === newline) break;
      at++;
      if (byte === between) {
        column++;
        store<u32>(starts + ((<usize>column) << 2), <u32>at);
      }
    }
    if (column < stem) {
      at++;
      continue;
    }
    const stemStart = at;
    at = nextBreak(at);
    // Between tabs a blank is a letter like others.
    while (at < end && <u32>load<u8>(at) === blank && between !== blank) at = nextBreak(at + 1);
    const wanted = wantedSegment(stemStart, at);
    if (wanted === 0) {
      at = lineEnd(at, end) + 1;
      continue;
    }
    let hash = hashColumn(seed, stemStart, at);
    for (let earlier = 0; earlier < column; earlier++) {
      if (load<u8>(kept + earlier) === 0) continue;
      const address = starts + ((<usize>earlier) << 2);
      hash = hashColumn(hash, load<u32>(address), load<u32>(address, 4));
    }
    let columnStart = at;
    for (;;) {
      at = nextBreak(at);
      if (at >= end) break;
      byte = <u32>load<u8>(at);
      if (byte === between || byte === newline) {
        if (column > stem && isKept(column)) hash = hashColumn(hash, columnStart, at);
        if (byte === newline) break;
        columnStart = at + 1;
        column++;
        if (column < maxColumns) store<u32>(starts + ((<usize>column) << 2), <u32>columnStart);
      }
      at++;
    }
    // The last line of a file may lack its end.
    if (at >= end && isKept(column)) hash = hashColumn(hash, columnStart, end);
    const time = timeOf(column, at);
    if (wanted === pingSegment) {
      why = countWaiting();
      if (why !== atEnd) return leave(why, lines - 1, start);
      tell(time, lines, start, at);
      return leave(atPing, lines, at + 1);
    }
    const hasClient = clientColumn >= 0 && clientColumn <= column;
    const client = hasClient ? columnAt(clientColumn) : at;
    const clientEnd = hasClient && clientColumn < column ? columnAt(clientColumn + 1) - 1 : at;
    const answer = waiting + <usize>waitingEnd * waitingBytes;
    // The client is hashed last, behind the answer.
    store<u64>(answer, finish(hasClient ? hashColumn(hash, client, clientEnd) : hash));
    store<u64>(answer, hash, 8);
    store<f64>(answer, time, 16);
    store<f64>(answer, lines, 24);
    store<u32>(answer, <u32>start, 32);
    store<u32>(answer, <u32>at, 36);
    store<u32>(answer, <u32>client, 40);
    store<u32>(answer, <u32>clientEnd, 44);
    at++;
    if (++waitingEnd === maxWaiting) {
      why = countWaiting();
      if (why !== atEnd) return leave(why, lines, at);
    }
  }
  return leave(countWaiting(), lines, end);
}

const waitingBytes: usize = 48;
let waitingStart: u32 = 0;
let waitingEnd: u32 = 0;

/**
 * Finds the runs of the waiting answers and counts them, many at a time. With thousands of clients each run is far away
 * in memory. The processor fetches several at once only if nothing else is between them.
 */
function countWaiting(): i32 {
  const last = waiting + <usize>waitingEnd * waitingBytes;
  let touched: u64 = 0;
  let answer = waiting + <usize>waitingStart * waitingBytes;
  if (waitingStart === 0) {
    for (let ahead = answer; ahead < last; ahead += waitingBytes) touched |= load<u64>(slotOf(load<u64>(ahead)));
    store<u64>(state, touched, 64);
  }
  for (; answer < last; answer += waitingBytes) {
    waitingStart++;
    const hash = load<u64>(answer);
    const time = load<f64>(answer, 16);
    const line = load<f64>(answer, 24);
    const run = runOf(hash);
    const isNew = load<u64>(run) === 0;
    if (isNew || repeat(run, time, line)) {
      tell(time, line, load<u32>(answer, 32), load<u32>(answer, 36));
      store<u32>(state, load<u32>(answer, 40) - <u32>text, 40);
      store<u32>(state, load<u32>(answer, 44) - <u32>text, 44);
      store<u64>(state, hash, 48);
      store<u64>(state, finish(load<u64>(answer, 8)), 56);
      store<u32>(state, <u32>(run - table) >> 5, 12);
      return isNew ? atNewAnswer : atNewDay;
    }
  }
  waitingStart = 0;
  waitingEnd = 0;
  return atEnd;
}

function leave(why: i32, lines: f64, next: usize): i32 {
  store<f64>(state, lines);
  store<u32>(state, <u32>(next - text), 8);
  return why;
}

function tell(time: f64, line: f64, start: usize, end: usize): void {
  store<f64>(state, time, 16);
  store<f64>(state, line, 24);
  store<u32>(state, <u32>(start - text), 32);
  store<u32>(state, <u32>(end - text), 36);
}

function isKept(column: i32): bool {
  return column < maxColumns && load<u8>(kept + column) !== 0;
}

function columnAt(column: i32): usize {
  return load<u32>(starts + ((<usize>column) << 2));
}

const pingSegment: u32 = 0x72747577;

/** The first four letters of the first path segment that matters, lower case. 0 where none does. */
function wantedSegment(from: usize, to: usize): u32 {
  for (let at = from; at < to; at += 8) {
    let found = bytesEqual(at, slashes);
    while (found !== 0) {
      const slash = at + <usize>(ctz(found) >> 3);
      if (slash >= to) return 0;
      const letters = load<u32>(slash, 1) | 0x20202020;
      if (isWanted(letters)) return letters;
      found &= found - 1;
    }
  }
  return 0;
}

function isWanted(letters: u32): bool {
  switch (letters) {
    case pingSegment:
    case 0x64697569: // iuid(ent)
    case 0x64697577: // wuid(ent)
    case 0x666c6573: // self(update)
    case 0x65696c63: // clie(ntwebservice)
    case 0x706d6973: // simp(leauthwebservice)
    case 0x6f706572: // repo(rtingwebservice)
    case 0x72697061: // apir(emoting30)
    case 0x61737364: // dssa(uthwebservice)
    // UrlScan puts this in place of the address, and the address behind a tilde into the query.
    case 0x6a65723c: // <rej(ected-by-urlscan>)
      return true;
    default:
      return false;
  }
}

/** Milliseconds since 1970. NaN without a time. IIS 5 writes no date column by default: the day is in #Date. */
function timeOf(column: i32, end: usize): f64 {
  if (timeColumn < 0 || timeColumn > column || dateColumn > column) return NaN;
  const clock = columnAt(timeColumn);
  if (clock + 8 > end) return NaN;
  let day = directiveDay;
  if (dateColumn >= 0) {
    const date = columnAt(dateColumn);
    if (date + 10 > end) return NaN;
    day = dayAt(date);
  }
  const seconds = (twoDigits(clock) * 60 + twoDigits(clock + 3)) * 60 + twoDigits(clock + 6);
  return day + <f64>seconds * 1000;
}

/** The place that the search for a run begins at. */
function slotOf(hash: u64): usize {
  return table + ((<usize>(<u32>hash & (tableSlots - 1))) << 5);
}

/** The run of a hash, or the empty slot where it belongs: w3c.ts sees to it that there always is one. */
function runOf(hash: u64): usize {
  let run = slotOf(hash);
  let other = load<u64>(run);
  while (other !== hash && other !== 0) {
    run = run + 32 === tableEnd ? table : run + 32;
    other = load<u64>(run);
  }
  return run;
}

/** One more of the same. True when it is of another day than the last one and somebody asks for days. */
function repeat(run: usize, time: f64, line: f64): bool {
  store<u32>(run, load<u32>(run, 24) + 1, 24);
  if (time < load<f64>(run, 8)) return false;
  store<f64>(run, time, 8);
  store<f64>(run, line, 16);
  const before = load<i32>(run, 28);
  if (before === untracked) return false;
  const day = dayNumber(time, noDay);
  store<i32>(run, day, 28);
  return day !== before;
}
