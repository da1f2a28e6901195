// The Property table of a Windows Installer package: which product it installs. A package is an OLE file whose streams
// are tables. A table holds, column by column, numbers of strings in one pool. Microsoft publishes no text of this
// format. It is read as msitools and Wine read it. A test compares it with packages that wixl makes
// (windows-installer.test.ts).
import { type CompoundStorage, readCompoundFile, streamBytes } from '../compound-file/index.ts';
import { FormatError } from '../errors.ts';

export interface InstallerProduct {
  /** Braced, upper case. */
  productCode: string;
  version: string;
  upgradeCode: string | undefined;
  /** LCID. 0 is every language. */
  language: number | undefined;
}

/**
 * The product that a package in memory installs. Throws FormatError as readCompoundFile does. FORMAT_UNSUPPORTED is for
 * an OLE file of another kind (a patch, a document), FORMAT_BAD_DATA for one without ProductCode and ProductVersion.
 */
export function readInstallerProduct(bytes: Uint8Array): InstallerProduct {
  const { root } = readCompoundFile(bytes);
  const kind = kindOf(root);
  if (kind !== 'package') {
    throw new FormatError('FORMAT_UNSUPPORTED', `This OLE file is ${kind}, not a Windows Installer package (.msi).`);
  }
  const properties = readProperties(root);
  const productCode = properties.get('ProductCode') ?? '';
  const version = properties.get('ProductVersion') ?? '';
  if (!/^\{[\dA-F]{8}(-[\dA-F]{4}){3}-[\dA-F]{12}\}$/i.test(productCode)) {
    throw new FormatError('FORMAT_BAD_DATA', 'The package has no ProductCode that is a GUID in braces.');
  }
  if (!/^\d{1,10}(\.\d{1,10}){0,3}$/.test(version)) {
    throw new FormatError('FORMAT_BAD_DATA', 'The package has no ProductVersion of numbers and points.');
  }
  const language = properties.get('ProductLanguage');
  return {
    productCode: productCode.toUpperCase(),
    version,
    upgradeCode: properties.get('UpgradeCode')?.toUpperCase(),
    language: language !== undefined && /^\d{1,5}$/.test(language) ? Number(language) : undefined,
  };
}

/** By the class id of the root, {000C108x-0000-0000-C000-000000000046}. */
function kindOf({ classId }: CompoundStorage): string {
  const id = Buffer.from(classId).toString('hex');
  const kinds: Readonly<Record<string, string>> = { 82: 'a transform (.mst)', 84: 'package', 86: 'a patch (.msp)' };
  const last = /^(82|84|86)100c0000000000c000000000000046$/.exec(id)?.[1] ?? '';
  return kinds[last] ?? 'of another program';
}

function readProperties(root: CompoundStorage): Map<string, string> {
  const pool = new StringPool(tableBytes(root, '_StringPool'), tableBytes(root, '_StringData'));
  const table = tableBytes(root, 'Property');
  const rows = Math.floor(table.length / (2 * pool.referenceBytes));
  const properties = new Map<string, string>();
  for (let row = 0; row < rows; row++) {
    const name = pool.text(pool.reference(table, row));
    if (name !== undefined && wantedProperties.has(name)) {
      properties.set(name, pool.text(pool.reference(table, rows + row)) ?? '');
    }
  }
  return properties;
}

const wantedProperties = new Set(['ProductCode', 'ProductVersion', 'ProductLanguage', 'UpgradeCode']);

/** Strings by number. The pool holds two 16-bit words for each: length and uses. Of a long one four. */
class StringPool {
  readonly referenceBytes: 2 | 3;
  readonly #data: Buffer;
  readonly #offsets: number[] = [0];
  readonly #lengths: number[] = [0];

  constructor(pool: Buffer, data: Buffer) {
    this.#data = data;
    const words = pool.length >> 1;
    this.referenceBytes = words > 1 && (pool.readUInt16LE(2) & 0x8000) !== 0 ? 3 : 2;
    let offset = 0;
    for (let at = 2; at + 1 < words; at += 2) {
      let length = pool.readUInt16LE(at * 2);
      const uses = pool.readUInt16LE(at * 2 + 2);
      // A length of 0 that is used: its other word is the high half of the length, the real entry follows.
      if (length === 0 && uses !== 0 && at + 3 < words) {
        at += 2;
        length = uses * 0x10000 + pool.readUInt16LE(at * 2);
      }
      this.#offsets.push(offset);
      this.#lengths.push(length);
      offset += length;
    }
  }

  /** The string number in cell `at` of a table. */
  reference(table: Buffer, at: number): number {
    return table.readUIntLE(at * this.referenceBytes, this.referenceBytes);
  }

  /** Undefined for a number beyond the pool, and for a string that is not there. */
  text(number: number): string | undefined {
    const [offset, length] = [this.#offsets[number], this.#lengths[number]];
    if (offset === undefined || length === undefined || offset + length > this.#data.length) return undefined;
    // Our names are ASCII. The code page of the package does not matter.
    return length > 1024 ? undefined : this.#data.toString('latin1', offset, offset + length);
  }
}

function tableBytes(root: CompoundStorage, name: string): Buffer {
  const found = root.children.find(
    (child) => child.kind === 'stream' && child.name.startsWith(tableMark) && decodedName(child.name) === name,
  );
  if (found?.kind !== 'stream')
    throw new FormatError('FORMAT_BAD_DATA', `The package has no table ${name}.`, { member: name });
  return Buffer.from(streamBytes(found));
}

/** Names of tables begin with it. */
const tableMark = '\u4840';
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._';

/** Two characters of the alphabet in one of 0x3800 to 0x47ff, one in 0x4800 to 0x483f. Others are themselves. */
function decodedName(name: string): string {
  return Array.from(name.slice(1), (character) => {
    const code = character.charCodeAt(0);
    if (code >= 0x3800 && code < 0x4800) return `${alphabet[(code - 0x3800) & 63]}${alphabet[(code - 0x3800) >> 6]}`;
    return code >= 0x4800 && code < 0x4840 ? alphabet[code - 0x4800] : character;
  }).join('');
}
