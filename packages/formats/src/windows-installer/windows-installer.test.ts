// The Property table of packages that wixl makes, and of packages that lie.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { buildCompoundFile, packageClassId } from '../compound-file/test/build.ts';
import { FormatError } from '../errors.ts';
import { readInstallerProduct } from './index.ts';
import { makePackage, productCode } from './test/make-package.ts';

describe('readInstallerProduct', () => {
  it('reads what wixl wrote, as msiinfo does', () => {
    const bytes = makePackage({ version: '2.10.3' });
    const product = readInstallerProduct(bytes);
    assert.deepEqual(product, {
      productCode,
      version: '2.10.3',
      upgradeCode: '{00000000-1111-2222-3333-00000000000B}',
      language: 1033,
    });
    const folder = mkdtempSync(join(tmpdir(), 'moult-msi-'));
    writeFileSync(join(folder, 'a.msi'), bytes);
    const exported = execFileSync('msiinfo', ['export', 'a.msi', 'Property'], { cwd: folder, encoding: 'utf8' });
    assert.ok(exported.includes(`ProductCode\t${product.productCode}`));
    rmSync(folder, { recursive: true });
  });

  it('refuses other OLE files by what they are', () => {
    const other = (first: number) => {
      const classId = Buffer.from(packageClassId);
      classId[0] = first;
      return buildCompoundFile([{ name: 'x', content: new Uint8Array(1) }], { classId }).bytes;
    };
    assert.throws(() => readInstallerProduct(other(0x86)), { code: 'FORMAT_UNSUPPORTED', message: /a patch/ });
    assert.throws(() => readInstallerProduct(other(0x11)), { code: 'FORMAT_UNSUPPORTED' });
    assert.throws(() => readInstallerProduct(other(0x84)), { code: 'FORMAT_BAD_DATA', message: /_StringPool/ });
    assert.throws(() => readInstallerProduct(new Uint8Array(100)), FormatError);
  });

  it('reads long strings and references of three bytes, and never outside of the pool', () => {
    const strings = ['', 'x'.repeat(70_000), 'ProductCode', productCode, 'ProductVersion', '1.2.3'];
    const product = readInstallerProduct(
      packageOf(
        strings,
        [
          [2, 3],
          [4, 5],
        ],
        true,
      ),
    );
    assert.deepEqual([product.productCode, product.version], [productCode, '1.2.3']);
    const lying = packageOf(
      strings,
      [
        [2, 3],
        [4, 0xffffff],
      ],
      true,
    );
    assert.throws(() => readInstallerProduct(lying), { code: 'FORMAT_BAD_DATA', message: /ProductVersion/ });
  });
});

/** Names of tables as they are written: two characters of the alphabet in one. */
function tableName(name: string): string {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._';
  const codes = Array.from(name, (character) => alphabet.indexOf(character));
  let written = '\u4840';
  for (let at = 0; at < codes.length; at += 2) {
    const [first = 0, second] = codes.slice(at, at + 2);
    written += String.fromCharCode(second === undefined ? 0x4800 + first : 0x3800 + first + (second << 6));
  }
  return written;
}

function packageOf(strings: readonly string[], rows: readonly [number, number][], isLarge: boolean): Uint8Array {
  const words = [1252, isLarge ? 0x8000 : 0];
  for (const text of strings.slice(1)) {
    if (text.length > 0xffff) words.push(0, text.length >> 16);
    words.push(text.length & 0xffff, 1);
  }
  const pool = Buffer.alloc(words.length * 2);
  for (const [at, word] of words.entries()) pool.writeUInt16LE(word, at * 2);
  const size = isLarge ? 3 : 2;
  const table = Buffer.alloc(rows.length * 2 * size);
  for (const [at, row] of rows.entries()) {
    table.writeUIntLE(row[0], at * size, size);
    table.writeUIntLE(row[1], (rows.length + at) * size, size);
  }
  return buildCompoundFile([
    { name: tableName('_StringPool'), content: pool },
    { name: tableName('_StringData'), content: Buffer.from(strings.join('')) },
    { name: tableName('Property'), content: table },
  ]).bytes;
}
