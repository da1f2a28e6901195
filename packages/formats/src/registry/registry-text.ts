// Registry Editor's text format, both ways: "Windows Registry Editor Version 5.00" in UTF-16LE as Windows writes it,
// and read as generously as people edit it: UTF-8, ANSI, REGEDIT4, LF, comments, deletions.
import { FormatError } from '../errors.ts';
import { decodeText } from '../text/decode.ts';

export type RegistryValue =
  | { type: 'REG_SZ' | 'REG_EXPAND_SZ'; data: string }
  | { type: 'REG_DWORD'; data: number }
  | { type: 'REG_QWORD'; data: bigint }
  | { type: 'REG_MULTI_SZ'; data: string[] }
  | { type: 'REG_BINARY'; data: Uint8Array }
  | { type: 'other'; typeNumber: number; data: Uint8Array };

interface RegistryKey {
  /** As first written, from HKEY_… on. */
  path: string;
  /** Lower-case value name → name as written and value. '' is the default value. */
  values: Map<string, { name: string; value: RegistryValue }>;
}

/** Lower-case full path → key, in the order of the file. */
export type RegistryTree = Map<string, RegistryKey>;

const header = 'Windows Registry Editor Version 5.00';

/** Reads .reg text. For other text it throws FormatError FORMAT_BAD_DATA, naming the line. */
export function parseRegistryText(bytes: Uint8Array): RegistryTree {
  const tree: RegistryTree = new Map();
  let open: RegistryKey | undefined;
  walk(bytes, ({ key, name, value }) => {
    if (name === undefined) open = value === undefined ? removeKey(tree, key) : keyOf(tree, key);
    else if (value === undefined || value === 'present') open?.values.delete(name.toLowerCase());
    else open?.values.set(name.toLowerCase(), { name, value });
  });
  return tree;
}

/** The changes that .reg text makes when it is imported, in their order. Throws as parseRegistryText. */
export function parseRegistryChanges(bytes: Uint8Array): RegistryTextChange[] {
  const changes: RegistryTextChange[] = [];
  walk(bytes, ({ key, name, value }) => {
    if (value === 'present') return;
    changes.push({ key, ...(name !== undefined && { name }), ...(value && { value }) });
  });
  return changes;
}

/** UTF-16LE with byte order mark and CRLF, byte for byte as Registry Editor exports it. */
export function encodeRegistryText(tree: RegistryTree): Uint8Array {
  const lines = [header, ''];
  for (const key of tree.values()) {
    lines.push(`[${key.path}]`);
    for (const { name, value } of key.values.values()) {
      lines.push(...wrap(name === '' ? '@=' : `"${toQuoted(name)}"=`, encodeValue(value)));
    }
    lines.push('');
  }
  return Buffer.from(`\ufeff${lines.join('\r\n')}\r\n`, 'utf16le');
}

/** One change as Registry Editor's text has it. `name` undefined: the key itself. `value` undefined: delete. */
export interface RegistryTextChange {
  key: string;
  name?: string;
  value?: RegistryValue;
}

/** A .reg file that makes these changes, in their order, when it is imported. */
export function encodeRegistryChanges(changes: readonly RegistryTextChange[]): Uint8Array {
  const lines = [header];
  let open = '';
  for (const { key, name, value } of changes) {
    const path = fullKeyPath(key);
    if (name === undefined && value === undefined) {
      lines.push('', `[-${path}]`);
      open = '';
      continue;
    }
    if (open !== path) lines.push('', `[${path}]`);
    open = path;
    const prefix = name === undefined || name === '' ? '@=' : `"${toQuoted(name)}"=`;
    lines.push(...(value ? wrap(prefix, encodeValue(value)) : [`${prefix}-`]));
  }
  return Buffer.from(`\ufeff${lines.join('\r\n')}\r\n\r\n`, 'utf16le');
}

/** Full path with the hive spelled out: HKLM\… becomes HKEY_LOCAL_MACHINE\…. No trailing backslash. */
export function fullKeyPath(path: string): string {
  const [hive = '', ...rest] = path.replace(/\\+$/, '').split('\\');
  return [hives[hive.toUpperCase()] ?? hive, ...rest].join('\\');
}

const hives: Readonly<Record<string, string>> = {
  HKLM: 'HKEY_LOCAL_MACHINE',
  HKCU: 'HKEY_CURRENT_USER',
  HKCR: 'HKEY_CLASSES_ROOT',
  HKU: 'HKEY_USERS',
};

/** A value line that ends with a backslash goes on in the next line (hex data). */
function joinContinued(lines: string[]): { text: string; number: number }[] {
  const joined: { text: string; number: number }[] = [];
  for (let index = 0; index < lines.length; index++) {
    const number = index + 1;
    let text = lines[index] ?? '';
    while (/=hex(\([0-9a-f]+\))?:/i.test(text) && text.trimEnd().endsWith('\\') && index + 1 < lines.length) {
      index += 1;
      text = text.trimEnd().slice(0, -1) + (lines[index] ?? '').trimStart();
    }
    joined.push({ text, number });
  }
  return joined;
}

/** `present`: the line of a key, which makes it. */
interface Line extends Omit<RegistryTextChange, 'value'> {
  value?: RegistryValue | 'present';
}

function walk(bytes: Uint8Array, tell: (line: Line) => void): void {
  const lines = joinContinued(decodeText(bytes).split(/\r\n|\r|\n/));
  const first = lines.findIndex(({ text: line }) => line.trim() !== '' && !line.trimStart().startsWith(';'));
  const title = lines[first]?.text.trim();
  if (title !== header && title !== 'REGEDIT4') {
    throw badRegistry(`it does not start with "${header}"`, (lines[first]?.number ?? 1) as number);
  }
  const ansi = title === 'REGEDIT4';
  let key: string | undefined;
  for (const { text: line, number } of lines.slice(first + 1)) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith(';')) continue;
    if (trimmed.startsWith('[')) {
      const opened = readKeyLine(trimmed, number);
      key = opened.value === undefined ? undefined : opened.key;
      tell(opened);
    } else if (key !== undefined) tell({ key, ...readValueLine(trimmed, number, ansi) });
    else if (!/^["@]/.test(trimmed))
      throw badRegistry(`"${trimmed.slice(0, 40)}" is neither a key nor a value`, number);
  }
}

function readKeyLine(line: string, number: number): Line {
  const end = line.lastIndexOf(']');
  if (end < 0) throw badRegistry('a key line has no closing bracket', number);
  const inner = line.slice(1, end);
  if (inner.startsWith('-')) return { key: fullKeyPath(inner.slice(1)) };
  return { key: fullKeyPath(inner), value: 'present' };
}

function readValueLine(line: string, number: number, ansi: boolean): { name: string; value?: RegistryValue } {
  const match = /^(?:@|"((?:[^"\\]|\\.)*)")\s*=\s*(.*)$/s.exec(line);
  if (!match) throw badRegistry(`"${line.slice(0, 40)}" is not a value line`, number);
  const name = fromQuoted(match[1] ?? '');
  const data = match[2] ?? '';
  return data === '-' ? { name } : { name, value: readData(data, number, ansi) };
}

function keyOf(tree: RegistryTree, path: string): RegistryKey {
  const known = tree.get(path.toLowerCase());
  if (known) return known;
  const key: RegistryKey = { path, values: new Map() };
  tree.set(path.toLowerCase(), key);
  return key;
}

function removeKey(tree: RegistryTree, path: string): undefined {
  const gone = path.toLowerCase();
  for (const known of [...tree.keys()]) if (known === gone || known.startsWith(`${gone}\\`)) tree.delete(known);
}

function readData(data: string, number: number, ansi: boolean): RegistryValue {
  const quoted = /^"((?:[^"\\]|\\.)*)"\s*(?:;.*)?$/s.exec(data);
  if (quoted) return { type: 'REG_SZ', data: fromQuoted(quoted[1] ?? '') };
  const dword = /^dword:([0-9a-f]{1,8})\s*(?:;.*)?$/i.exec(data);
  if (dword) return { type: 'REG_DWORD', data: Number.parseInt(dword[1] ?? '0', 16) };
  const hex = /^hex(?:\(([0-9a-f]+)\))?:([0-9a-f,\s]*)(?:;.*)?$/i.exec(data);
  if (!hex) throw badRegistry(`"${data.slice(0, 40)}" is not registry data`, number);
  const bytes = Buffer.from((hex[2] ?? '').replace(/[^0-9a-f]/gi, ''), 'hex');
  return fromBytes(hex[1] === undefined ? 3 : Number.parseInt(hex[1], 16), bytes, ansi);
}

/** The value that these bytes are, by the number of its type (REG_SZ is 1). Text is UTF-16LE. */
export function valueOfBytes(typeNumber: number, bytes: Uint8Array): RegistryValue {
  return fromBytes(typeNumber, Buffer.from(bytes), false);
}

/** The number of a value's type and its bytes, as the registry keeps them. */
export function bytesOfValue(value: RegistryValue): { typeNumber: number; bytes: Buffer } {
  switch (value.type) {
    case 'REG_SZ':
      return { typeNumber: 1, bytes: Buffer.from(`${value.data}\0`, 'utf16le') };
    case 'REG_EXPAND_SZ':
      return { typeNumber: 2, bytes: Buffer.from(`${value.data}\0`, 'utf16le') };
    case 'REG_BINARY':
      return { typeNumber: 3, bytes: Buffer.from(value.data) };
    case 'REG_DWORD': {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(value.data >>> 0);
      return { typeNumber: 4, bytes };
    }
    case 'REG_MULTI_SZ':
      return { typeNumber: 7, bytes: Buffer.from(`${value.data.map((one) => `${one}\0`).join('')}\0`, 'utf16le') };
    case 'REG_QWORD': {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(value.data);
      return { typeNumber: 11, bytes };
    }
    case 'other':
      return { typeNumber: value.typeNumber, bytes: Buffer.from(value.data) };
  }
}

function fromBytes(typeNumber: number, bytes: Buffer, ansi: boolean): RegistryValue {
  const asText = () => bytes.toString(ansi ? 'latin1' : 'utf16le');
  switch (typeNumber) {
    case 1:
      return { type: 'REG_SZ', data: asText().replace(/\0+$/, '') };
    case 2:
      return { type: 'REG_EXPAND_SZ', data: asText().replace(/\0+$/, '') };
    case 3:
      return { type: 'REG_BINARY', data: new Uint8Array(bytes) };
    case 4:
      if (bytes.length === 4) return { type: 'REG_DWORD', data: bytes.readUInt32LE() };
      break;
    case 7:
      return { type: 'REG_MULTI_SZ', data: asText().replace(/\0+$/, '').split('\0').filter(Boolean) };
    case 11:
      if (bytes.length === 8) return { type: 'REG_QWORD', data: bytes.readBigUInt64LE() };
      break;
  }
  return { type: 'other', typeNumber, data: new Uint8Array(bytes) };
}

function encodeValue(value: RegistryValue): string {
  if (value.type === 'REG_SZ' && !/[\r\n]/.test(value.data)) return `"${toQuoted(value.data)}"`;
  if (value.type === 'REG_DWORD') return `dword:${(value.data >>> 0).toString(16).padStart(8, '0')}`;
  const { typeNumber, bytes } = bytesOfValue(value);
  return hexOf(typeNumber, bytes);
}

function hexOf(typeNumber: number, bytes: Uint8Array): string {
  const prefix = typeNumber === 3 ? 'hex:' : `hex(${typeNumber.toString(16)}):`;
  return prefix + [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(',');
}

/** Registry Editor breaks hex data after 80 columns and goes on with two blanks. */
function wrap(prefix: string, data: string): string[] {
  if (!data.startsWith('hex') || prefix.length + data.length <= 80) return [prefix + data];
  const lines: string[] = [];
  let line = prefix;
  for (const piece of data.match(/[^,]+,?/g) ?? []) {
    if (line.length + piece.length > 77) {
      lines.push(`${line}\\`);
      line = '  ';
    }
    line += piece;
  }
  return [...lines, line];
}

function toQuoted(text: string): string {
  return text.replace(/["\\]/g, '\\$&');
}

function fromQuoted(text: string): string {
  return text.replace(/\\(.)/gs, '$1');
}

function badRegistry(what: string, line: number): FormatError {
  return new FormatError('FORMAT_BAD_DATA', `line ${line}: ${what}`);
}
