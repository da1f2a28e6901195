// Registry values that somebody sent: exports of Registry Editor (REGEDIT4, 5.00, ANSI, UTF-8, UTF-16) and the output
// of `reg query … /s`, lists of PowerShell's Get-ItemProperty. Reads as far as it can and keeps the line of every
// value, since that is the evidence.
import { FormatError } from '@moult/formats';
import { parseRegistryText, type RegistryValue } from '@moult/formats/registry';
import { decodeText } from '../text/encoding.ts';
import { keyName } from './key-name.ts';

export interface RegValue {
  name: string;
  type: string;
  /** Text, number, or hexadecimal for anything else. */
  data: string | number;
  source: string;
  line: number;
  text: string;
}

/** Keys with values that are looked at. */
const matters = /windowsupdate|\\policies\\|\\services\\|\\windows nt\\currentversion|internet settings|\\select$/;

/** Key (lower case, from HKEY_… on) → values by lower-case name. */
export type RegFacts = Map<string, Map<string, RegValue>>;

/** Reads one export. Lines that are neither key nor value are passed over. */
export function readRegText(bytes: Buffer, source: string): RegFacts {
  const lines = decodeText(bytes).split(/\r\n|\r|\n/);
  const facts: RegFacts = new Map();
  const ansi = /^REGEDIT4/.test(lines.find((line) => line.trim() !== '')?.trim() ?? '');
  let values: Map<string, RegValue> | undefined;
  let listed: RegValue[] = [];
  let wanted = true;
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1;
    let text = lines[index] ?? '';
    while (/=\s*hex/i.test(text) && text.trimEnd().endsWith('\\') && index + 1 < lines.length) {
      text = text.trimEnd().slice(0, -1) + (lines[++index] ?? '').trim();
    }
    const key = keyOf(text);
    if (key !== undefined) {
      values = key.startsWith('-') ? undefined : (facts.get(key) ?? new Map());
      if (values) facts.set(key, values);
      else forget(facts, key.slice(1));
      wanted = matters.test(key);
      continue;
    }
    const path = /^PSPath\s*:\s*(.+)$/.exec(text)?.[1];
    if (path !== undefined) {
      const name = keyName(path);
      facts.set(
        name,
        new Map([...(facts.get(name) ?? []), ...listed.map((each) => [each.name.toLowerCase(), each] as const)]),
      );
      listed = [];
      continue;
    }
    const item = listedValueOf(text);
    if (item) listed.push({ ...item, source, line, text: text.trim().slice(0, 400) });
    const gone = /^\s*"((?:[^"\\]|\\.)*)"\s*=\s*-/.exec(text)?.[1];
    if (gone !== undefined) values?.delete(gone.replace(/\\(.)/g, '$1').toLowerCase());
    // Of a whole hive only the keys that matter are read.
    const value = values && wanted ? (exportedValueOf(text, ansi) ?? queriedValueOf(text)) : undefined;
    if (value && values)
      values.set(value.name.toLowerCase(), { ...value, source, line, text: text.trim().slice(0, 400) });
  }
  nameCurrentControlSet(facts);
  return facts;
}

/** `[-KEY]` takes a key away with all that is under it. */
function forget(facts: RegFacts, key: string): void {
  for (const known of facts.keys()) if (known === key || known.startsWith(`${key}\\`)) facts.delete(known);
}

/**
 * An export of a SYSTEM hive that does not run has its control sets by number. Select says which one is the current.
 */
function nameCurrentControlSet(facts: RegFacts): void {
  for (const [key, values] of [...facts]) {
    const [, hive = '', set, rest = ''] = /^(hkey_local_machine\\[^\\]+)\\controlset(\d{3})(\\.*)?$/.exec(key) ?? [];
    if (set === undefined || Number(set) !== (facts.get(`${hive}\\select`)?.get('current')?.data ?? 1)) continue;
    const current = `hkey_local_machine\\system\\currentcontrolset${rest}`;
    facts.set(current, new Map([...values, ...(facts.get(current) ?? [])]));
  }
}

/** Adds `more` to `facts`. Later exports win. */
export function mergeRegFacts(facts: RegFacts, more: RegFacts): void {
  for (const [key, values] of more) facts.set(key, new Map([...(facts.get(key) ?? []), ...values]));
}

function keyOf(text: string): string | undefined {
  const bracket = /^\s*\[(-?)(.+)\]\s*$/.exec(text);
  const plain = /^\s*(HKEY_[A-Z_]+\\.*|HK(?:LM|CU|U|CR)\\.*)$/i.exec(text);
  const path = bracket?.[2] ?? plain?.[1];
  return path === undefined ? undefined : `${bracket?.[1] ?? ''}${keyName(path)}`;
}

type Value = Pick<RegValue, 'name' | 'type' | 'data'>;

const headers = { ansi: 'REGEDIT4', unicode: 'Windows Registry Editor Version 5.00' };

/**
 * One value line of a .reg file. The format itself is `formats/registry`. Here a line that is damaged costs only
 * itself.
 */
function exportedValueOf(text: string, ansi: boolean): Value | undefined {
  const line = text.trim();
  if (!/^(?:@|")/.test(line)) return undefined;
  // The last line of a text that was cut, or copied badly, may lack its quotation mark.
  return parsedValue(line, ansi) ?? (/=\s*"[^"]*$/.test(line) ? parsedValue(`${line}"`, ansi) : undefined);
}

function parsedValue(line: string, ansi: boolean): Value | undefined {
  try {
    const tree = parseRegistryText(
      Buffer.from(`\ufeff${ansi ? headers.ansi : headers.unicode}\n[HKEY_LOCAL_MACHINE\\x]\n${line}\n`, 'utf8'),
    );
    const [read] = [...tree.values()].flatMap(({ values }) => [...values.values()]);
    return read && { name: read.name, ...plainOf(read.value) };
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function plainOf(value: RegistryValue): Pick<Value, 'type' | 'data'> {
  switch (value.type) {
    case 'REG_SZ':
    case 'REG_EXPAND_SZ':
      return { type: 'REG_SZ', data: value.data };
    case 'REG_DWORD':
      return { type: 'REG_DWORD', data: value.data };
    case 'REG_QWORD':
      return { type: 'REG_QWORD', data: Number(value.data) };
    case 'REG_MULTI_SZ':
      return { type: 'REG_MULTI_SZ', data: value.data.join('\0') };
    default:
      return { type: 'REG_BINARY', data: Buffer.from(value.data).toString('hex') };
  }
}

/** `    WUServer    REG_SZ    http://server` */
function queriedValueOf(text: string): Value | undefined {
  const match = /^\s{2,}(\S.*?)(?:\s{2,}|\t)(REG_[A-Z_]+)(?:(?:\s{2,}|\t)(.*))?$/.exec(text);
  if (!match) return undefined;
  const [, name = '', type = '', data = ''] = match;
  if (type !== 'REG_DWORD') return { name, type, data: data.trim() };
  return { name, type, data: Number(data.trim().split(/\s/)[0]) };
}

/** `WUServer : http://server`. Such lists do not say what type a value has: whole numbers are taken for REG_DWORD. */
function listedValueOf(text: string): Value | undefined {
  const match = /^([A-Za-z]\w*)\s*:\s(.*)$/.exec(text);
  if (!match || /^PS(ParentPath|ChildName|Drive|Provider)$/.test(match[1] ?? '')) return undefined;
  const [, name = '', written = ''] = match;
  const data = written.trim();
  return /^\d{1,10}$/.test(data) ? { name, type: 'REG_DWORD', data: Number(data) } : { name, type: 'REG_SZ', data };
}
