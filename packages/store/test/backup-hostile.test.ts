// A backup from a stranger's hand, and what a backup holds: nothing but what its manifest lists, keys that belong together,
// for the owner only, and everything that makes a server the same again.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createOperatorCa, createOperatorSigner } from '@moult/formats/authenticode';
import { backUp } from '../src/backup/backup.ts';
import { restore } from '../src/backup/restore.ts';
import { openStore } from '../src/index.ts';
import { loadOrCreateCookieKey, loadOrCreateOperatorKeys } from '../src/keys/index.ts';

const now = new Date('2026-12-01T12:00:00Z');
const author = { name: 'tester', at: now };
const release = 'self-update/releases/wsus/7.9.0.1/wuaucomp.cab';

let folder: string;
let count = 0;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-hostile-'));
  const umask = process.umask(0);
  try {
    await makeServer('server');
    await backUp({ ...places('server'), target: join(folder, 'good'), version: '0', now });
  } finally {
    process.umask(umask);
  }
});
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

function places(name: string) {
  return { dataDir: join(folder, name), database: join(folder, name, 'moult.sqlite') };
}

async function makeServer(name: string): Promise<void> {
  const { dataDir, database } = places(name);
  mkdirSync(dataDir);
  await loadOrCreateOperatorKeys(dataDir, { now });
  await loadOrCreateCookieKey(dataDir);
  await using store = await openStore(database, { now: () => now });
  await store.createGroup('Kept', undefined, author);
  await store.close();
  for (const file of [release, 'self-update/imported/index.json']) {
    mkdirSync(join(dataDir, file, '..'), { recursive: true });
    writeFileSync(join(dataDir, file), name);
  }
}

/** A backup like the good one, changed: by its files, and where `relist` says so with a manifest that fits them again. */
function altered(change: (backup: string) => void, relist = false): string {
  const backup = join(folder, `backup-${++count}`);
  cpSync(join(folder, 'good'), backup, { recursive: true });
  change(backup);
  if (relist) editManifest(backup, (manifest) => Object.assign(manifest.files, digestsOf(backup)));
  return backup;
}

interface Manifest {
  files: Record<string, string>;
  rows: Record<string, number>;
  folders?: string[];
}

function editManifest(backup: string, edit: (manifest: Manifest) => void): void {
  const file = join(backup, 'manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  edit(manifest);
  writeFileSync(file, JSON.stringify(manifest));
}

function digestsOf(backup: string): Record<string, string> {
  const names = readdirSync(backup, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => statSync(join(backup, name)).isFile() && name !== 'manifest.json');
  return Object.fromEntries(
    files.map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(backup, name)))
        .digest('hex'),
    ]),
  );
}

function everythingIn(dataDir: string): Map<string, string> {
  const names = readdirSync(dataDir, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => statSync(join(dataDir, name)).isFile() && !/^moult\.sqlite|\.guard$/.test(name));
  return new Map(files.map((name) => [name, readFileSync(join(dataDir, name), 'latin1')]));
}

async function isRefused(backup: string, message: RegExp): Promise<void> {
  const target = places('server');
  const before = everythingIn(target.dataDir);
  await assert.rejects(restore({ ...target, source: backup, author }), { code: 'SERVER_BAD_BACKUP', message });
  assert.deepEqual(everythingIn(target.dataDir), before, String(message));
}

describe('a restore refuses, and changes nothing,', () => {
  it('files that the manifest does not list', async () => {
    await isRefused(
      altered((backup) => writeFileSync(join(backup, 'keys', 'more.pem'), '')),
      /"keys\/more\.pem" is in it/,
    );
    await isRefused(
      altered((backup) => writeFileSync(join(backup, 'self-update', 'imported', 'evil.cab'), '')),
      /evil\.cab" is in it, but not in its manifest/,
    );
    const cookie = altered((backup) => editManifest(backup, ({ files }) => delete files['keys/cookie.key']));
    await isRefused(cookie, /"keys\/cookie\.key" is in it/);
  });

  it('links and special files', async () => {
    const linked = (name: string, to: string) =>
      altered((backup) => {
        rmSync(join(backup, name), { recursive: true });
        symlinkSync(to, join(backup, name));
      });
    await isRefused(linked('keys/operator-ca.key.pem', '/etc/hostname'), /operator-ca\.key\.pem" is a link/);
    await isRefused(linked('keys', join(folder, 'good', 'keys')), /"keys" is a link/);
    const pipe = altered((backup) => {
      rmSync(join(backup, 'audit.jsonl.zst'));
      execFileSync('mkfifo', [join(backup, 'audit.jsonl.zst')]);
    });
    await isRefused(pipe, /audit\.jsonl\.zst" is a link or a special file/);
    const manifest = altered((backup) => {
      rmSync(join(backup, 'manifest.json'));
      symlinkSync(join(folder, 'good', 'manifest.json'), join(backup, 'manifest.json'));
    });
    await isRefused(manifest, /is not a backup/);
  });

  it('names that lead elsewhere, or that no backup holds', async () => {
    for (const name of [
      '../outside',
      '/etc/passwd',
      'keys/../moult.sqlite',
      'self-update/imported/../../x',
      'logs/x',
    ]) {
      const backup = altered((one) =>
        editManifest(one, ({ files }) => Object.assign(files, { [name]: '0'.repeat(64) })),
      );
      await isRefused(backup, /which no backup holds/);
    }
    const folders = altered((backup) =>
      editManifest(backup, (manifest) => Object.assign(manifest, { folders: ['../x'] })),
    );
    await isRefused(folders, /manifest\.json is damaged/);
  });

  it('fewer rows than the manifest counts', () =>
    isRefused(
      altered((backup) => editManifest(backup, ({ rows }) => Object.assign(rows, { target_groups: 99 }))),
      /target_groups has 3 rows, not 99/,
    ));

  it('keys and certificates that do not belong together', async () => {
    const ca = await createOperatorCa({ commonName: 'Stranger', now });
    const signer = await createOperatorSigner(ca, { commonName: 'Stranger', now });
    const withKey = (name: string, content: string | undefined) =>
      altered((backup) => {
        const file = join(backup, 'keys', name);
        if (content === undefined) {
          rmSync(file);
          editManifest(backup, ({ files }) => delete files[`keys/${name}`]);
        } else writeFileSync(file, content);
      }, true);
    const cases: [string, string | undefined, RegExp][] = [
      ['operator-ca.cer.pem', ca.certificatePem, /operator-ca\.key\.pem does not fit/],
      ['operator-ca.key.pem', ca.privateKeyPem, /operator-ca\.key\.pem does not fit/],
      ['operator-signing.key.pem', signer.privateKeyPem, /operator-signing\.cer\.pem cannot be used/],
      ['operator-signing.cer.pem', signer.certificatePem, /operator-signing\.cer\.pem cannot be used/],
      ['operator-signing.key.pem', undefined, /are not both there/],
      ['operator-ca.cer.pem', undefined, /operator-ca\.cer\.pem is missing/],
      ['operator-ca.cer.pem', 'no certificate', /does not fit/],
      ['cookie.key', 'short', /cookie\.key has 5 bytes/],
    ];
    for (const [name, content, message] of cases) await isRefused(withKey(name, content), message);
  });
});

describe('a restore', () => {
  it('into another machine brings keys and tree along, and keeps that machine’s keys as copies', async () => {
    await makeServer('other');
    const { dataDir, database } = places('other');
    const own = readFileSync(join(dataDir, 'keys', 'operator-ca.key.pem'));
    await restore({ dataDir, database, source: join(folder, 'good'), author });
    for (const name of readdirSync(join(folder, 'server', 'keys'))) {
      const [restored, wanted] = ['other', 'server'].map((server) => readFileSync(join(folder, server, 'keys', name)));
      assert.deepEqual(restored, wanted, name);
    }
    const [copy = ''] = readdirSync(join(dataDir, 'keys')).filter((name) => name.startsWith('operator-ca.key.pem.rep'));
    assert.deepEqual(readFileSync(join(dataDir, 'keys', copy)), own);
    for (const file of [release, 'self-update/imported/index.json'])
      assert.equal(readFileSync(join(dataDir, file), 'utf8'), 'server');
    assert.ok(!existsSync(join(dataDir, 'restoring')));
  });

  it('never leaves the key of one authority beside the certificate of another', async () => {
    const withoutCaKey = altered((backup) => {
      rmSync(join(backup, 'keys', 'operator-ca.key.pem'));
      editManifest(backup, ({ files }) => delete files['keys/operator-ca.key.pem']);
    });
    await makeServer('third');
    const { dataDir, database } = places('third');
    await restore({ dataDir, database, source: withoutCaKey, author });
    assert.ok(!existsSync(join(dataDir, 'keys', 'operator-ca.key.pem')));
    assert.equal((await loadOrCreateOperatorKeys(dataDir, { now })).ca.privateKeyPem, '');
    // Of the same authority it stays.
    await restore({ ...places('server'), source: withoutCaKey, author });
    assert.ok(existsSync(join(folder, 'server', 'keys', 'operator-ca.key.pem')));
  });

  it('never puts older signed metadata in place of newer, and keeps the keys of another repository as a copy', async () => {
    const trustOf = (dataDir: string, root: string, version: number) => {
      const metadata = join(dataDir, 'trust', 'public', 'metadata');
      mkdirSync(metadata, { recursive: true });
      mkdirSync(join(dataDir, 'trust', 'keys'), { recursive: true });
      writeFileSync(join(metadata, '1.root.json'), root);
      writeFileSync(join(metadata, 'timestamp.json'), JSON.stringify({ signed: { version } }));
      writeFileSync(join(dataDir, 'trust', 'keys', 'root.key'), `${root} ${version}`);
      writeFileSync(join(dataDir, 'trust', 'lock'), '');
    };
    await makeServer('trusted');
    const { dataDir, database } = places('trusted');
    const source = join(folder, 'with-trust');
    trustOf(dataDir, 'root A', 5);
    await backUp({ dataDir, database, target: source, version: '0', now });
    assert.ok(!existsSync(join(source, 'trust', 'lock')));
    const key = () => readFileSync(join(dataDir, 'trust', 'keys', 'root.key'), 'utf8');
    const copies = () => readdirSync(dataDir).filter((name) => name.startsWith('trust.replaced-'));
    trustOf(dataDir, 'root A', 6);
    await restore({ dataDir, database, source, author });
    assert.deepEqual([key(), copies()], ['root A 6', []], 'newer of the same repository');
    trustOf(dataDir, 'root A', 4);
    await restore({ dataDir, database, source, author });
    assert.deepEqual([key(), copies().length], ['root A 5', 1], 'older');
    trustOf(dataDir, 'root B', 9);
    await restore({ dataDir, database, source, author });
    assert.deepEqual([key(), copies().length], ['root A 5', 2], 'another one');
    assert.equal(readFileSync(join(dataDir, copies()[1] ?? '', 'keys', 'root.key'), 'utf8'), 'root B 9');
    await restore({ dataDir, database, source: join(folder, 'good'), author });
    assert.equal(key(), 'root A 5', 'a backup without one takes none away');
  });

  it('of an earlier version, which held no tree, leaves the tree alone', async () => {
    const earlier = altered((backup) => {
      rmSync(join(backup, 'self-update'), { recursive: true });
      editManifest(backup, (manifest) => {
        delete manifest.folders;
        for (const name of Object.keys(manifest.files)) if (name.startsWith('self-')) delete manifest.files[name];
      });
    });
    await makeServer('fourth');
    await restore({ ...places('fourth'), source: earlier, author });
    assert.equal(readFileSync(join(folder, 'fourth', release), 'utf8'), 'fourth');
  });
});

describe('a backup', () => {
  it('is for its owner only, whatever the umask', { skip: process.platform === 'win32' }, () => {
    assert.equal(statSync(join(folder, 'good')).mode & 0o777, 0o700);
    for (const name of readdirSync(join(folder, 'good'), { recursive: true, encoding: 'utf8' })) {
      const { mode } = statSync(join(folder, 'good', name));
      assert.equal(mode & 0o077, 0, `${name}: ${(mode & 0o777).toString(8)}`);
    }
  });

  it('refuses a place that is taken, and touches nothing beside it', async () => {
    const taken = join(folder, 'taken');
    mkdirSync(`${taken}.unfinished`);
    writeFileSync(join(`${taken}.unfinished`, 'mine'), 'mine');
    for (const make of [() => writeFileSync(taken, ''), () => symlinkSync('nowhere', taken), () => mkdirSync(taken)]) {
      rmSync(taken, { recursive: true, force: true });
      make();
      if (statSync(taken, { throwIfNoEntry: false })?.isDirectory()) writeFileSync(join(taken, 'mine'), 'mine');
      const options = { ...places('server'), target: taken, version: '0', now };
      await assert.rejects(backUp(options), { code: 'SERVER_REFUSED', message: /is there already/ });
    }
    rmSync(join(taken, 'mine'));
    chmodSync(taken, 0o755);
    await backUp({ ...places('server'), target: taken, version: '0', now });
    assert.equal(statSync(taken).mode & 0o777, 0o700);
    assert.equal(readFileSync(join(`${taken}.unfinished`, 'mine'), 'utf8'), 'mine');
  });

  it('is made one at a time', async () => {
    const options = { ...places('server'), version: '0', now };
    const both = await Promise.allSettled(
      ['one', 'two'].map((name) => backUp({ ...options, target: join(folder, name) })),
    );
    const refused = both.filter(({ status }) => status === 'rejected');
    assert.equal(refused.length, 1);
    assert.equal((refused[0] as PromiseRejectedResult).reason.code, 'SERVER_IN_USE');
  });
});
