// IIS W3C extended logs (and HTTPERR, and any ELFF with #Fields), gigabytes of them. Works on bytes, one pass per line:
// walk to the stem, look at each path segment, and only for lines about updating hash the columns that make an answer
// (everything but time, query, referrer, sizes). An answer seen before is a repeat and costs no decoding.
import { decodeLine } from '../text/encoding.ts';
import { type HttpRecord, kindOfPath } from './record.ts';
import { RunTable } from './run-table.ts';
import type { HttpTally } from './tally.ts';

const blank = 0x20;
const tab = 0x09;
const newline = 0x0a;
const slash = 0x2f;
const hash = 0x23;
const maxRuns = 150_000;
/** So many lines are decoded whole. What more clients ask the same is told in few words. */
const maxDecoded = 5_000;
const maxShapes = 20_000;

/** First four letters, lower case, of path segments that matter. */
const wantedSegments = [
  'iuident',
  'wuident',
  'wutrack',
  'selfupdate',
  'clientwebservice',
  'simpleauthwebservice',
  'reportingwebservice',
  // UrlScan puts this in place of the address, and the address behind a tilde into the query.
  '<rejected-by-urlscan>',
].map((name) => fourLetters(Buffer.from(name), 0));
const rejectedQuery = 'Rejected-By-UrlScan';
const pingSegment = fourLetters(Buffer.from('wutrack'), 0);

/** Columns that differ between equal answers. */
const passingColumns = new Set([
  'date',
  'time',
  'time-taken',
  's-ip',
  's-computername',
  'cs-uri-query',
  'cs(referer)',
  'cs(cookie)',
  'cs-referred',
  'sc-bytes',
  'cs-bytes',
  'c-port',
  's-proxy',
  'cs-version',
]);

/** Reads the chunks of one W3C log in order. Field order may change at every #Fields line. */
export class W3cReader {
  private readonly source: string;
  private readonly tally: HttpTally;
  private readonly runs = new RunTable();
  /** One record per kind of answer, whoever got it. */
  private readonly shapes = new Map<number, HttpRecord>();
  private clientColumn = -1;
  private readonly folderSite: string | undefined;
  private lastSite: string | undefined;
  private columns = new Map<string, number>();
  /** Per column: 1 where its bytes are part of the answer. */
  private kept = new Uint8Array(0);
  private stemColumn = -1;
  private dateColumn = -1;
  private timeColumn = -1;
  /** Values may hold blanks, where tabs stand between them: the first line below #Fields tells. */
  private tabbed = false;
  private isFirst = false;
  private directiveDate = '';
  private h1 = 0;
  private h2 = 0;
  private dayKey = -1;
  private dayMs = Number.NaN;
  private readonly starts = new Int32Array(128);
  lines = 0;

  constructor(source: string, tally: HttpTally) {
    this.source = source;
    this.tally = tally;
    this.folderSite = /(W3SVC\d+)[\\/][^\\/]*$/i.exec(source)?.[1]?.toUpperCase();
  }

  read(chunk: Buffer): void {
    let start = 0;
    const length = chunk.length;
    while (start < length) {
      this.lines++;
      if (chunk[start] === hash || this.stemColumn < 0) {
        let end = chunk.indexOf(newline, start);
        if (end < 0) end = length;
        if (chunk[start] === hash) this.directive(decodeLine(trimEnd(chunk, start, end)));
        start = end + 1;
      } else start = this.line(chunk, start) + 1;
    }
  }

  /** Looks at one line; answers where it ends. */
  private line(chunk: Buffer, start: number): number {
    const length = chunk.length;
    const starts = this.starts;
    if (this.isFirst) this.tellSeparator(chunk, start);
    // No byte is two separators: with tabs a blank is a letter like others.
    const separator = this.tabbed ? tab : blank;
    let position = start;
    let column = 0;
    starts[0] = start;
    for (; column < this.stemColumn && position < length; position++) {
      const byte = chunk[position];
      if (byte === separator) starts[++column] = position + 1;
      else if (byte === newline) return position;
    }
    const stemStart = position;
    let wanted = 0;
    for (; position < length; position++) {
      const byte = chunk[position] as number;
      if (byte <= blank && (byte === separator || byte < blank)) break;
      if (byte === slash && wanted === 0) wanted = wantedAt(chunk, position + 1);
    }
    if (wanted === 0) {
      const end = chunk.indexOf(newline, position);
      return end < 0 ? length : end;
    }
    this.h1 = 0x811c9dc5;
    this.h2 = 0x1b873593;
    this.hashRange(chunk, stemStart, position);
    for (let earlier = 0; earlier < column; earlier++) {
      if (this.kept[earlier] === 1) this.hashRange(chunk, starts[earlier] as number, starts[earlier + 1] as number);
    }
    let from = position;
    for (; position < length; position++) {
      const byte = chunk[position] as number;
      if (byte > blank) continue;
      if (byte !== separator && byte !== newline) continue;
      if (column > this.stemColumn && this.kept[column] === 1) this.hashRange(chunk, from, position);
      if (byte === newline) break;
      from = position + 1;
      if (++column < 127) starts[column] = from;
    }
    // The last line of a file may lack its end.
    if (position >= length && this.kept[column] === 1) this.hashRange(chunk, from, length);
    const at = this.timeOf(chunk);
    // 53 bits: two answers that share them are not to be expected in any log.
    const shape = (this.h1 >>> 0) * 0x200000 + (this.h2 >>> 11);
    const hasClient = this.clientColumn >= 0 && this.clientColumn <= column;
    const client = hasClient ? (starts[this.clientColumn] as number) : position;
    const clientEnd = this.clientColumn < column ? (starts[this.clientColumn + 1] as number) - 1 : position;
    if (hasClient) this.hashRange(chunk, client, clientEnd);
    if (wanted === pingSegment) {
      // Every ping says something of its own.
      const ping = this.record(trimEnd(chunk, start, position), at);
      if (ping) this.tally.add(ping);
      return position;
    }
    const run = this.runs.find(this.h1, this.h2);
    if (run) run.repeat(at, this.lines);
    else {
      const known = this.runs.count < maxDecoded ? undefined : this.shapes.get(shape);
      const record = known
        ? this.likeKnown(known, at, trimEnd(chunk, client, clientEnd).toString('latin1'))
        : this.record(trimEnd(chunk, start, position), at);
      if (record) this.keep(record, shape);
    }
    return position;
  }

  /** Tells the tally of a record that may be repeated. */
  private keep(record: HttpRecord, shape: number): void {
    const { h1, h2 } = this;
    const run = this.tally.add(record);
    // Two rejected requests differ in their query alone, which makes no difference elsewhere.
    if (record.query === rejectedQuery) return;
    if (this.runs.count < maxRuns) this.runs.add(h1, h2, run);
    if (this.shapes.size < maxShapes && !this.shapes.has(shape)) this.shapes.set(shape, record);
  }

  /** The same answer to another client: nothing of the line but its client has to be read. */
  private likeKnown(known: HttpRecord, at: number, client: string): HttpRecord {
    const time = Number.isNaN(at) ? undefined : at;
    return { ...known, text: '', at: time, line: this.lines, client: present(client), query: '' };
  }

  /** Four bytes a step: the columns of an answer are a hundred bytes and more on every line. */
  private hashRange(chunk: Buffer, from: number, to: number): void {
    let { h1, h2 } = this;
    let index = from;
    for (; index + 4 <= to; index += 4) {
      const word =
        (chunk[index] as number) |
        ((chunk[index + 1] as number) << 8) |
        ((chunk[index + 2] as number) << 16) |
        ((chunk[index + 3] as number) << 24);
      h1 = Math.imul(h1 ^ word, 0x01000193) ^ (h1 >>> 15);
      h2 = Math.imul(h2 ^ word, 0x5bd1e995) ^ (h2 >>> 13);
    }
    for (; index < to; index++) {
      h1 = Math.imul(h1 ^ (chunk[index] as number), 0x01000193) ^ (h1 >>> 15);
      h2 = Math.imul(h2 ^ (chunk[index] as number), 0x5bd1e995) ^ (h2 >>> 13);
    }
    this.h1 = Math.imul(h1 ^ (to - from), 0x01000193);
    this.h2 = Math.imul(h2 ^ (to - from), 0x5bd1e995);
  }

  private tellSeparator(chunk: Buffer, start: number): void {
    const end = chunk.indexOf(newline, start);
    this.tabbed = chunk.subarray(start, end < 0 ? chunk.length : end).includes(tab);
    this.isFirst = false;
  }

  /** The record of a line; undefined when it is not about updating after all. */
  private record(line: Buffer, at: number): HttpRecord | undefined {
    const cells = splitCells(line.toString('latin1'), this.tabbed);
    const cell = (name: string) => present(cells[this.columns.get(name) ?? -1]);
    const whole = cell('cs-uri') ?? '';
    const stem = cell('cs-uri-stem') ?? cell('cs-uri-path') ?? whole.split('?')[0] ?? '';
    const asked = cell('cs-uri-query') ?? whole.split('?').slice(1).join('?');
    const rejected = /<rejected-by-urlscan>/i.test(stem) && asked.startsWith('~');
    const { path, host } = withoutOrigin(rejected ? asked.slice(1) : stem);
    const kind = kindOfPath(path);
    if (kind === 'other') return undefined;
    const proxy = this.columns.has('cs-uri-scheme') || this.columns.has('s-action') || this.columns.has('r-host');
    return {
      source: this.source,
      line: this.lines,
      text: decodeLine(line.subarray(0, 2000)),
      at: Number.isNaN(at) ? undefined : at,
      zone: proxy ? 'unknown' : 'utc',
      client: cell('c-ip'),
      method: cell('cs-method') ?? cell('s-operation') ?? '',
      path,
      query: rejected ? rejectedQuery : asked.replace(/^\?/, ''),
      kind,
      status: numberOf(cell('sc-status')),
      substatus: numberOf(cell('sc-substatus')),
      win32: numberOf(cell('sc-win32-status')),
      userAgent: (cell('cs(user-agent)') ?? cell('c-agent') ?? '').replaceAll('+', ' ').replaceAll('"', ''),
      userName: cell('cs-username') ?? '',
      host: host ?? cell('cs-host') ?? cell('cs(host)') ?? cell('r-host'),
      port: cell('s-port') ?? cell('cs-uri-port') ?? cell('r-port'),
      site: this.siteOf(cell('s-sitename'), cell('s-siteid')),
      reason: cell('s-reason'),
    };
  }

  /** A file is of one site unless it says otherwise, also where later lines leave the name out. */
  private siteOf(name: string | undefined, id: string | undefined): string | undefined {
    if (name !== undefined) this.lastSite = name.toUpperCase();
    return name?.toUpperCase() ?? this.folderSite ?? this.lastSite ?? (id === undefined ? undefined : `W3SVC${id}`);
  }

  private directive(text: string): void {
    const [, name = '', value = ''] = /^#(\w+):\s*(.*)$/.exec(text) ?? [];
    if (name === 'Date') this.directiveDate = value.slice(0, 10);
    if (name === 'Date') this.dayKey = -1;
    if (name !== 'Fields') return;
    const fields = value.toLowerCase().trim().split(/\s+/).slice(0, 120);
    this.columns = new Map(fields.map((field, index) => [field, index]));
    this.kept = Uint8Array.from(fields, (field) => (passingColumns.has(field) ? 0 : 1));
    this.clientColumn = fields.indexOf('c-ip');
    // Who asked is hashed last, behind the answer.
    if (this.clientColumn >= 0) this.kept[this.clientColumn] = 0;
    this.stemColumn = fields.findIndex((field) => /^cs-uri(-stem|-path)?$/.test(field));
    this.dateColumn = fields.indexOf('date');
    this.timeColumn = fields.indexOf('time');
    this.dayKey = -1;
    this.isFirst = true;
    this.runs.clear();
    this.shapes.clear();
  }

  /** Milliseconds, NaN without a time. IIS 5 writes no date column by default: the day is in #Date. */
  private timeOf(chunk: Buffer): number {
    if (this.timeColumn < 0) return Number.NaN;
    const clock = this.starts[this.timeColumn] as number;
    const day = this.dateColumn < 0 ? this.directiveDay() : this.dayOf(chunk, this.starts[this.dateColumn] as number);
    const seconds = (twoDigits(chunk, clock) * 60 + twoDigits(chunk, clock + 3)) * 60 + twoDigits(chunk, clock + 6);
    return day + seconds * 1000;
  }

  private dayOf(chunk: Buffer, at: number): number {
    const key =
      (twoDigits(chunk, at) * 100 + twoDigits(chunk, at + 2)) * 10_000 +
      twoDigits(chunk, at + 5) * 100 +
      twoDigits(chunk, at + 8);
    if (key !== this.dayKey) {
      this.dayKey = key;
      const year = Math.floor(key / 10_000);
      this.dayMs =
        year > 1990 && year < 2200 ? Date.UTC(year, (Math.floor(key / 100) % 100) - 1, key % 100) : Number.NaN;
    }
    return this.dayMs;
  }

  private directiveDay(): number {
    if (this.dayKey !== 0) {
      this.dayKey = 0;
      const at = Date.parse(`${this.directiveDate}T00:00:00Z`);
      this.dayMs = at;
    }
    return this.dayMs;
  }
}

function wantedAt(chunk: Buffer, at: number): number {
  const letters = fourLetters(chunk, at);
  for (const wanted of wantedSegments) if (wanted === letters) return letters;
  return 0;
}

function fourLetters(bytes: Buffer, at: number): number {
  return (
    (((bytes[at] ?? 0) | 0x20) << 24) |
    (((bytes[at + 1] ?? 0) | 0x20) << 16) |
    (((bytes[at + 2] ?? 0) | 0x20) << 8) |
    ((bytes[at + 3] ?? 0) | 0x20)
  );
}

function twoDigits(chunk: Buffer, at: number): number {
  return ((chunk[at] ?? 0) - 0x30) * 10 + ((chunk[at + 1] ?? 0) - 0x30);
}

function trimEnd(chunk: Buffer, start: number, end: number): Buffer {
  return chunk.subarray(start, end > start && chunk[end - 1] === 13 ? end - 1 : end);
}

/** IIS never quotes; ELFF of proxies quotes values with blanks, ISA and TMG put tabs between them. */
function splitCells(line: string, tabbed: boolean): string[] {
  if (tabbed) return line.split('\t');
  return line.includes('"') ? (line.match(/"[^"]*"|[^ \t]+/g) ?? []) : line.split(/[ \t]/);
}

function withoutOrigin(stem: string): { path: string; host?: string } {
  const match = /^https?:\/\/([^/]+)(\/[^?]*)/i.exec(stem);
  return match ? { path: match[2] ?? '/', host: match[1] ?? '' } : { path: stem };
}

function present(value: string | undefined): string | undefined {
  return value === undefined || value === '' || value === '-' ? undefined : value;
}

function numberOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}
