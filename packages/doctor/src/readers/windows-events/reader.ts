// Events of the Windows event log as text, in whatever form and language. They are told in the order of their times:
// Event Viewer exports the newest first.
import { readerBounds } from '../../input-bounds.ts';
import type { LogEvent } from '../../story/event.ts';
import type { LogFile, LogHead, LogReader, OpenLog } from '../../story/reader.ts';
import { BlockForm } from './block-form.ts';
import type { WindowsEvent } from './event.ts';
import { judgeWindowsEvent } from './judge.ts';
import { CsvForm, cellsOf, PrintedForm } from './table-form.ts';
import { eventOfXml } from './xml-form.ts';

export const windowsEventReader: LogReader = {
  kind: 'windows-event',
  title: 'Windows events',
  recognises: ({ text }: LogHead) => formOf(text.split(/\r?\n/, 400)) !== undefined,
  sample: {
    name: 'PC7/System.csv',
    healthy: `Level,Date and Time,Source,Event ID,Task Category\r\n${row('Information', 'Microsoft-Windows-WindowsUpdateClient', 26)}`,
    errors: [
      row('Error', 'Microsoft-Windows-WindowsUpdateClient', 199),
      row('Fehler', 'Windows Server Update Services', 19_999),
      row('Erreur', 'Microsoft-Windows-Frobnicator', 7),
    ],
  },
  open: (file) => new EventText(file),
};

function row(level: string, provider: string, id: number): string {
  return `${level},5/6/2026 7:08:09 AM,${provider},${id},None,"Something was frobnicated."\r\n`;
}

/** A form of text: takes lines and gives the events that are complete. */
interface Form {
  take(line: string, number: number): WindowsEvent[];
  end?(): WindowsEvent[];
}

const flat =
  /\bSource:\s*(?<provider>[^:]{2,80}?)\s+(?:Date|Event ID):.*?\bEvent ID:\s*(?<id>\d{1,5})\b.*?\b(?:Level|Type):\s*(?<level>\p{L}+)/u;

/** The form that these first lines have. Undefined if they are not events. */
function formOf(lines: readonly string[]): Form | undefined {
  if (lines.some((line) => /<Event(?:\s+xmlns\b[^>]*)?>/.test(line))) return new XmlForm();
  const csv = csvOf(lines);
  if (csv) return csv;
  if (hasEvents(new PrintedForm(), lines)) return new PrintedForm();
  if (hasEvents(new BlockForm(), lines)) return new BlockForm();
  return lines.some((line) => flat.test(line)) ? new FlatForm() : undefined;
}

function hasEvents(form: Form, lines: readonly string[]): boolean {
  const found = lines.flatMap((line, index) => form.take(line, index + 1));
  return found.length > 0 || (form.end?.().length ?? 0) > 0;
}

function csvOf(lines: readonly string[]): Form | undefined {
  const first = lines.find((line) => line.trim() !== '' && !line.startsWith('#TYPE')) ?? '';
  for (const separator of [',', ';', '\t']) {
    if (cellsOf(first, separator).length >= 4 && hasEvents(new CsvForm(separator), lines))
      return new CsvForm(separator);
  }
  return undefined;
}

/** Whole <Event> elements, also between other text. */
class XmlForm implements Form {
  private text = '';
  private number = 0;

  take(line: string, number: number): WindowsEvent[] {
    const events: WindowsEvent[] = [];
    let rest = line;
    while (rest !== '') {
      if (this.text === '') {
        const start = rest.search(/<Event[\s>]/);
        if (start < 0) break;
        this.number = number;
        rest = rest.slice(start);
      }
      const end = rest.indexOf('</Event>');
      if (end < 0) {
        // An element that never ends costs only itself.
        this.text = this.text.length > readerBounds.maxEventXml ? '' : `${this.text}${rest}\n`;
        break;
      }
      const event = eventOfXml(`${this.text}${rest.slice(0, end + 8)}`, this.number);
      if (event) events.push(event);
      this.text = '';
      rest = rest.slice(end + 8);
    }
    return events;
  }
}

/** One line per event, as pages that lose line ends show it. */
class FlatForm implements Form {
  private readonly levels = new BlockForm();

  take(line: string, number: number): WindowsEvent[] {
    const { provider = '', id, level = '' } = flat.exec(line)?.groups ?? {};
    if (id === undefined) return [];
    const labels = [
      `Log Name: x`,
      `Source: ${provider}`,
      `Date: ${/Date:\s*(.+?)\s+Event ID/.exec(line)?.[1] ?? '1/1/1970'}`,
      `Event ID: ${id}`,
    ];
    const rest = ['Task: -', `Level: ${level}`, 'Keywords: -', 'User: -', 'Computer: -', 'Description:'];
    for (const label of [...labels, ...rest, line]) this.levels.take(label, number);
    return this.levels.end();
  }
}

const headLines = 400;
class EventText implements OpenLog {
  private readonly file: LogFile;
  private readonly early: string[] = [];
  private form: Form | undefined;
  private kept: LogEvent[] = [];
  private parts = 0;

  constructor(file: LogFile) {
    this.file = file;
  }

  line(text: string, number: number): readonly LogEvent[] {
    if (!this.form) {
      this.early.push(text);
      if (this.early.length < headLines) return [];
      this.settle();
      return this.keep([]);
    }
    return this.keep(this.form.take(text, number));
  }

  end(): readonly LogEvent[] {
    if (!this.form) this.settle();
    this.keep(this.form?.end?.() ?? []);
    return this.release();
  }

  /** The first lines decide the form, and are read by it. */
  private settle(): void {
    this.form = formOf(this.early) ?? new BlockForm();
    for (const [index, line] of this.early.entries()) this.keep(this.form.take(line, index + 1));
    this.early.length = 0;
  }

  private keep(events: readonly WindowsEvent[]): readonly LogEvent[] {
    for (const event of events) this.kept.push(...judgeWindowsEvent(event, this.file.path));
    return this.kept.length >= readerBounds.maxKept ? this.release() : [];
  }

  private release(): readonly LogEvent[] {
    const events = inOrder(this.kept);
    this.kept = [];
    // If a file is in parts, an end may come before its beginning.
    this.parts++;
    if (this.parts > 1) return events.filter(({ outcome }) => outcome !== 'began');
    return events;
  }
}

/** By time. Those without one stay where they are, behind what came before them. */
export function inOrder(events: readonly LogEvent[]): LogEvent[] {
  let last = Number.NEGATIVE_INFINITY;
  const placed = events.map((event, index) => {
    last = event.time ?? last;
    return { event, at: last, index };
  });
  return placed.sort((a, b) => a.at - b.at || a.index - b.index).map(({ event }) => event);
}
