import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import pino from 'pino';
import type { ContentFile, ExpectedFile } from '../index.ts';
import { createContentStore, relativePath } from './content-store.ts';

const bytes = Buffer.from('the content of an update');
const sha1 = createHash('sha1').update(bytes).digest('hex');
const sha256 = createHash('sha256').update(bytes).digest('hex');

let folder: string;
let noted: Map<string, ContentFile>;
let expected: Map<string, ExpectedFile>;
let logged: string[];
let clock = 0;
let recorded: unknown[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moult-content-'));
  noted = new Map();
  expected = new Map([[sha1, { sha256, sizeBytes: bytes.length, fileName: 'Setup.CAB' }]]);
  logged = [];
  recorded = [];
  clock = Date.now() + 60_000;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = () =>
  createContentStore({
    folder,
    facts: {
      findContentFile: async (digest) => noted.get(digest),
      saveContentFile: async (file) => void noted.set(file.sha1, file),
      forgetContentFile: async (digest) => void noted.delete(digest),
      findExpectedFile: async (digest) => expected.get(digest),
      isExpectedName: async (name) => [...expected.values()].some(({ fileName }) => fileName === name),
      recordChange: async ({ name }, { action, subject }) => void recorded.push([name, action, subject]),
    },
    now: () => new Date(clock),
    log: pino({}, { write: (line: string) => logged.push(line) }),
  });

function put(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

describe('the content store', () => {
  it('finds a file that was copied there, in any letter case, after reading it once', async () => {
    put(`${sha1.slice(-2)}/${sha1}.CAB`, bytes);
    const name = await open().locate(sha1);
    assert.equal(name, relativePath(sha1, '.cab'));
    assert.deepEqual(readFileSync(join(folder, relativePath(sha1, '.cab'))), bytes);
    assert.deepEqual([noted.get(sha1)?.state, noted.get(sha1)?.sha256], ['present', sha256]);
  });

  it('never serves a file that is not what its name says: it is set aside and named', async () => {
    put(`${sha1.slice(-2).toUpperCase()}/${sha1.toUpperCase()}.cab`, Buffer.from('something else'));
    const store = open();
    assert.equal(await store.locate(sha1), undefined);
    assert.ok(existsSync(join(folder, 'damaged', `${sha1.toUpperCase()}.cab`)));
    assert.equal(noted.get(sha1)?.state, 'damaged');
    assert.ok(logged.some((line) => line.includes(sha1.toUpperCase())));
    assert.equal(await store.locate(sha1), undefined, 'and stays so');
    assert.deepEqual(recorded, [['server', 'move damaged content', sha1]]);
  });

  it('a file with the right SHA-1 and another SHA-256 than its update says is not served either', async () => {
    expected.set(sha1, { sha256: '0'.repeat(64), sizeBytes: bytes.length, fileName: 'a.cab' });
    put(`${sha1.slice(-2).toUpperCase()}/${sha1.toUpperCase()}.cab`, bytes);
    assert.equal(await open().locate(sha1), undefined);
  });

  it('takes in a file that an update has, under the extension of that update', async () => {
    const source = put('download.tmp', bytes);
    const added = await open().addFile(source);
    assert.equal(added.kind === 'added' && added.file.extension, '.cab');
    assert.ok(existsSync(join(folder, relativePath(sha1, '.cab'))) && existsSync(source));
    assert.ok((await open().locate(sha1))?.endsWith('.cab'));
  });

  it('refuses what no update has, and leaves nothing behind', async () => {
    expected.clear();
    const added = await open().addFile(put('download.tmp', bytes));
    assert.deepEqual(added, { kind: 'refused', sha1, because: 'no update has it' });
    assert.deepEqual(readdirSync(folder), ['download.tmp']);
  });

  it('says of a copy of a file that it is not what its name says', async () => {
    for (const name of ['Setup.CAB', `${sha1.toUpperCase()}.cab`]) {
      const added = await open().addFile(put(name, Buffer.from('something else')));
      assert.match(added.kind === 'refused' ? added.because : '', /this copy is damaged/);
    }
  });

  it('reads a file again that was written to since it was verified, while it runs and after a start', async () => {
    const store = open();
    await store.addFile(put('download.tmp', bytes));
    const name = (await store.locate(sha1)) ?? '';
    const path = join(folder, name);
    const damaged = 'the content of an Update';
    const written = (at: number, content: string) => {
      writeFileSync(path, content);
      utimesSync(path, at / 1000, at / 1000);
    };
    written(clock + 1000, damaged);
    clock += 10_000;
    assert.equal(await store.locate(sha1), undefined);
    written(clock + 1000, bytes.toString());
    assert.equal(await open().locate(sha1), name, 'the right file in its place');
    written(clock + 1000, damaged);
    assert.equal(await open().locate(sha1), undefined);
  });

  it('reads a file again that was written to while it was read', async () => {
    const path = put(relativePath(sha1, '.cab'), bytes);
    const update = expected.get(sha1);
    // Asked for once the file has been read.
    expected.get = () => {
      writeFileSync(path, 'the content of an Update');
      utimesSync(path, clock / 1000 + 1, clock / 1000 + 1);
      clock += 2000;
      return update;
    };
    const store = open();
    await store.locate(sha1);
    expected = new Map();
    clock += 10_000;
    assert.equal(await store.locate(sha1), undefined);
  });

  it('a disk whose clock runs ahead of ours costs one reading, not one for each look', async () => {
    put(`${sha1.slice(-2)}/${sha1}.cab`, bytes);
    const store = open();
    const name = (await store.locate(sha1)) ?? '';
    const path = join(folder, name);
    utimesSync(path, clock / 1000 + 3600, clock / 1000 + 3600);
    const times: (Date | undefined)[] = [];
    for (let look = 0; look < 3; look++) {
      clock += 10_000;
      assert.equal(await store.locate(sha1), name);
      times.push(noted.get(sha1)?.verifiedAt);
    }
    assert.deepEqual(times[1], times[0]);
    assert.deepEqual(times[2], times[0]);
  });

  it('notices on verification what became of a file', async () => {
    const store = open();
    await store.addFile(put('download.tmp', bytes));
    const file = { sha1, extension: '.cab' };
    assert.equal(await store.verifyAgain(file), 'present');
    writeFileSync(join(folder, relativePath(sha1, '.cab')), 'the content of an Update');
    assert.equal(await store.verifyAgain(file), 'damaged');
    assert.equal(await store.verifyAgain(file), 'missing');
    assert.equal(noted.has(sha1), false);
  });

  for (const extension of [
    '/../../../keys/ca.key',
    '\\..\\..\\keys\\ca.key',
    '.cab/../../secret',
    ':stream',
    '.\0',
    '.a.b',
  ]) {
    it(`does not believe a row with the extension ${JSON.stringify(extension)}`, async () => {
      mkdirSync(join(folder, 'keys'));
      writeFileSync(join(folder, 'keys', 'ca.key'), 'SECRET');
      writeFileSync(join(folder, 'secret'), 'SECRET');
      const hostile: ContentFile = {
        sha1,
        sha256,
        extension,
        sizeBytes: 6,
        state: 'present',
        verifiedAt: new Date(clock),
      };
      noted.set(sha1, hostile);
      assert.throws(() => relativePath(sha1, extension), { code: 'FORMAT_UNSAFE_NAME' });
      const store = open();
      assert.equal(await store.locate(sha1), undefined);
      assert.equal(await store.verifyAgain(hostile), 'missing');
      put(`${sha1.slice(-2)}/${sha1}.cab`, bytes);
      assert.equal(await store.locate(sha1), relativePath(sha1, '.cab'), 'the right file is found all the same');
    });
  }

  it('takes a digest of a row for a digest only', () => {
    for (const digest of ['', '..', '../../x', 'a'.repeat(41), `${'a'.repeat(39)}/`]) {
      assert.throws(() => relativePath(digest, '.cab'), { code: 'FORMAT_UNSAFE_NAME' }, digest);
    }
  });

  it('does not follow links, neither as a file nor as a folder, though the row fits', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'moult-elsewhere-'));
    try {
      writeFileSync(join(elsewhere, `${sha1.toUpperCase()}.cab`), bytes);
      const shard = join(folder, sha1.slice(-2).toUpperCase());
      noted.set(sha1, {
        ...{ sha1, sha256, extension: '.cab', sizeBytes: bytes.length },
        ...{ state: 'present', verifiedAt: new Date(clock) },
      });
      symlinkSync(elsewhere, shard);
      assert.equal(await open().locate(sha1), undefined);
      rmSync(shard);
      mkdirSync(shard);
      symlinkSync(join(elsewhere, `${sha1.toUpperCase()}.cab`), join(shard, `${sha1.toUpperCase()}.cab`));
      assert.equal(await open().locate(sha1), undefined);
      assert.deepEqual(readdirSync(elsewhere), [`${sha1.toUpperCase()}.cab`]);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  it('neither waits for a pipe that is to be added, nor reads a device', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const source of [pipe, '/dev/zero', folder]) {
      await assert.rejects(open().addFile(source), { code: 'DISK_NOT_A_FILE' });
    }
    assert.deepEqual(readdirSync(folder), ['pipe']);
  });

  it('asks the disk once, however many ask at the same time', async () => {
    put(`${sha1.slice(-2)}/${sha1}.cab`, bytes);
    const store = open();
    const paths = await Promise.all(Array.from({ length: 50 }, () => store.locate(sha1)));
    assert.equal(new Set(paths).size, 1);
  });
});
