// The operator's repository, held to two clients: ours and tuf-js.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  cpSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';

import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  clientOf,
  clientWith,
  foreign,
  inDays,
  newDefault,
  newFolder,
  path,
  publishRelease,
  release,
  start,
  storeWithRoot,
} from '../../test/repository-cases.ts';
import type { UpdateTarget } from '../metadata/index.ts';
import {
  createDefault,
  createRepository,
  encodeKeyFile,
  encodePublicKey,
  ensureRepository,
  follow,
  generateKey,
  newestRootName,
  offlineRoles,
  Repository,
  readDetached,
  readKeyFile,
  readPublicKey,
  type SigningKey,
  signDetached,
} from './index.ts';

const isWindows = process.platform === 'win32';

describe('a repository of one command', () => {
  it('is verified by our client and by tuf-js, target included', async () => {
    const repository = newDefault();
    publishRelease(repository, new Date());
    const client = await clientOf(repository, new Date());
    assert.deepEqual((await client.find(path))?.file.custom, { moult: release });
    const target = await foreign(repository).getTargetInfo(path);
    assert.deepEqual(target?.custom, { moult: release });
    assert.equal(await foreign(repository).getTargetInfo('updates/x/1'), undefined);
  });

  it('is not made anew, and has a root, while the disk cannot read its folder', { skip: isWindows }, () => {
    const { directory } = newDefault().folder;
    for (const [name, act] of [
      ['keys', () => ensureRepository(directory, new Date())],
      [join('public', 'metadata'), () => newestRootName(directory)],
    ] as const) {
      const path = join(directory, name);
      renameSync(path, `${path}.aside`);
      // As with a disk error, existsSync says that there is nothing.
      symlinkSync(path, path);
      assert.throws(act, ({ code }) => code === 'DISK_UNREADABLE' || code === 'RELEASE_REPOSITORY_UNWRITABLE');
      assert.ok(lstatSync(path).isSymbolicLink());
      rmSync(path);
      renameSync(`${path}.aside`, path);
    }
    assert.equal(newestRootName(directory), '1.root.json');
  });

  it('keeps its keys in files that only their owner reads', () => {
    const repository = newDefault();
    const keys = join(repository.folder.directory, 'keys');
    assert.equal(readdirSync(keys).length, 6);
    for (const name of readdirSync(keys)) assert.equal(statSync(join(keys, name)).mode & 0o777, 0o600, name);
  });

  it('is made once, and keys without a root are no place for another', () => {
    const directory = newFolder();
    assert.equal(ensureRepository(directory, start), true);
    assert.equal(ensureRepository(directory, start), false);
    assert.throws(() => createDefault(directory, start), { code: 'RELEASE_REPOSITORY_EXISTS' });
    rmSync(join(directory, 'public'), { recursive: true });
    const keys = readdirSync(join(directory, 'keys'));
    assert.throws(() => ensureRepository(directory, start), {
      code: 'RELEASE_REPOSITORY_DAMAGED',
      message: /holds keys of a repository and no root.*Restore the folder from a backup/,
    });
    assert.deepEqual(readdirSync(join(directory, 'keys')), keys);
  });

  it('refuses a folder without a repository', () => {
    assert.throws(() => new Repository(newFolder()), { code: 'RELEASE_REPOSITORY_MISSING' });
  });
});

describe('keys on three machines', () => {
  it('sign by carrying files; a wrong, a repeated and a stale signer is named', async () => {
    const people = ['alice', 'bob', 'carol'].map((owner) => generateKey(owner));
    const [alice, bob, carol] = people as [SigningKey, SigningKey, SigningKey];
    const mallory = generateKey('mallory');
    const directory = newFolder();
    const publicKeys = people.map((key) => readPublicKey(encodePublicKey(key), 'a file'));
    const setup = { keys: publicKeys, threshold: 2 };
    createRepository(directory, { root: setup, targets: setup, agent: setup, updates: setup }, start);
    const repository = new Repository(directory);
    assert.throws(
      () => repository.publish(start),
      /root version 1 has 0 of 2 signatures\. Not signed yet: alice, bob, carol/,
    );
    // What travels: the staged file out, the signature back. No private key comes near the server.
    const carry = (role: string, key: SigningKey) => {
      const staged = JSON.parse(readFileSync(repository.folder.stagedFile(role), 'utf8'));
      return readDetached(JSON.stringify(signDetached(role, staged, key)), 'a file');
    };
    for (const role of offlineRoles) repository.import(carry(role, alice));
    assert.throws(() => repository.import(carry('root', alice)), {
      code: 'RELEASE_SIGNER_REPEATED',
      message: 'alice has signed root version 1 already. Still missing: bob, carol.',
    });
    assert.throws(() => repository.import(carry('root', mallory)), {
      code: 'RELEASE_SIGNER_WRONG',
      message: /of mallory may not sign root\. Those who may: alice, bob, carol\./,
    });
    assert.throws(() => repository.publish(start), /1 of 2 signatures\. Not signed yet: bob, carol/);
    const stale = carry('agent', bob);
    for (const role of offlineRoles) repository.import(carry(role, bob));
    repository.publish(start);
    repository.add('agent', path, Buffer.from('the release'), release, start);
    assert.throws(() => repository.import(stale), { code: 'RELEASE_SIGNATURE_WRONG', message: /signature of bob/ });
    const forged = { ...carry('agent', bob), keyid: alice.keyid, owner: 'alice' };
    assert.throws(() => repository.import(forged), { code: 'RELEASE_SIGNATURE_WRONG' });
    repository.import(carry('agent', bob));
    repository.import(carry('agent', carol));
    repository.publish(start);
    assert.ok(await (await clientOf(repository)).find(path));
    const own = readdirSync(join(directory, 'keys')).map((name) => name.split('-')[0]);
    assert.deepEqual(own.sort(), ['snapshot', 'timestamp']);
  });

  it('a signer of updates cannot sign a release, nor the other way round', () => {
    const repository = newDefault();
    const [updates] = repository.folder.keys().filter(({ owner }) => owner === 'server updates');
    assert.ok(updates);
    repository.add('agent', path, Buffer.from('the release'), release, start);
    assert.throws(() => repository.signWith(updates), { code: 'RELEASE_SIGNER_WRONG', message: /may not sign agent/ });
    assert.throws(() => repository.signWith(updates, ['agent']), { code: 'RELEASE_SIGNER_WRONG' });
  });

  it('sealed key files open with their passphrase only', () => {
    const key = generateKey('alice');
    const text = encodeKeyFile(key, 'secret');
    assert.ok(!text.includes(Buffer.from(key.privateDer).toString('base64').slice(20)));
    assert.equal(readKeyFile(text, 'f', 'secret').keyid, key.keyid);
    for (const passphrase of ['wrong', undefined, '']) {
      assert.throws(() => readKeyFile(text, 'alice.key', passphrase), {
        code: 'RELEASE_KEY_UNUSABLE',
        message: /alice\.key/,
      });
    }
    const other = JSON.parse(encodeKeyFile(generateKey('bob')));
    const swapped = JSON.stringify({ ...other, secret: Buffer.from(key.privateDer).toString('base64') });
    assert.throws(() => readKeyFile(swapped, 'f'), /do not belong together/);
    for (const bad of ['', '{}', '[]', 'null', encodePublicKey(key)]) {
      assert.throws(() => readKeyFile(bad, 'f'), { code: 'RELEASE_KEY_UNUSABLE' });
    }
    assert.throws(() => generateKey('\u001b[31mred'), { code: 'RELEASE_KEY_UNUSABLE' });
  });
});

describe('publication', () => {
  it('changes nothing when a file of a target is missing, and never the bytes of a path', () => {
    const repository = newDefault();
    publishRelease(repository);
    assert.throws(() => publishRelease(repository, start, Buffer.from('other')), { code: 'RELEASE_TARGET_EXISTS' });
    const before = readFileSync(join(repository.folder.metadata, 'timestamp.json'));
    rmSync(repository.folder.targets, { recursive: true });
    repository.renew('agent', start);
    repository.signWithOwnKeys();
    assert.throws(() => repository.publish(start), { code: 'RELEASE_TARGET_MISMATCH', message: /7\.9\.0\.2/ });
    assert.deepEqual(readFileSync(join(repository.folder.metadata, 'timestamp.json')), before);
  });

  it('refuses paths that leave their folder and descriptions that no client could read', () => {
    const repository = newDefault();
    for (const bad of [
      'agent/../x',
      'agent/a/../../x',
      '/agent/a/b',
      'agent/a\\b/c',
      'agent/.a/b',
      'agent/a',
      'agent/a/b/c',
      '',
    ]) {
      assert.throws(
        () => repository.add('agent', bad, Buffer.of(), release, start),
        { code: 'RELEASE_TARGET_MALFORMED' },
        bad,
      );
    }
    assert.throws(() => repository.add('agent', path, Buffer.of(), { ...release, version: '1' }, start), {
      code: 'RELEASE_TARGET_MALFORMED',
    });
  });

  it('refuses a role that clients would find too large', () => {
    const repository = newDefault();
    const file = { name: 'setup.exe', length: 1, sha256: 'a'.repeat(64) };
    const approvals = Array.from({ length: 1000 }, () => ({ group: '\u20ac'.repeat(256), action: 'install' as const }));
    const update: UpdateTarget = {
      ...{
        kind: 'update',
        updateId: '01234567-89ab-cdef-0123-456789abcdef',
        revision: 1,
        files: [file],
        program: file.name,
      },
      ...{ arguments: '', returnCodes: [], approvals },
    };
    const grow = () => {
      for (let revision = 0; revision < 100; revision += 1) {
        repository.add('updates', `updates/u/${revision}`, Buffer.from('rules'), { ...update, revision }, start);
      }
    };
    assert.throws(grow, { code: 'RELEASE_TARGET_MALFORMED', message: /clients take 16000000/ });
  });

  it('is seen whole or not at all by clients, whenever they come and whenever it is killed', async () => {
    const repository = newDefault();
    publishRelease(repository);
    const directory = repository.folder.directory;
    repository.renewOnlineKeys(inDays(1));
    repository.recall(path, { at: start.toISOString(), reason: 'it fails' }, inDays(1));
    repository.signWithOwnKeys();
    const before = newFolder();
    cpSync(directory, before, { recursive: true });
    // Ends the publication after each of its writes: the files of after are put over those of before, in their order.
    const names = ['3.agent.json', '3.snapshot.json', 'timestamp.json', '2.root.json'];
    repository.publish(inDays(1));
    for (let count = 0; count <= names.length; count += 1) {
      const at = newFolder();
      cpSync(before, at, { recursive: true });
      for (const name of names.slice(0, count)) {
        const from = join(repository.folder.metadata, name);
        cpSync(from, join(at, 'public', 'metadata', name));
      }
      writeFileSync(join(at, 'publishing'), '');
      const half = new Repository(at);
      await follow(half, 1, inDays(1));
      assert.equal(half.renewOnline(inDays(2)), true);
      assert.equal(half.renewOnline(inDays(2)), false);
      await follow(half, 1, inDays(2));
      const target = await (await clientOf(half, inDays(2))).find(path);
      assert.match(JSON.stringify(target), /it fails/, `after ${count} files`);
    }
  });

  for (const damaged of ['timestamp.json', '2.snapshot.json', 'both']) {
    it(`goes on when a disk damaged ${damaged}, with higher versions than before`, async () => {
      const repository = newDefault();
      publishRelease(repository);
      const store = storeWithRoot(repository);
      await clientWith(store, repository, start).refresh();
      for (const name of ['timestamp.json', '2.snapshot.json']) {
        if (damaged === name || damaged === 'both') writeFileSync(join(repository.folder.metadata, name), '{"signed":');
      }
      assert.equal(repository.renewOnline(start), true);
      const client = clientWith(store, repository, start);
      await client.refresh();
      assert.equal(client.versions.timestamp, 3);
      assert.ok(await client.find(path));
    });
  }

  it('keeps the version before for clients on their way, and old roots for good', () => {
    const repository = newDefault();
    const now = new Date();
    for (let times = 0; times < 5; times += 1) {
      repository.renew('root', now);
      repository.renew('agent', now);
      repository.signWithOwnKeys();
      repository.publish(now);
    }
    assert.equal(count(repository, 'agent'), 6);
    repository.publish(new Date(Date.now() + 3 * 86_400_000));
    assert.equal(count(repository, 'agent'), 2);
    assert.equal(count(repository, 'snapshot'), 2);
    assert.equal(count(repository, 'root'), 6);
  });

  it('by two at once: the second waits or is told, and nothing is lost', async () => {
    const repository = newDefault();
    const script = `
      const { Repository } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)});
      const repository = new Repository(process.argv[1]);
      for (let i = 0; i < 5; i++) { repository.renewOnlineKeys(new Date()); repository.signWithOwnKeys(); }
      repository.publish(new Date());`;
    const run = () =>
      new Promise<string>((resolve) => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', script, repository.folder.directory], {
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        let said = '';
        child.stderr.on('data', (piece) => {
          said += piece;
        });
        child.on('close', (code) => resolve(code === 0 ? '' : said));
      });
    const said = await Promise.all([run(), run()]);
    for (const text of said)
      if (text !== '') assert.match(text, /RELEASE_(REPOSITORY_BUSY|SIGNATURES_MISSING|NOT_STAGED)/);
    repository.signWithOwnKeys();
    repository.publish(new Date());
    await follow(repository, 1, new Date());
  });
});

function count(repository: Repository, role: string): number {
  return readdirSync(repository.folder.metadata).filter((name) => name.endsWith(`.${role}.json`)).length;
}
