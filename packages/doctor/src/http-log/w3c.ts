// IIS W3C extended logs (and HTTPERR, and any ELFF with #Fields), gigabytes of them. Works on bytes, one pass per line,
// in WebAssembly (scanner.ts): walk to the stem and look at each path segment. Only for lines about updating, hash the
// columns that make an answer: all but time, query, referrer and sizes. An answer seen before is a repeat and costs no
// decoding. New answers, each ping and each directive are read here.

import { isAscii } from 'node:buffer';
import { requestLogBounds } from '../bounds.ts';
import { decodeLine } from '../text/encoding.ts';
import { type HttpRecord, kindOfPath } from './record.ts';
import { fields, giveBack, type Scanner, stop, takeScanner, textBytes } from './scanner.ts';
import { type HttpTally, type Run, Shape } from './tally.ts';

const blank = 0x20;
const tab = 0x09;
const newline = 0x0a;
const hash = 0x23;
/** Bytes that are looked at in one go: they and the runs stay in the processor's cache. */
const pieceBytes = 2 ** 17;

const contentFolders = ['/Content/', '/content/'];

const rejectedQuery = 'Rejected-By-UrlScan';

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
  private readonly scanner: Scanner = takeScanner();
  /** By what is hashed of an answer, whoever got it. */
  private readonly shapes = new Map<number, Shape>();
  private readonly maxDecoded: number;
  private fields = '';
  private clientColumn = -1;
  private readonly folderSite: string | undefined;
  private lastSite: string | undefined;
  private columns = new Map<string, number>();
  /** Per column: 1 where its bytes are part of the answer. */
  private kept = new Uint8Array(0);
  private stemColumn = -1;
  private dateColumn = -1;
  private timeColumn = -1;
  /** Values may hold blanks if tabs are between them: the first line below #Fields tells. */
  private tabbed = false;
  private isFirst = false;
  private directiveDate = '';
  /** Lines about update files that were looked at, and the files that failed. */
  private contentLines = 0;
  private readonly failedContent = new Set<string>();
  lines = 0;

  constructor(source: string, tally: HttpTally) {
    this.source = source;
    this.tally = tally;
    this.maxDecoded =
      tally.decoded < requestLogBounds.manyDecoded ? requestLogBounds.maxDecoded : requestLogBounds.fewDecoded;
    this.folderSite = /(W3SVC\d+)[\\/][^\\/]*$/i.exec(source)?.[1]?.toUpperCase();
  }

  read(chunk: Buffer): void {
    let start = 0;
    while (start < chunk.length) {
      const end = pieceEnd(chunk, start);
      this.piece(chunk.subarray(start, end));
      start = end;
    }
  }

  /** Call it after the last chunk: not before that does the tally know of the repeats. */
  end(): void {
    this.lines = this.scanner.lines;
    this.forgetRuns();
    giveBack(this.scanner);
  }

  private forgetRuns(): void {
    this.scanner.returnRuns((run, times, lastAt, lastLine) => {
      this.tally.repeat(run, times, asTime(lastAt), lastLine);
    });
  }

  private piece(piece: Buffer): void {
    // Between pieces nothing waits for the run that it belongs to.
    if (this.scanner.runCount >= requestLogBounds.maxRuns) this.forgetRuns();
    this.scanner.load(piece);
    let start = 0;
    while (start < piece.length) {
      if (piece[start] === hash || this.stemColumn < 0) start = this.skip(piece, start);
      else start = this.scan(piece, start);
    }
    if (this.stemColumn >= 0) this.content(piece);
  }

  /** Update files are asked for by the million and matter where they fail: the scanner leaves their lines alone. */
  private content(piece: Buffer): void {
    for (const folder of contentFolders) {
      let found = piece.indexOf(folder);
      while (found >= 0 && this.contentLines < requestLogBounds.maxContentLines) {
        this.contentLines++;
        const start = piece.lastIndexOf(newline, found) + 1;
        const newlineAt = piece.indexOf(newline, found);
        const end = newlineAt < 0 ? piece.length : newlineAt;
        if (piece[start] !== hash) this.contentLine(trimEnd(piece, start, end), () => this.numberOf(piece, end));
        found = end < piece.length ? piece.indexOf(folder, end) : -1;
      }
    }
  }

  private contentLine(line: Buffer, numberOf: () => number): void {
    const record = this.record(line, Number.NaN, 0);
    if (record?.kind !== 'content' || record.status === undefined) return;
    const path = record.path.toLowerCase();
    const isFailure = record.status >= 400;
    if (!isFailure && !this.failedContent.has(path)) return;
    if (isFailure && this.failedContent.size < requestLogBounds.maxGroups) this.failedContent.add(path);
    this.tally.add({ ...record, at: this.timeOf(line), line: numberOf() });
  }

  /** The number of the line that ends here, of a piece that was read to its end. */
  private numberOf(piece: Buffer, end: number): number {
    let after = 0;
    for (let at = piece.indexOf(newline, end + 1); at >= 0; at = piece.indexOf(newline, at + 1)) after++;
    const isCut = piece.length > 0 && piece[piece.length - 1] !== newline && end < piece.length;
    return this.scanner.lines - after - (isCut ? 1 : 0);
  }

  private timeOf(line: Buffer): number | undefined {
    const cells = splitCells(line.toString('latin1'), this.tabbed);
    const day = this.dateColumn >= 0 ? cells[this.dateColumn] : this.directiveDate;
    const at = Date.parse(`${day}T${cells[this.timeColumn] ?? ''}Z`);
    return asTime(at);
  }

  /** Reads up to the next directive or the end. Answers where that is. */
  private scan(piece: Buffer, start: number): number {
    const { scanner } = this;
    if (this.isFirst) this.tellSeparator(piece, start);
    let from = start;
    for (;;) {
      const why = scanner.scan(from);
      from = scanner.readField(fields.next);
      if (why === stop.newAnswer) this.answer(piece);
      else if (why === stop.ping) this.ping(piece);
      else if (why === stop.newDay) scanner.runOfDay?.addDay(scanner.at);
      else return from;
    }
  }

  /** A line that the scanner does not read. Answers where the next one begins. */
  private skip(piece: Buffer, start: number): number {
    this.scanner.lines++;
    const newlineAt = piece.indexOf(newline, start);
    const end = newlineAt < 0 ? piece.length : newlineAt;
    if (piece[start] === hash) this.directive(decodeLine(trimEnd(piece, start, end)));
    return end + 1;
  }

  /** Every ping says something of its own. */
  private ping(piece: Buffer): void {
    const ping = this.record(this.textAt(piece, fields.lineStart, fields.lineEnd), this.scanner.at, this.scanner.line);
    if (ping) this.tally.add(ping);
  }

  /** An answer that was not given before, or not to this client. */
  private answer(piece: Buffer): void {
    const { scanner } = this;
    const shape = scanner.runCount < this.maxDecoded ? undefined : this.shapes.get(scanner.shape);
    if (shape) {
      const client = this.textAt(piece, fields.clientStart, fields.clientEnd).toString('latin1');
      this.keep(this.tally.addLike(shape, present(client), asTime(scanner.at), scanner.line));
      return;
    }
    const record = this.record(this.textAt(piece, fields.lineStart, fields.lineEnd), scanner.at, scanner.line);
    if (!record) return;
    this.tally.decoded++;
    const fresh = new Shape(record);
    const run = this.tally.add(record, fresh);
    // Two rejected requests differ in their query alone, which makes no difference elsewhere.
    if (record.query === rejectedQuery) return;
    this.keep(run);
    if (this.shapes.size < requestLogBounds.maxShapes && !this.shapes.has(scanner.shape))
      this.shapes.set(scanner.shape, fresh);
  }

  private textAt(piece: Buffer, start: number, end: number): Buffer {
    return trimEnd(piece, this.scanner.readField(start), this.scanner.readField(end));
  }

  /** From here on its repeats are counted, not read. */
  private keep(run: Run): void {
    if (this.scanner.runCount < requestLogBounds.maxRuns) this.scanner.keep(run);
  }

  private tellSeparator(chunk: Buffer, start: number): void {
    const end = chunk.indexOf(newline, start);
    this.tabbed = chunk.subarray(start, end < 0 ? chunk.length : end).includes(tab);
    this.isFirst = false;
    this.configure();
  }

  /** The record of a line. Undefined when it is not about updating after all. */
  private record(line: Buffer, at: number, number: number): HttpRecord | undefined {
    const written = line.toString('latin1');
    const cells = splitCells(written, this.tabbed);
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
      line: number,
      // One string in memory, not two, wherever the line is plain.
      text: isAscii(line)
        ? written.slice(0, requestLogBounds.maxTextLength)
        : decodeLine(line.subarray(0, requestLogBounds.maxTextLength)),
      at: asTime(at),
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
      serverAddress: cell('s-ip'),
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
    if (name === 'Software') this.tally.software.set(this.source, value);
    if (name === 'Date') this.directiveDate = value.slice(0, 10);
    if (name === 'Date') this.configure();
    // The server repeats them whenever it starts: it is the same log still.
    if (name !== 'Fields' || value === this.fields) return;
    this.fields = value;
    const fields = value.toLowerCase().trim().split(/\s+/).slice(0, 120);
    this.columns = new Map(fields.map((field, index) => [field, index]));
    this.kept = Uint8Array.from(fields, (field) => (passingColumns.has(field) ? 0 : 1));
    this.clientColumn = fields.indexOf('c-ip');
    // The client is hashed last, behind the answer.
    if (this.clientColumn >= 0) this.kept[this.clientColumn] = 0;
    this.stemColumn = fields.findIndex((field) => /^cs-uri(-stem|-path)?$/.test(field));
    this.dateColumn = fields.indexOf('date');
    this.timeColumn = fields.indexOf('time');
    this.isFirst = true;
    this.forgetRuns();
    this.shapes.clear();
  }

  private configure(): void {
    this.scanner.configure({
      separator: this.tabbed ? tab : blank,
      stem: this.stemColumn,
      date: this.dateColumn,
      time: this.timeColumn,
      client: this.clientColumn,
      directiveDay: Date.parse(`${this.directiveDate}T00:00:00Z`),
      kept: this.kept,
    });
  }
}

/** The end of the piece that begins at `start`: at a line end, unless a line is longer than the scanner's memory. */
function pieceEnd(chunk: Buffer, start: number): number {
  if (chunk.length - start <= pieceBytes) return chunk.length;
  const before = chunk.lastIndexOf(newline, start + pieceBytes - 1);
  if (before >= start) return before + 1;
  const behind = chunk.indexOf(newline, start);
  return Math.min(behind < 0 ? chunk.length : behind + 1, start + textBytes);
}

/** The scanner has NaN for what a line does not say. */
function asTime(at: number): number | undefined {
  return Number.isNaN(at) ? undefined : at;
}

function trimEnd(chunk: Buffer, start: number, end: number): Buffer {
  return chunk.subarray(start, end > start && chunk[end - 1] === 13 ? end - 1 : end);
}

/** IIS never quotes. ELFF of proxies quotes values with blanks, ISA and TMG put tabs between them. */
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
