// moult cab with cabinets of foreign makers, and with damaged ones.
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createCabinet } from '@moult/formats/cab';

const moultPath = fileURLToPath(new URL('../../bin/moult.js', import.meta.url));
const modified = new Date('2024-05-06T07:08:10Z');
const files = fileURLToPath(new URL('../../../../fixtures/files/', import.meta.url));

function moult(args: readonly string[]): SpawnSyncReturns<Buffer> {
  return spawnSync(process.execPath, [moultPath, ...args], { env: { ...process.env, NO_COLOR: '1' } });
}

function scratch(context: { after(clean: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'moult-cab-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** All files below a folder, relative. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

test('foreign cabinets of public reports are unpacked: copies stored once, an empty file, names that begin with ./', (context) => {
  const to = scratch(context);
  const names = ['shared-bytes-like-wix.cab', 'empty-file-one-block-at-eof.cab', 'dotslash.cab'];
  for (const name of names) {
    const result = moult(['cab', 'extract', join(files, name), '--to', join(to, name)]);
    assert.equal(result.status, 0, result.stderr.toString());
  }
  assert.deepEqual(filesIn(to), [
    'dotslash.cab/a.txt',
    'dotslash.cab/sub/b.txt',
    'empty-file-one-block-at-eof.cab/empty.txt',
    'shared-bytes-like-wix.cab/a.txt',
    'shared-bytes-like-wix.cab/copy-of-a.txt',
  ]);
  const [one, copy] = ['a.txt', 'copy-of-a.txt'].map((name) => readFileSync(join(to, names[0] ?? '', name)));
  assert.equal(one?.length, 105_000);
  assert.ok(copy && one.equals(copy));
});

test('one lying entry, or an end that is missing, costs its members; the rest is written and the exit code says so', (context) => {
  const folder = scratch(context);
  const members = ['one', 'two', 'three'].map((name) => ({ name, bytes: Buffer.from(name.repeat(2000)), modified }));
  const good = createCabinet(members, { compression: 'none', folderBytes: 6000 });
  const lying = new Uint8Array(good);
  new DataView(lying.buffer).setUint16(new DataView(good.buffer).getUint32(16, true) + 8, 9, true);
  const cases = { lying, cut: good.subarray(0, good.length - 100) };
  for (const [name, bytes] of Object.entries(cases)) {
    const file = join(folder, `${name}.cab`);
    writeFileSync(file, bytes);
    const result = moult(['cab', 'extract', file, '--to', join(folder, name)]);
    assert.equal(result.status, 1);
    assert.deepEqual(filesIn(join(folder, name)), name === 'lying' ? ['three', 'two'] : ['one', 'two']);
    assert.equal(moult(['cab', 'list', file]).status, 1);
    assert.equal(moult(['cab', 'test', file]).status, 1);
  }
});

test('a file of another kind is called by its kind', (context) => {
  const folder = scratch(context);
  const kinds: [string, Uint8Array, RegExp][] = [
    ['x.zip', Buffer.from('PK\u0003\u0004 and more'), /it is a ZIP archive/],
    ['x.msi', Buffer.from('d0cf11e0a1b11ae1', 'hex'), /Windows Installer/],
    [
      'x.cab',
      Buffer.concat([Buffer.from('MSCF'), Buffer.alloc(20), Buffer.from([1, 2]), Buffer.alloc(40)]),
      /version 2\.1/,
    ],
  ];
  for (const [name, bytes, expected] of kinds) {
    writeFileSync(join(folder, name), bytes);
    const { status, stderr } = moult(['cab', 'list', join(folder, name)]);
    assert.equal(status, 1);
    assert.match(stderr.toString(), expected);
  }
});
