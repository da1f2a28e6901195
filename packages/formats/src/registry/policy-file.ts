// Registry.pol (MS-GPREG 2.2.1): the settings of a Group Policy object, in the order in which a client applies them
// (3.2.5.1.2). A header, then instructions `[key;value;type;size;data]`, all text in UTF-16LE with a closing NUL.
import { registryBounds } from '../bounds.ts';
import { FormatError } from '../errors.ts';
import { bytesOfValue, fullKeyPath, type RegistryTree, type RegistryValue, valueOfBytes } from './registry-text.ts';

export interface PolicyInstruction {
  /** Without its hive: the folder of the file says which one it is. */
  key: string;
  /** A value's name, or one of the commands that begin with two stars (`**Del.NAME`). */
  name: string;
  value: RegistryValue;
}

const signature = 0x67655250; // "PReg"
const version = 1;
/** The bounds of the format. A key may be as long as any path of the registry. */
const widest = { dataBytes: 65_535, keyCharacters: 4096, nameCharacters: 259 };
const [open, close, semicolon] = [0x5b, 0x5d, 0x3b];

/**
 * The instructions of a Registry.pol in their order. Throws FormatError FORMAT_BAD_HEADER for another file (a client
 * skips such a file), FORMAT_TRUNCATED, FORMAT_BAD_DATA, FORMAT_OVER_LIMIT with the offset.
 */
export function parsePolicyFile(bytes: Uint8Array): PolicyInstruction[] {
  const reader = new Reader(bytes);
  if (bytes.length < 8 || reader.number() !== signature || reader.number() !== version)
    throw new FormatError(
      'FORMAT_BAD_HEADER',
      'This is not a Registry.pol of version 1: it does not begin with "PReg" and 1',
    );
  const instructions: PolicyInstruction[] = [];
  while (!reader.isAtEnd()) {
    if (instructions.length === registryBounds.maxInstructions)
      throw new FormatError('FORMAT_OVER_LIMIT', `More than ${registryBounds.maxInstructions} instructions`, {
        offset: reader.at,
      });
    instructions.push(readInstruction(reader));
  }
  return instructions;
}

function readInstruction(reader: Reader): PolicyInstruction {
  reader.expect(open);
  const key = reader.text(widest.keyCharacters, 'key');
  reader.expect(semicolon);
  const name = reader.text(widest.nameCharacters, 'value name');
  reader.expect(semicolon);
  const type = reader.number();
  reader.expect(semicolon);
  const size = reader.number();
  if (size > widest.dataBytes) reader.fail('FORMAT_OVER_LIMIT', `the data of ${name} are ${size} bytes long`);
  reader.expect(semicolon);
  const data = reader.bytes(size);
  reader.expect(close);
  return { key, name, value: valueOfBytes(type, data) };
}

/** Throws FormatError FORMAT_OVER_LIMIT or FORMAT_BAD_DATA for what the format cannot hold. */
export function encodePolicyFile(instructions: readonly PolicyInstruction[]): Uint8Array {
  return Buffer.concat([numbers(signature, version), ...instructions.map(encodeInstruction)]);
}

function encodeInstruction({ key, name, value }: PolicyInstruction): Buffer {
  const { typeNumber, bytes } = bytesOfValue(value);
  if (bytes.length > widest.dataBytes || name.length > widest.nameCharacters || key.length > widest.keyCharacters)
    throw new FormatError('FORMAT_OVER_LIMIT', `${key}\\${name} is longer than a Registry.pol can hold`);
  if (key === '' || /\0/.test(key + name) || /^HK/i.test(key))
    throw new FormatError('FORMAT_BAD_DATA', `"${key}" is not a key of a Registry.pol: it names no hive`);
  return Buffer.concat([
    unit(open),
    text(key),
    unit(semicolon),
    text(name),
    unit(semicolon),
    numbers(typeNumber),
    unit(semicolon),
    numbers(bytes.length),
    unit(semicolon),
    bytes,
    unit(close),
  ]);
}

/** The instruction that removes a value: what an editor writes for a setting that is disabled or emptied. */
export function removal(key: string, name: string): PolicyInstruction {
  return { key, name: `**del.${name}`, value: { type: 'REG_SZ', data: ' ' } };
}

/** Applies the instructions to a registry, in their order. `hive`: HKLM for the file of the machine. */
export function applyInstructions(
  tree: RegistryTree,
  instructions: readonly PolicyInstruction[],
  hive: 'HKLM' | 'HKCU' = 'HKLM',
): void {
  for (const { key, name, value } of instructions) {
    const path = fullKeyPath(`${hive}\\${key}`);
    const values = valuesOf(tree, path);
    const command = /^\*\*(del\.|delvals\.|deletevalues|deletekeys|securekey|soft\.)(.*)$/is.exec(name);
    const listed = () => (value.type === 'REG_SZ' ? value.data.split(';').map((one) => one.trim()) : []);
    switch (command?.[1]?.toLowerCase()) {
      case undefined:
        set(values, name, value);
        break;
      case 'del.':
        values.delete((command?.[2] ?? '').toLowerCase());
        break;
      case 'delvals.':
        values.clear();
        break;
      case 'deletevalues':
        for (const one of listed()) values.delete(one.toLowerCase());
        break;
      case 'deletekeys':
        for (const one of listed()) if (one !== '') dropKey(tree, `${path}\\${one}`);
        break;
      case 'soft.':
        if (!values.has((command?.[2] ?? '').toLowerCase())) set(values, command?.[2] ?? '', value);
        break;
      // **SecureKey says who may write the key: a tree has no owners.
    }
  }
}

type Values = Map<string, { name: string; value: RegistryValue }>;

function set(values: Values, name: string, value: RegistryValue): void {
  values.set(name.toLowerCase(), { name: values.get(name.toLowerCase())?.name ?? name, value });
}

function valuesOf(tree: RegistryTree, path: string): Values {
  const known = tree.get(path.toLowerCase());
  if (known) return known.values;
  const values: Values = new Map();
  tree.set(path.toLowerCase(), { path, values });
  return values;
}

function dropKey(tree: RegistryTree, path: string): void {
  const gone = path.toLowerCase();
  for (const known of [...tree.keys()]) if (known === gone || known.startsWith(`${gone}\\`)) tree.delete(known);
}

class Reader {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  isAtEnd(): boolean {
    return this.at === this.#bytes.length;
  }

  number(): number {
    return this.bytes(4).readUInt32LE();
  }

  bytes(count: number): Buffer {
    if (this.at + count > this.#bytes.length) this.fail('FORMAT_TRUNCATED', `${count} bytes more are announced`);
    this.at += count;
    return this.#bytes.subarray(this.at - count, this.at);
  }

  expect(character: number): void {
    if (this.bytes(2).readUInt16LE() === character) return;
    this.at -= 2;
    this.fail('FORMAT_BAD_DATA', `"${String.fromCharCode(character)}" is missing`);
  }

  /** Text up to its NUL. */
  text(maxCharacters: number, what: string): string {
    const from = this.at;
    while (this.bytes(2).readUInt16LE() !== 0) {
      if (this.at - from > maxCharacters * 2)
        this.fail('FORMAT_OVER_LIMIT', `a ${what} has more than ${maxCharacters} characters`);
    }
    return this.#bytes.toString('utf16le', from, this.at - 2);
  }

  fail(code: 'FORMAT_TRUNCATED' | 'FORMAT_BAD_DATA' | 'FORMAT_OVER_LIMIT', what: string): never {
    throw new FormatError(code, `This Registry.pol is damaged: ${what}`, { offset: this.at });
  }
}

function unit(character: number): Buffer {
  return Buffer.from([character, 0]);
}

function text(characters: string): Buffer {
  return Buffer.from(`${characters}\0`, 'utf16le');
}

function numbers(...all: number[]): Buffer {
  const bytes = Buffer.alloc(all.length * 4);
  for (const [index, one] of all.entries()) bytes.writeUInt32LE(one, index * 4);
  return bytes;
}
