// A log that is not W3C, line by line: a client's, what an agent reported, a server's own, requests without a header,
// or all of these in turns. Most lines of most logs say nothing that matters here: they are told by their bytes and
// never become text.
import { clientLogBounds } from '../bounds.ts';
import { ClientLines } from '../client-log/client-lines.ts';
import { Columns } from '../client-log/columns.ts';
import { type LogEntry, type ParsedLine, parseEntry } from '../client-log/entry.ts';
import { has, newLineFinder, plainFlags } from '../client-log/line-words.ts';
import { meaningOf } from '../client-log/meaning.ts';
import {
  parseEventLogText,
  parseReportedEvent,
  parseServerLogLine,
  type ServerLogEvent,
} from '../client-log/reporting-events.ts';
import { causeOfServerLine } from '../client-log/server-events.ts';
import type { WordFinder } from '../client-log/word-finder.ts';
import { parseFreeLine } from '../http-log/free-line.ts';
import { type LogEvent, noParameters } from '../story/event.ts';
import { Story } from '../story/story.ts';
import { forEachLine } from '../text/chunks.ts';
import { decodeLine } from '../text/encoding.ts';
import type { DateOrder } from '../text/stamp.ts';
import type { LogFacts } from './facts.ts';

let finder: WordFinder | undefined;

/** Reads the chunks of one log in order. `end` when there are no more. */
export class MixedLogReader {
  private readonly path: string;
  private readonly client: string;
  private readonly order: DateOrder;
  private readonly facts: LogFacts;
  private readonly columns = new Columns();
  private readonly finder: WordFinder;
  private readonly clientLines: ClientLines;
  private story: Story | undefined;
  private next = 1;

  constructor(path: string, client: string, order: DateOrder, facts: LogFacts) {
    this.path = path;
    this.client = client;
    this.order = order;
    this.facts = facts;
    finder ??= newLineFinder();
    this.finder = finder;
    this.story = facts.stories.get(client);
    this.clientLines = new ClientLines(path, (event) => this.ownStory().add(event));
  }

  get lines(): number {
    return this.next - 1;
  }

  read(chunk: Buffer): void {
    const before = this.next;
    this.next = forEachLine(chunk, this.next, (start, end, number) => {
      if (end > start) this.line(chunk, start, Math.min(end, start + clientLogBounds.maxLine), number);
    });
    if (this.story) this.story.lines += this.next - before;
  }

  end(): void {
    this.clientLines.end();
  }

  private line(chunk: Buffer, start: number, end: number, number: number): void {
    const { columns, finder } = this;
    if (!columns.take(chunk, start, end)) {
      finder.find(chunk, start, end);
      this.readText(decodeLine(chunk.subarray(start, end)), number);
      return;
    }
    finder.find(chunk, columns.textStart, end);
    const { low, high, flags } = finder.marks;
    this.ownStory().saw(columns.layout === 'etw' ? 'get-windows-update-log' : 'windows-update-log');
    const isPlain = (low | high | (flags & ~plainFlags)) === 0;
    if (isPlain && this.clientLines.addPlain(columns.component, flags, columns.thread)) return;
    this.clientLines.add(this.entryOf(chunk, start, end, number));
  }

  private entryOf(chunk: Buffer, start: number, end: number, number: number): LogEntry {
    const { columns, path } = this;
    const { component, layout, stampLength, textStart } = columns;
    const { marks } = this.finder;
    const raw =
      (marks.flags & has.beyondAscii) === 0
        ? chunk.toString('latin1', start, end)
        : decodeLine(chunk.subarray(start, end));
    const text = raw.slice(textStart - start).trim();
    return {
      source: path,
      line: number,
      raw,
      stamp: { at: columns.timeOf(chunk), zone: 'written', length: stampLength },
      component,
      text,
      layout,
      thread: columns.thread,
      meaning: meaningOf(text, marks),
    };
  }

  private ownStory(): Story {
    if (this.story === undefined) {
      this.story = new Story();
      this.facts.stories.set(this.client, this.story);
    }
    return this.story;
  }

  /** A line without the columns of WindowsUpdate.log may be anything. */
  private readText(written: string, at: number): void {
    const raw = written.startsWith('\0') ? written.replace(/^\0+/, '') : written;
    const { path, facts } = this;
    const reported = parseReportedEvent(raw, path, at);
    if (reported) {
      facts.reported.add(this.client, reported);
      return;
    }
    const server = parseServerLogLine(raw, path, at);
    if (server) {
      facts.serverLines++;
      facts.serverEvents.add(server);
      if (/^error$/i.test(server.level) && server.eventId === undefined && causeOfServerLine(server) === undefined)
        facts.serverStory.add(errorOfServer(server));
      return;
    }
    const entry = parseEntry(raw, path, at, this.order);
    if (entry.layout === 'plain' && this.readForeign(entry)) return;
    if (entry.layout === 'sus') this.ownStory().saw('sus-log');
    this.clientLines.add({ ...entry, meaning: meaningOf(entry.text, this.finder.marks) });
  }

  /** A request or an entry of the event log. False where the line is neither. */
  private readForeign({ raw, line, stamp }: ParsedLine): boolean {
    const { path, facts } = this;
    const { flags } = this.finder.marks;
    const record = (flags & has.request) === 0 ? undefined : parseFreeLine(raw, path, line);
    if (record) facts.tally.add(record);
    const event = record || (flags & has.event) === 0 ? undefined : parseEventLogText(raw);
    if (event) {
      const base = { source: path, line, raw, at: stamp?.at, level: '', type: '', method: '' };
      facts.serverEvents.add({ ...base, ...event });
    }
    return record !== undefined || event !== undefined;
  }
}

/** A line of the server's own log that it calls an error, and that nothing here understands. */
function errorOfServer({ source, raw, line, at, method }: ServerLogEvent): LogEvent {
  return {
    time: at,
    zone: 'utc',
    source: { kind: 'software-distribution-log', file: source, side: 'server', component: method },
    stage: 'other',
    outcome: 'warned',
    parameters: noParameters,
    line: { number: line, text: raw },
    level: 'error',
  };
}
