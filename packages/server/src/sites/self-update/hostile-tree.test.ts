// An administrator imports what a stranger made, or finds the tree edited, or restored from a stranger's backup. Nothing
// outside the tree is written, and what lies outside is never served: not before the repair, not after.
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createCabinet } from '@moult/formats/cab';
import type { ImportedIndex } from './imported-index.ts';
import { openImportedTree } from './imported-tree.ts';
import { clearImportedTree, importTree, listTree, verifyTree } from './index.ts';
import { sha256Of } from './signed-cabinet.ts';
import { cabinetOf, makeKeys, testNow, writeForeignTree } from './test/release-folder.ts';
import { eventually, type RunningSite, startSite } from './test/running-site.ts';

const secret = '-----BEGIN PRIVATE KEY-----\nTHE SECRET OF THE OPERATOR\n-----END PRIVATE KEY-----\n';
let running: RunningSite;
let source = '';
let imported = '';
before(async () => {
  running = await startSite();
  source = join(running.folder, 'SelfUpdate');
  imported = join(running.dataDir, 'self-update', 'imported');
  await writeForeignTree(source, await makeKeys('Redmond'));
  mkdirSync(join(running.dataDir, 'keys'));
  for (const name of ['operator-ca.key.pem', 'operator-ca.cer.pem', 'cookie.key']) {
    writeFileSync(join(running.dataDir, 'keys', name), secret);
  }
});
after(() => running.stop());
beforeEach(async () => {
  rmSync(imported, { recursive: true, force: true });
  await importTree(source, { ...options(), replace: true });
});

const options = () => ({ dataDir: running.dataDir, now: testNow, trustedCertificatesPem: [] });
const verify = () =>
  verifyTree(running.dataDir, {
    operatorCaPem: running.keys.ca.certificatePem,
    trustedCertificatesPem: [],
    now: testNow,
  });

/** A cabinet with names that no honest program writes: each takes the place of one of the same length. */
function hostileCabinet(names: readonly string[]): Uint8Array {
  const placeholders = names.map((name, at) => `${at}`.padEnd(Buffer.byteLength(name), 'x'));
  const content = Buffer.from('planted by a stranger');
  const bytes = Buffer.from(createCabinet(placeholders.map((name) => ({ name, bytes: content, modified: testNow }))));
  for (const [at, name] of names.entries()) bytes.write(name, bytes.indexOf(`${placeholders[at]}\0`), 'latin1');
  return bytes;
}

/** Every file and link under the test's folder with its content, but the tree's own log of what is present. */
function everything(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(running.folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isDirectory()) found[path] = entry.isFile() ? sha256Of(readFileSync(path)) : 'link';
  }
  return found;
}

/** As a client writes it: nothing between us and the server makes the path plain. */
function ask(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect(running.port, '127.0.0.1', () => {
      socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    });
    socket.on('data', (part) => parts.push(part));
    socket.on('end', () => resolve(Buffer.concat(parts).toString('latin1')));
    socket.on('error', reject);
  });
}

const ups = [
  '/selfupdate/../../../../keys/',
  '/selfupdate/..%2f..%2f..%2f..%2fkeys/',
  '/selfupdate/%2e%2e/%2e%2e/keys/',
];
const askedPaths = [
  ...ups.flatMap((up) => ['operator-ca.key.pem', 'operator-ca.cer.pem', 'cookie.key'].map((name) => up + name)),
  ...['/selfupdate/stolen', '/selfupdate/stolen/operator-ca.key.pem', '/selfupdate/wuident.cab', '/iuident.cab'],
  ...[
    '/selfupdate/AU/operator-ca.key.pem',
    '/selfupdate/AU/x86/XP/en/wuaucomp.cab',
    '/wutrack.bin',
    '/operator-ca.key.pem',
  ],
  ...['/selfupdate/WSUS3/readme.txt', '/selfupdate/big', '/selfupdate/..\\..\\..\\..\\keys\\operator-ca.key.pem'],
];

async function neverServesTheSecret(): Promise<void> {
  for (const path of askedPaths) {
    const answer = await ask(path);
    assert.ok(!answer.includes('THE SECRET'), `${path} handed out the key`);
  }
}

const hostileNames = [
  'selfupdate\\..\\..\\..\\..\\keys\\operator-ca.cer.pem',
  'selfupdate\\..\\..\\..\\..\\keys\\operator-ca.key.pem',
  'selfupdate/../../../../keys/operator-ca.cer.pem',
  'selfupdate\\..\\..\\index.json',
  'selfupdate\\..\\..\\..\\releases\\wsus\\7.9.0.1\\wuaucomp.cab',
  'selfupdate\\..\\..\\..\\..\\..\\planted.txt',
  'selfupdate\\.\\x.txt',
  'selfupdate\\\\x.txt',
  'selfupdate\\C:\\x.txt',
  'selfupdate\\a.txt:stream',
  'selfupdate\\NUL.txt',
  'selfupdate\\dir.\\x.txt',
  'selfupdate\\x \\..\\x',
];

describe('a hostile cabinet', () => {
  for (const name of hostileNames) {
    test(`with the member ${name} changes nothing, and the rest of it is not taken either`, async () => {
      const cabinet = join(running.folder, 'FILE.cab');
      writeFileSync(
        cabinet,
        hostileCabinet(['selfupdate\\good.cab.txt', name, 'selfupdate\\wuident.cab.txt', 'x.cab']),
      );
      const present = everything();
      await assert.rejects(importTree(cabinet, options()), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'SERVER_TREE_DAMAGED', error.message);
        return true;
      });
      assert.deepEqual(everything(), present);
      await neverServesTheSecret();
    });
  }

  test('whose names differ only for some file systems is refused', async () => {
    const cabinet = join(running.folder, 'FILE.cab');
    writeFileSync(cabinet, hostileCabinet(['selfupdate\\a.txt', 'selfupdate\\A.TXT', 'x.cab']));
    await assert.rejects(importTree(cabinet, options()), { code: /SERVER_TREE_DAMAGED|FORMAT_UNSAFE_NAME/ });
  });
});

/** Changes the index on disk as an attacker or a restored backup would, keeping it well-formed. */
function editIndex(change: (index: ImportedIndex) => void): ImportedIndex {
  const path = join(imported, 'index.json');
  const index: ImportedIndex = JSON.parse(readFileSync(path, 'utf8'));
  change(index);
  writeFileSync(`${path}.new`, JSON.stringify(index));
  renameSync(`${path}.new`, path);
  return index;
}

const entry = (path: string) => ({
  path,
  sizeBytes: secret.length,
  sha256: sha256Of(secret),
  modified: '2026-01-01T00:00:00Z',
});
const present = () => join(imported, readdirSync(imported).find((name) => name !== 'index.json') ?? '');

const editions: Record<string, () => void> = {
  'paths with ..': () =>
    void editIndex(({ files }) => {
      files.push(entry('selfupdate/../../../../keys/operator-ca.key.pem'), entry('../../../keys/operator-ca.key.pem'));
      files.push(entry('selfupdate\\..\\..\\..\\..\\keys\\operator-ca.key.pem'));
    }),
  'absolute paths': () =>
    void editIndex(({ files }) => void files.push(entry(join(running.dataDir, 'keys', 'operator-ca.key.pem')))),
  'a path that is known, in front of one that leads out': () =>
    void editIndex(({ files }) => {
      for (const file of files) Object.assign(file, entry(`selfupdate/../../../../keys/operator-ca.key.pem`));
    }),
  'a folder that leads out': () =>
    void editIndex((index) => {
      index.folder = '../../keys';
      index.files = [entry('operator-ca.key.pem'), entry('selfupdate/stolen')];
    }),
  'the keys as the folder, with a tree path below': () => {
    mkdirSync(join(running.dataDir, 'keys', 'selfupdate'), { recursive: true });
    cpSync(join(running.dataDir, 'keys', 'operator-ca.key.pem'), join(running.dataDir, 'keys', 'selfupdate', 'stolen'));
    editIndex((index) => {
      index.folder = '../../keys';
      index.files = [entry('selfupdate/stolen')];
    });
  },
  'a link as a file': () => {
    symlinkSync('../../../../keys/operator-ca.key.pem', join(present(), 'selfupdate', 'stolen'));
    editIndex(({ files }) => void files.push(entry('selfupdate/stolen')));
  },
  'a link in place of a file that was imported': () => {
    const path = join(present(), 'selfupdate', 'WSUS3', 'readme.txt');
    rmSync(path);
    symlinkSync(join(running.dataDir, 'keys', 'operator-ca.key.pem'), path);
    editIndex(
      ({ files }) =>
        void Object.assign(files.find((file) => file.path.endsWith('readme.txt')) ?? {}, {
          ...entry('selfupdate/WSUS3/readme.txt'),
        }),
    );
  },
  'a link as a folder': () => {
    symlinkSync('../../../../keys', join(present(), 'selfupdate', 'stolen'));
    editIndex(({ files }) => void files.push(entry('selfupdate/stolen/operator-ca.key.pem')));
  },
  'a link as the folder of the import': () => {
    const link = join(imported, '20260101000000-0123abcd');
    mkdirSync(join(running.dataDir, 'keys', 'selfupdate'), { recursive: true });
    writeFileSync(join(running.dataDir, 'keys', 'selfupdate', 'stolen'), secret);
    symlinkSync('../../keys', link);
    editIndex((index) => {
      index.folder = '20260101000000-0123abcd';
      index.files = [entry('selfupdate/stolen')];
    });
  },
  'a link to a file too large for memory': () => {
    symlinkSync('../../../../keys/operator-ca.key.pem', join(present(), 'selfupdate', 'big'));
    editIndex(({ files }) => void files.push({ ...entry('selfupdate/big'), sizeBytes: 2 ** 30 }));
  },
  'entries that are none': () =>
    void editIndex(({ files }) => {
      files.push(null as never, 7 as never, { path: ['selfupdate/x'] } as never, entry('selfupdate/a\0b'));
      files.push(
        { ...entry('selfupdate/stolen'), modified: 'yesterday' },
        { ...entry('Content/x') },
        entry('wutrack.bin'),
      );
    }),
  'no index at all, but something else': () => writeFileSync(join(imported, 'index.json'), '[1, 2'),
  'a link in place of the index': () => {
    rmSync(join(imported, 'index.json'));
    writeFileSync(join(running.folder, 'other.json'), JSON.stringify({ importedAt: '', folder: '', files: [] }));
    symlinkSync(join(running.folder, 'other.json'), join(imported, 'index.json'));
  },
};

describe('an index that was edited, or came back with a backup, with', () => {
  for (const [what, edit] of Object.entries(editions)) {
    test(`${what}: the key is not served, verify names it, and clear and import repair it`, async () => {
      edit();
      await neverServesTheSecret();
      // What a server sees that starts now.
      const tree = await openImportedTree(running.dataDir);
      assert.ok(tree.refused.length > 0, 'the server does not say that it leaves something out');
      // And the one that runs has seen it by now.
      const before = running.troubles.length;
      await eventually(async () => running.troubles.length > before);
      await neverServesTheSecret();

      assert.ok((await verify()).problems.length > 0, 'verify finds nothing');
      await listTree(running.dataDir);
      await clearImportedTree(running.dataDir, testNow);
      await neverServesTheSecret();
      const { total, dropped } = await importTree(source, options());
      assert.deepEqual([total, dropped], [6, []]);
      assert.deepEqual((await verify()).problems, []);
      assert.deepEqual((await openImportedTree(running.dataDir)).refused, []);
      await neverServesTheSecret();
      for (const name of ['operator-ca.key.pem', 'operator-ca.cer.pem', 'cookie.key']) {
        assert.equal(readFileSync(join(running.dataDir, 'keys', name), 'utf8'), secret);
      }
      rmSync(join(running.dataDir, 'keys', 'selfupdate'), { recursive: true, force: true });
    });

    test(`${what}: a further import leaves it out and says so`, async () => {
      edit();
      const single = join(running.folder, 'wuident.cab');
      writeFileSync(single, cabinetOf('wuident.txt', 'of Microsoft'));
      const { dropped } = await importTree(single, options());
      assert.ok(dropped.length > 0);
      assert.deepEqual(
        (await verify()).problems.filter(({ code }) => code !== 'UNSIGNED'),
        [],
      );
      await neverServesTheSecret();
      rmSync(join(running.dataDir, 'keys', 'selfupdate'), { recursive: true, force: true });
    });
  }

  test('links in place of our own cabinets: they are not read, and verify names them', async () => {
    const ident = join(running.dataDir, 'self-update', 'ident', 'iuident.cab');
    const kept = `${ident}.kept`;
    renameSync(ident, kept);
    symlinkSync('../../keys/operator-ca.key.pem', ident);
    const { problems } = await verify();
    assert.deepEqual(
      problems.map(({ path, code }) => [path, code]),
      [[ident, 'UNSAFE']],
    );
    rmSync(ident);
    renameSync(kept, ident);
    assert.ok(lstatSync(ident).isFile());
  });

  test('but the folder of all imports may be a link: an administrator moved it to a larger disk', async () => {
    rmSync(imported, { recursive: true });
    const elsewhere = join(running.folder, 'elsewhere');
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, imported);
    await importTree(source, options());
    assert.deepEqual((await verify()).problems, []);
    assert.deepEqual((await openImportedTree(running.dataDir)).refused, []);
    assert.ok(existsSync(join(elsewhere, 'index.json')));
    rmSync(imported);
  });
});
