// One line of a client's log, whatever generation wrote it: Windows Update.log (two clocks, status, component),
// WindowsUpdate.log (PID, TID, component), Get-WindowsUpdateLog (the same with decimal TID), or just text.
import { hostOfUrl } from '../rules/services.ts';
import { type DateOrder, parseStamp, type Stamp } from '../text/stamp.ts';
import type { Meaning } from './meaning.ts';

export interface LogEntry {
  source: string;
  line: number;
  /** The whole line. */
  raw: string;
  stamp: Stamp | undefined;
  component: string;
  text: string;
  /** Of the thread that wrote it. 0 where the line names none. */
  thread: number;
  /** Which layout the line has. */
  layout: 'sus' | 'wua' | 'etw' | 'plain';
  /** The meaning of the text by itself. */
  meaning: Meaning;
}

/** A line taken apart. Its meaning is found when it is asked for. */
export type ParsedLine = Omit<LogEntry, 'meaning'>;

const processColumns = /^[\t ]+(\d{1,7})[\t ]+([0-9a-fA-F]{1,8})[\t ]+([A-Za-z][\w-]*)(?:[\t ]+|$)/;
const twoClocks = /^[\t ]+(\d{2}:\d{2}:\d{2})[\t ]+([A-Za-z]\w*)[\t ]+(\S+)(?:[\t ]+|$)/;
const twoStamps =
  /^[\t ]+(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.:]\d+)?Z?)[\t ]+([A-Za-z]\w*)[\t ]+(\S+)(?:[\t ]+|$)/;

/** Takes a line apart. Never fails: what has no columns is text. */
export function parseEntry(raw: string, source: string, line: number, order: DateOrder): ParsedLine {
  const stamp = parseStamp(raw, order);
  const base = { source, line, raw, stamp, thread: 0 };
  if (!stamp) return { ...base, component: '', text: raw.trim(), layout: 'plain' };
  const rest = raw.slice(stamp.length);
  const columns = processColumns.exec(rest);
  if (columns) {
    const text = rest.slice(columns[0].length);
    // Seven digits of fraction, and no tabs, are the mark of Windows 10's own converter.
    const layout = /[.:,]\d{7}/.test(raw.slice(0, stamp.length)) ? 'etw' : 'wua';
    const thread = Number.parseInt(columns[2] ?? '', 16);
    return { ...base, component: columns[3] ?? '', text: text.trim(), layout, thread };
  }
  const old = twoClocks.exec(rest) ?? twoStamps.exec(rest);
  if (old) {
    const status = /^(success|information|info)$/i.test(old[2] ?? '') ? '' : `${old[2]?.toUpperCase()}: `;
    return { ...base, component: old[3] ?? '', text: `${status}${rest.slice(old[0].length).trim()}`, layout: 'sus' };
  }
  return { ...base, component: '', text: rest.trim(), layout: 'plain' };
}

const explicit = /0x([0-9a-f]{8})\b/gi;
const bare = /\b(?:hr|hresult|result|error|code|errorcode|error code)\s*[=:]?\s*\(?(8[0-9a-f]{7}|c800[0-9a-f]{4})\b/gi;
const anyBare =
  /(?<![0-9a-fx{-])((?:80(?:24|07|19|20|09|0b|0f|3d|04|08|d0)[0-9a-f]|8000[4f]|c800[0-9a-f])[0-9a-f]{3})(?![0-9a-f-])/gi;
/** As the converter of Windows 10 marks what failed. */
const marked = /\*FAILED\*\s*\[(?:0x)?([89a-f][0-9a-f]{7})\]/gi;

const anyNumber = /0x[89a-f][0-9a-f]{7}|\[[89a-f][0-9a-f]{7}\]|8[0-9a-f]{7}|c800[0-9a-f]{4}|\b2\d{9}/i;

/** The HRESULTs a line names, failures only, in order. */
export function failuresIn(text: string): number[] {
  // Most lines have none of the numbers that the patterns below look for.
  if (!anyNumber.test(text)) return [];
  const found: number[] = [];
  for (const pattern of [explicit, marked, bare, anyBare]) {
    for (const match of text.matchAll(pattern)) {
      const value = Number.parseInt(match[1] ?? '', 16);
      if (value >= 0x80000000 && !found.includes(value)) found.push(value);
    }
  }
  for (const [, sign, digits = ''] of text.matchAll(decimal)) {
    const value = sign === '-' ? -Number(digits) >>> 0 : Number(digits);
    if (updating.has(value >>> 16) && !found.includes(value)) found.push(value);
  }
  return found;
}

/** A HRESULT as scripts and management tools print it: a decimal number, mostly a negative one. */
const decimal = /(?<![\w.-])(-?)(2\d{9})\b/g;
const updating = new Set([0x8007, 0x8009, 0x800b, 0x8019, 0x8020, 0x8024, 0x803d, 0x80d0]);

/** The first URL a line names, without the brackets and quotes that agents put around it. */
export function urlIn(text: string): string | undefined {
  if (!text.includes('://')) return undefined;
  const all = text.match(/https?:\/\/[^\s<>"'|,;]+/gi) ?? [];
  // A namespace, or the action of a SOAP message, is not the address of a request.
  const url = all.find((each) => hostOfUrl(each) !== undefined)?.replace(/[.:)\]]+$/, '');
  // The SUS client writes file and place apart: "Downloading iuident.cab from http://server/".
  const file = /\b([\w.-]+\.(?:cab|bin))\s+from\s+\W?https?:/i.exec(text)?.[1];
  return url === undefined || file === undefined || url.includes(file) ? url : `${url.replace(/\/+$/, '')}/${file}`;
}

/** `C:\a\b.cab` → `b.cab`. */
export function lastPart(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path;
}
