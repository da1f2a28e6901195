// The status ping: GET /wutrack.bin?V=1&U=.... The SUS client's whole reporting. Letters of A and S are only partly
// public (n s d i, s p). So any are taken, and E tells success. X is when it happened, not when it was sent: pings that
// could not leave wait in urllog.dat.
import { pingBounds } from '../bounds.ts';

export interface StatusPing {
  /** V: format version. 1 in every public sample. */
  formatVersion: string;
  /** U: the machine, 32 lower-case hexadecimal digits (SusClientId without dashes). */
  machineId: string;
  /** C: client part, `au` or `iu`. */
  component: string;
  /** A: n initialisation, s self-update, d detection, i installation. Other letters are met. */
  activity: string;
  /** I: the update. */
  item: string;
  /** D: device. */
  device: string;
  /** P: platform, dotted hexadecimal. */
  platform: string;
  /** L: language. */
  language: string;
  /** S: s success, p pending. Other letters are met. */
  status: string;
  /** E: HRESULT, unsigned. */
  error: number;
  /** M: free text. */
  message: string;
  /** X: UTC, milliseconds. Undefined when the ping has none. */
  occurredAt: Date | undefined;
}

interface MalformedPing {
  malformed: string;
}

/** Reads the query of /wutrack.bin, with or without `?`. Never throws: for other texts it says why. */
export function parseStatusPing(query: string): StatusPing | MalformedPing {
  const text = query.replace(/^\?/, '');
  if (text === '') return { malformed: 'no query' };
  if (text.length > pingBounds.maxCharacters)
    return { malformed: `longer than ${pingBounds.maxCharacters} characters` };
  const fields = readFields(text);
  const value = (key: string) => fields.get(key) ?? '';
  for (const [key, content] of fields) {
    if (content.length > pingBounds.maxValueLength)
      return { malformed: `${key} is longer than ${pingBounds.maxValueLength} characters` };
    if (hasControlCharacter(content)) return { malformed: `${key} holds control characters` };
  }
  const machineId = readMachineId(value('U'));
  if (machineId === undefined) return { malformed: 'U is not a machine id' };
  if (!/^[A-Za-z]{1,8}$/.test(value('A'))) return { malformed: 'A is not an activity' };
  if (!/^[A-Za-z]{0,8}$/.test(value('S'))) return { malformed: 'S is not a status' };
  const error = readHresult(value('E'));
  if (error === undefined) return { malformed: 'E is not a result code' };
  const occurredAt = readTime(value('X'));
  if (occurredAt === undefined && value('X') !== '') return { malformed: 'X is not a time' };
  return {
    formatVersion: value('V'),
    machineId,
    component: value('C'),
    activity: value('A').toLowerCase(),
    item: value('I'),
    device: value('D'),
    platform: value('P'),
    language: value('L'),
    status: value('S').toLowerCase(),
    error,
    message: value('M'),
    occurredAt,
  };
}

/** The query (without `?`), keys in the order of every public sample. */
export function encodeStatusPing(ping: StatusPing): string {
  const fields: [string, string][] = [
    ['V', ping.formatVersion],
    ['U', ping.machineId],
    ['C', ping.component],
    ['A', ping.activity],
    ['I', ping.item],
    ['D', ping.device],
    ['P', ping.platform],
    ['L', ping.language],
    ['S', ping.status],
    ['E', (ping.error >>> 0).toString(16).padStart(8, '0')],
    ['M', ping.message],
    ['X', ping.occurredAt ? encodeTime(ping.occurredAt) : ''],
  ];
  return fields.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&');
}

// Keys in any letter case and order. The first of a repeated key counts.
function readFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const pair of text.split('&')) {
    const equals = pair.indexOf('=');
    if (equals < 1) continue;
    const key = pair.slice(0, equals).toUpperCase();
    if (/^[A-Z]$/.test(key) && !fields.has(key)) fields.set(key, decodeValue(pair.slice(equals + 1)));
  }
  return fields;
}

function decodeValue(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return decodeAnsi(spaced);
  }
}

// Clients of 2002 know no UTF-8: their escapes are bytes of the machine's ANSI code page, Windows-1252 for most.
function decodeAnsi(text: string): string {
  return text.replace(/%([\da-f]{2})/gi, (_, digits: string) =>
    ansi.decode(Uint8Array.of(Number.parseInt(digits, 16))),
  );
}

const ansi = new TextDecoder('windows-1252');

function readMachineId(text: string): string | undefined {
  const digits = text.replace(/[{}-]/g, '').toLowerCase();
  return /^[0-9a-f]{32}$/.test(digits) ? digits : undefined;
}

function readHresult(text: string): number | undefined {
  if (text === '') return 0;
  const digits = /^(?:0x)?([0-9a-f]{1,8})$/i.exec(text)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

function readTime(text: string): Date | undefined {
  const parts = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d\d)$/.exec(text)?.slice(1).map(Number);
  if (!parts) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0] = parts;
  const date = new Date(Date.UTC(2000 + year, month - 1, day, hour, minute, second, ms));
  return encodeTime(date) === text ? date : undefined;
}

function encodeTime(date: Date): string {
  return date.toISOString().replace(/\D/g, '').slice(2);
}

function hasControlCharacter(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return /[\u0000-\u001f\u007f-\u009f]/.test(text);
}
