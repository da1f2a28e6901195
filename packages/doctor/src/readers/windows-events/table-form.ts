// Events as rows: CSV and tab-separated text of Event Viewer and Export-Csv, and the tables that Get-WinEvent and
// Get-EventLog print. Headers of Event Viewer are in the language of the machine: its columns are told by position.
import { readerBounds } from '../../input-bounds.ts';
import { eventOfProperties } from './block-form.ts';
import { levelOf, timeOf, type WindowsEvent } from './event.ts';

const names =
  /^(?:id|eventid|instanceid|providername|source|timecreated|timegenerated|leveldisplayname|entrytype|message)$/i;
/** Rows of one separator. A quoted cell may go over lines. */
export class CsvForm {
  private readonly separator: string;
  private header: string[] | undefined;
  private rest = '';
  private restLine = 0;

  constructor(separator: string) {
    this.separator = separator;
  }

  take(line: string, number: number): WindowsEvent[] {
    if (this.rest === '') this.restLine = number;
    const text = this.rest === '' ? line : `${this.rest}\n${line}`;
    const isOpen = text.includes('"') && ((text.match(/"/g)?.length ?? 0) & 1) === 1;
    if (isOpen && text.length < readerBounds.maxCell) {
      this.rest = text;
      return [];
    }
    this.rest = '';
    if (text.startsWith('#TYPE')) return [];
    const cells = cellsOf(text, this.separator);
    if (!this.header) {
      this.header = cells;
      return [];
    }
    const event = this.eventOf(cells, { number: this.restLine, text: text.replace(/\s+/g, ' ').slice(0, 500) });
    return event ? [event] : [];
  }

  private eventOf(cells: readonly string[], line: WindowsEvent['line']): WindowsEvent | undefined {
    const { header = [] } = this;
    const known = header.filter((name) => names.test(name.trim())).length;
    if (known >= 3) {
      const row = Object.fromEntries(header.map((name, at) => [name.trim().toLowerCase(), cells[at] ?? '']));
      return eventOfProperties(row, line);
    }
    return eventByPosition(cells, line);
  }
}

/** Level, date and time, source, number, task, message. */
function eventByPosition(cells: readonly string[], line: WindowsEvent['line']): WindowsEvent | undefined {
  const at = cells.findIndex((cell, index) => index >= 2 && /^\d{1,5}$/.test(cell.trim()));
  if (at < 2) return undefined;
  const level = cells
    .slice(0, at)
    .map(levelOf)
    .find((one) => one !== undefined);
  const stamp = cells
    .slice(0, at)
    .map(timeOf)
    .find(({ time }) => time !== undefined);
  const provider = (cells[at - 1] ?? '').trim();
  if (!stamp || provider === '' || timeOf(provider).time !== undefined) return undefined;
  const text = cells.slice(at + 1).join(' ');
  return { provider, id: Number(cells[at]), level, ...stamp, data: {}, values: [], text, line };
}

/** The cells of a row. */
export function cellsOf(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator);
  const cells: string[] = [];
  let start = 0;
  while (start <= text.length) {
    const end = text[start] === '"' ? endOfQuoted(text, start) : start;
    const next = text.indexOf(separator, end);
    const stop = next < 0 ? text.length : next;
    const cell = text.slice(start, stop);
    cells.push(cell.startsWith('"') ? cell.replace(/^"|"\s*$/g, '').replaceAll('""', '"') : cell);
    start = stop + 1;
  }
  return cells;
}

/** The end of a quoted cell: behind its last quotation mark, those that are doubled apart. */
function endOfQuoted(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const mark = text.indexOf('"', at);
    if (mark < 0) return text.length;
    if (text[mark + 1] !== '"') return mark + 1;
    at = mark + 2;
  }
}

const winEventRow = /^\s*(\S+[ \u202f]\S+(?:[ \u202f][AP]M)?)\s+(\d{1,5})\s+(\p{L}[\p{L}\u00a0]*)\s+(.*)$/u;
const eventLogRow = /^\s*(\d+)\s+(\p{L}{3,}\.? +\d{1,2} \d{2}:\d{2})\s+(\p{L}+)\s+(.+?)\s+(\d+)\s+(\S.*)$/u;

/** Get-WinEvent's table has its provider above it. Get-EventLog's has it in the row. */
export class PrintedForm {
  private provider = '';

  take(line: string, number: number): WindowsEvent[] {
    const group = /^\s*ProviderName\s*: (\S.*?)\s*$/.exec(line);
    if (group) {
      this.provider = group[1] ?? '';
      return [];
    }
    const evidence = { number, text: line.trim().slice(0, 500) };
    const row = this.provider === '' ? null : winEventRow.exec(line);
    if (row) {
      const [, stamp = '', id, level = '', text = ''] = row;
      const base = { provider: this.provider, id: Number(id), data: {}, values: [], text, line: evidence };
      return [{ ...base, level: levelOf(level), ...timeOf(stamp) }];
    }
    const old = eventLogRow.exec(line);
    if (!old || levelOf(old[3] ?? '') === undefined) return [];
    const [, , , level = '', provider = '', id, text = ''] = old;
    const base = { provider, id: Number(id) & 0xffff, data: {}, values: [], text, line: evidence };
    return [{ ...base, level: levelOf(level), time: undefined, zone: undefined }];
  }
}
