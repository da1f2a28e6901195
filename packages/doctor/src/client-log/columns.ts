// The columns of the WindowsUpdate.log of every generation, read from bytes: date, time, process, thread, component. It
// takes only lines that entry.ts reads in the same way. Everything else is left to it.
import { clientLogBounds } from '../bounds.ts';

const tab = 0x09;
const blank = 0x20;
const dayMs = 86_400_000;
/** Three digits behind the dot as the milliseconds that stamp.ts makes of them. */
const thousandths = Array.from({ length: 1000 }, (_, digits) =>
  Math.floor(Number(`0.${`${digits}`.padStart(3, '0')}`) * 1000),
);

/** The columns of the last line that was taken. */
export class Columns {
  component = '';
  layout: 'wua' | 'etw' = 'wua';
  /** The place where the text begins, and the length of the time before the columns. */
  textStart = 0;
  stampLength = 0;
  /** Number of the thread, its digits read as hexadecimal ones. */
  thread = 0;
  private dateStart = 0;
  private clockStart = 0;
  private fractionStart = 0;
  private fractionEnd = 0;
  /** Names of components by their bytes. */
  private readonly known = new Map<number, { bytes: Buffer; name: string }>();
  private lastDate = -1;
  private lastDay = 0;

  /** True where the bytes from `start` to `end` are a line with these columns. */
  take(bytes: Buffer, start: number, end: number): boolean {
    const clock = this.takeDate(bytes, start, end);
    if (clock < 0) return false;
    const stampEnd = this.takeClock(bytes, clock, end);
    if (stampEnd < 0) return false;
    this.dateStart = start;
    this.clockStart = clock;
    this.stampLength = stampEnd - start;
    const process = skipGap(bytes, stampEnd, end);
    const processEnd = skipDigits(bytes, process, end, 7);
    if (process === stampEnd || processEnd === process) return false;
    const thread = skipGap(bytes, processEnd, end);
    const threadEnd = skipHex(bytes, thread, end, 8);
    this.thread = hexOf(bytes, thread, threadEnd);
    if (thread === processEnd || threadEnd === thread) return false;
    const component = skipGap(bytes, threadEnd, end);
    return component > threadEnd && this.takeComponent(bytes, component, end);
  }

  /** Milliseconds since 1970 of the clock face of the line that was taken. */
  timeOf(bytes: Buffer): number {
    const { dateStart: date, clockStart: clock } = this;
    const key =
      (two(bytes, date) * 100 + two(bytes, date + 2)) * 10_000 + two(bytes, date + 5) * 100 + two(bytes, date + 8);
    if (key !== this.lastDate) {
      this.lastDate = key;
      this.lastDay = Date.UTC(Math.floor(key / 10_000), (Math.floor(key / 100) % 100) - 1, key % 100) / dayMs;
    }
    const seconds = (two(bytes, clock) * 60 + two(bytes, clock + 3)) * 60 + two(bytes, clock + 6);
    return this.lastDay * dayMs + seconds * 1000 + this.millisecondsOf(bytes);
  }

  private millisecondsOf(bytes: Buffer): number {
    const { fractionStart: start, fractionEnd: end } = this;
    if (end - start !== 3) return Math.floor(Number(`0.${bytes.toString('latin1', start, end)}`) * 1000);
    return thousandths[two(bytes, start) * 10 + (bytes[start + 2] as number) - 48] as number;
  }

  /** 2009-05-25, with dashes, slashes or dots. Answers where the clock begins, -1 for none. */
  private takeDate(bytes: Buffer, start: number, end: number): number {
    if (end - start < 20 || !areDigits(bytes, start, 4) || !areDigits(bytes, start + 5, 2)) return -1;
    if (!areDigits(bytes, start + 8, 2) || !isBetween(bytes[start + 4]) || !isBetween(bytes[start + 7])) return -1;
    const [month, day] = [two(bytes, start + 5), two(bytes, start + 8)];
    // Years of two digits and the like are an affair of Date.UTC.
    if (month < 1 || month > 12 || day < 1 || day > 31 || two(bytes, start) < 1) return -1;
    const clock = skipGap(bytes, start + 10, end);
    return clock === start + 10 ? -1 : clock;
  }

  /** 10:20:33:123, with up to seven digits of a second. Answers where it ends, -1 for none. */
  private takeClock(bytes: Buffer, start: number, end: number): number {
    if (end - start < 9 || bytes[start + 2] !== 0x3a || bytes[start + 5] !== 0x3a) return -1;
    if (!areDigits(bytes, start, 2) || !areDigits(bytes, start + 3, 2) || !areDigits(bytes, start + 6, 2)) return -1;
    if (two(bytes, start) > 23 || two(bytes, start + 3) > 59 || two(bytes, start + 6) > 60) return -1;
    this.fractionStart = this.fractionEnd = start + 8;
    this.layout = 'wua';
    const mark = bytes[start + 8];
    if (mark === tab || mark === blank) return start + 8;
    if (mark !== 0x3a && mark !== 0x2e && mark !== 0x2c) return -1;
    const from = start + 9;
    const to = skipDigits(bytes, from, end, 7);
    if (to === from || (bytes[to] !== tab && bytes[to] !== blank)) return -1;
    this.fractionStart = from;
    this.fractionEnd = to;
    // Seven digits, and no tabs, are the mark of Windows 10's own converter.
    if (to - from === 7) this.layout = 'etw';
    return to;
  }

  private takeComponent(bytes: Buffer, start: number, end: number): boolean {
    let at = start;
    let hash = 0;
    for (; at < end; at++) {
      const byte = bytes[at] as number;
      if (!isWord(byte) && !(byte === 0x2d && at > start)) break;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    if (at === start || !isLetter(bytes[start] as number)) return false;
    if (at < end && bytes[at] !== tab && bytes[at] !== blank) return false;
    this.component = this.nameOf(bytes, start, at, hash);
    this.textStart = skipGap(bytes, at, end);
    return true;
  }

  private nameOf(bytes: Buffer, start: number, end: number, hash: number): string {
    const known = this.known.get(hash);
    if (known && areEqual(known.bytes, bytes, start, end)) return known.name;
    const name = bytes.toString('latin1', start, end);
    if (!known && this.known.size < clientLogBounds.maxShapes)
      this.known.set(hash, { bytes: Buffer.from(name, 'latin1'), name });
    return name;
  }
}

function areEqual(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let at = start; at < end; at++) if (bytes[at] !== known[at - start]) return false;
  return true;
}

function skipGap(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === tab || bytes[at] === blank)) at++;
  return at;
}

function skipDigits(bytes: Buffer, start: number, end: number, most: number): number {
  let at = start;
  while (at < end && at - start < most && isDigit(bytes[at] as number)) at++;
  return at;
}

function skipHex(bytes: Buffer, start: number, end: number, most: number): number {
  let at = start;
  while (at < end && at - start < most && isHex(bytes[at] as number)) at++;
  return at;
}

function hexOf(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    value = value * 16 + (isDigit(byte) ? byte - 48 : (byte | 0x20) - 87);
  }
  return value;
}

function areDigits(bytes: Buffer, start: number, count: number): boolean {
  for (let at = start; at < start + count; at++) if (!isDigit(bytes[at] as number)) return false;
  return true;
}

function two(bytes: Buffer, at: number): number {
  return ((bytes[at] as number) - 48) * 10 + (bytes[at + 1] as number) - 48;
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

function isLetter(byte: number): boolean {
  return (byte | 0x20) >= 97 && (byte | 0x20) <= 122;
}

function isHex(byte: number): boolean {
  return isDigit(byte) || ((byte | 0x20) >= 97 && (byte | 0x20) <= 102);
}

function isWord(byte: number): boolean {
  return isLetter(byte) || isDigit(byte) || byte === 0x5f;
}

/** A dash, a dot or a slash. */
function isBetween(byte: number | undefined): boolean {
  return byte === 0x2d || byte === 0x2e || byte === 0x2f;
}
