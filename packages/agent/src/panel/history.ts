// The history of the machine, newest first. It is read from the two logs that an administrator reads:
// ReportingEvents.log and "Windows Update.log".
import { closeSync, fstatSync, readSync } from 'node:fs';
import { openOutside } from '@moult/disk';
import { visibleText } from '@moult/formats/text';
import { eventNumbers } from '@moult/protocol/reporting';
import type { MachineRoot } from '../machine/machine-root.ts';
import { panelBounds } from './panel-bounds.ts';

export interface HistoryEntry {
  at: Date;
  /** `Moult sample update`. */
  title: string;
  /** `Installed`, `Installation failed`, … */
  what: string;
  result: 'good' | 'bad' | 'pending';
  /** `0x80070643`. '' when it went well. */
  code: string;
}

/** At most `panel.max-history` entries. A log that is not there, or cannot be read, has none. */
export function readHistory({ reportingEventsLog, susLog }: MachineRoot): HistoryEntry[] {
  const events = [`${reportingEventsLog}.old`, reportingEventsLog].flatMap((file) =>
    linesAtEnd(file, 'utf16le').flatMap(fromReportingLine),
  );
  const lines = [`${susLog}.old`, susLog].flatMap((file) => linesAtEnd(file, 'utf8').flatMap(fromSusLine));
  // Of two with one time the later line is the newer one.
  return [...events, ...lines]
    .reverse()
    .sort((a, b) => b.at.getTime() - a.at.getTime())
    .slice(0, panelBounds.maxHistory);
}

/** Whole lines of the last part of a log. */
function linesAtEnd(file: string, encoding: 'utf8' | 'utf16le'): string[] {
  try {
    const bytes = readEnd(file, panelBounds.maxHistoryBytes);
    const lines = bytes.text
      .toString(encoding)
      .replace(/^\ufeff/, '')
      .split('\r\n');
    return bytes.isCut ? lines.slice(1) : lines;
  } catch {
    return [];
  }
}

function readEnd(file: string, maxBytes: number): { text: Buffer; isCut: boolean } {
  const descriptor = openOutside(file);
  try {
    const { size } = fstatSync(descriptor);
    // An even place: UTF-16 has two bytes for each unit.
    const from = Math.max(0, size - maxBytes) & ~1;
    const text = Buffer.alloc(Math.min(size - from, maxBytes + 1));
    return { text: text.subarray(0, readSync(descriptor, text, 0, text.length, from)), isCut: from > 0 };
  } finally {
    closeSync(descriptor);
  }
}

interface Kind {
  what: string;
  result: HistoryEntry['result'];
  /** Of the agent itself. */
  itself?: string;
  isCheck?: boolean;
}

const kinds = new Map<number, Kind>([
  [eventNumbers.installSucceeded, { what: 'Installed', result: 'good', itself: 'Updated itself' }],
  [eventNumbers.installPendsRestart, { what: 'Installed, needs a restart', result: 'pending' }],
  [eventNumbers.installFailed, { what: 'Installation failed', result: 'bad', itself: 'Self-update failed' }],
  [eventNumbers.downloadFailed, { what: 'Download failed', result: 'bad' }],
  [eventNumbers.scanFailed, { what: 'Failed', result: 'bad', isCheck: true }],
]);

/** Twelve columns, as logs/reporting-events-log.ts writes them. */
function fromReportingLine(line: string): HistoryEntry[] {
  const columns = line.split('\t');
  const [, stamp = '', , event = '', , updateId = '', , result = '', caller = ''] = columns;
  const at = timeOf(stamp);
  const kind = kinds.get(Number.parseInt(event, 10));
  if (columns.length !== 12 || !at || !kind) return [];
  const isSelf = caller === 'SelfUpdate';
  const title = kind.isCheck
    ? 'Check for updates'
    : isSelf
      ? 'Automatic Updates'
      : titleIn(columns[11] ?? '') || updateId;
  const what = (isSelf && kind.itself) || kind.what;
  const code = kind.result === 'bad' ? codeOf(result) : '';
  return [{ at, title: visibleText(title), what, result: kind.result, code }];
}

/** `2026-12-01 03:00:12:345+0100`. */
function timeOf(stamp: string): Date | undefined {
  const [, date, clock, ms, zone] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d):(\d{3})([+-]\d{4})$/.exec(stamp) ?? [];
  const time = new Date(`${date}T${clock}.${ms}${zone?.slice(0, 3)}:${zone?.slice(3)}`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

function titleIn(message: string): string {
  return /following update(?: with error 0x[0-9a-fA-F]+)?: (.+?)\.?$/.exec(message)?.[1] ?? '';
}

/** Hexadecimal without its leading zeros. */
function codeOf(result: string): string {
  return /^[0-9A-Fa-f]{1,8}$/.test(result) ? `0x${result.toLowerCase().padStart(8, '0')}` : '';
}

/** Five columns, as logs/sus-log.ts writes them. */
function fromSusLine(line: string): HistoryEntry[] {
  const [, utc = '', status = '', component = '', text = ''] = line.split('\t');
  const at = new Date(utc);
  if (Number.isNaN(at.getTime()) || component !== 'SelfUpdate') return [];
  if (status === 'Success' && /^This is version /.test(text))
    return [{ at, title: 'Automatic Updates', what: 'Updated itself', result: 'good', code: '' }];
  if (status !== 'Error') return [];
  const code = /0x[0-9a-fA-F]{8}/.exec(text)?.[0] ?? '';
  return [{ at, title: 'Automatic Updates', what: 'Self-update failed', result: 'bad', code }];
}
