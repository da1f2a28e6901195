// What happens over the years: renewal, alarms, stolen keys, rehearsals.
import assert from 'node:assert/strict';

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  clientOf,
  clientWith,
  inDays,
  newDefault,
  newFolder,
  path,
  publishRelease,
  release,
  start,
  storeWithRoot,
} from '../../test/repository-cases.ts';
import {
  createDefault,
  createRepository,
  createWithThreshold,
  expiryStates,
  follow,
  generateKey,
  offlineRoles,
  Repository,
  readKeyFile,
  rehearse,
  type SigningKey,
} from './index.ts';

describe('time', () => {
  it('the server renews snapshot and timestamp at half of their time, and clients always follow', async () => {
    const repository = newDefault();
    publishRelease(repository);
    assert.equal(repository.renewOnline(inDays(6)), false);
    for (let day = 7; day < 360; day += 7) {
      assert.equal(repository.renewOnline(inDays(day)), true, `day ${day}`);
      await follow(repository, 1, inDays(day));
    }
    assert.equal(
      expiryStates(repository.state().published, inDays(350)).find(({ role }) => role === 'timestamp')?.level,
      'fine',
    );
  });

  it('alarms come at 90, 30 and 7 days, the most urgent first', () => {
    const repository = newDefault();
    publishRelease(repository);
    const level = (days: number, role: string) =>
      expiryStates(repository.state().published, inDays(days)).find((state) => state.role === role)?.level;
    assert.deepEqual(
      [274, 275, 334, 335, 357, 358, 365].map((days) => level(days, 'agent')),
      ['fine', '90-days', '90-days', '30-days', '30-days', '7-days', 'expired'],
    );
    assert.deepEqual(
      [0, 6, 7, 14].map((days) => level(days, 'timestamp')),
      ['fine', 'fine', '7-days', 'expired'],
    );
    const [first] = expiryStates(repository.state().published, inDays(360));
    assert.equal(first?.role, 'timestamp');
  });

  it('a role that has expired is renewed by one operation', async () => {
    const repository = newDefault();
    publishRelease(repository);
    await assert.rejects(follow(repository, 1, inDays(800)), { code: 'RELEASE_METADATA_EXPIRED' });
    for (const role of offlineRoles) repository.renew(role, inDays(800));
    repository.signWithOwnKeys();
    repository.publish(inDays(800));
    await follow(repository, 1, inDays(800));
  });

  it('after a restored backup, versions that are left out bring clients along that had seen more', async () => {
    const repository = newDefault();
    publishRelease(repository);
    const backup = newFolder();
    cpSync(repository.folder.directory, backup, { recursive: true });
    for (let day = 1; day < 4; day += 1) {
      repository.renew('agent', inDays(day));
      repository.signWithOwnKeys();
      repository.publish(inDays(day));
    }
    const store = storeWithRoot(repository);
    const open = (at: Repository) => clientWith(store, at, inDays(4));
    await open(repository).refresh();
    const restored = new Repository(backup);
    await assert.rejects(open(restored).refresh(), { code: 'RELEASE_METADATA_ROLLBACK' });
    for (const role of offlineRoles) if (role !== 'root') restored.renew(role, inDays(4), 1000);
    restored.signWithOwnKeys();
    restored.publish(inDays(4), { skip: 1000 });
    await open(restored).refresh();
  });
});

describe('recovery', () => {
  it('from a stolen online key, five roots back: one operation, and the thief’s high versions are forgotten', async () => {
    const repository = newDefault();
    publishRelease(repository);
    const store = storeWithRoot(repository);
    const open = (now: Date) => clientWith(store, repository, now);
    // The thief: both online keys, and a fast forward by 2^40 versions, which the client takes.
    const thief = newFolder();
    cpSync(repository.folder.directory, thief, { recursive: true });
    const stolen = new Repository(thief);
    stolen.publish(start, { skip: 2 ** 40 });
    const theirs = clientWith(store, stolen, start);
    await theirs.refresh();
    for (let day = 1; day <= 5; day += 1) {
      repository.renew('root', inDays(day));
      repository.signWithOwnKeys();
      repository.publish(inDays(day));
    }
    await assert.rejects(open(inDays(5)).refresh(), { code: 'RELEASE_METADATA_ROLLBACK' });
    repository.renewOnlineKeys(inDays(6));
    repository.signWithOwnKeys();
    repository.publish(inDays(6));
    const client = open(inDays(6));
    await client.refresh();
    assert.equal(client.versions.root, 7);
    assert.ok((client.versions.timestamp ?? 0) < 100);
    assert.equal(
      readdirSync(join(repository.folder.directory, 'keys')).filter((name) => /^(snapshot|timestamp)/.test(name))
        .length,
      2,
    );
  });

  it('from a stolen signing key below the threshold, five roots back: one operation, and the key signs nothing more', async () => {
    const people = ['alice', 'bob', 'carol', 'dave'].map((owner) => generateKey(owner)) as [
      SigningKey,
      SigningKey,
      SigningKey,
      SigningKey,
    ];
    const [alice, bob, carol, dave] = people;
    const setup = { keys: [alice, bob, carol], threshold: 2 };
    const directory = newFolder();
    createRepository(directory, { root: setup, targets: setup, agent: setup, updates: setup }, start);
    const repository = new Repository(directory);
    const sign = (...keys: SigningKey[]) => {
      for (const key of keys) repository.signWith(key);
    };
    sign(alice, bob);
    repository.publish(start);
    repository.add('agent', path, Buffer.from('the release'), release, start);
    sign(bob, carol);
    repository.publish(start);
    for (let day = 1; day <= 5; day += 1) {
      repository.renew('root', inDays(day));
      sign(alice, carol);
      repository.publish(inDays(day));
    }
    assert.throws(() => repository.revoke('0'.repeat(64), dave, inDays(6)), { code: 'RELEASE_KEY_UNKNOWN' });
    assert.deepEqual(repository.revoke(bob.keyid, dave, inDays(6)), ['root', 'targets', 'agent', 'updates']);
    assert.throws(() => repository.publish(inDays(6)), { code: 'RELEASE_SIGNATURES_MISSING' });
    sign(alice, carol);
    repository.publish(inDays(6));
    await follow(repository, 1, inDays(6));
    assert.ok(await (await clientOf(repository, inDays(6))).find(path), 'the release is still there');
    repository.recall(path, { at: start.toISOString(), reason: 'x' }, inDays(7));
    assert.throws(() => repository.signWith(bob), {
      code: 'RELEASE_SIGNER_WRONG',
      message: /of bob may not sign agent\. Those who may: alice, carol, dave/,
    });
    sign(carol, dave);
    repository.publish(inDays(7));
    const served = readdirSync(repository.folder.metadata).map((name) =>
      readFileSync(join(repository.folder.metadata, name), 'utf8'),
    );
    const newest = served.filter((text) => text.includes('"reason": "x"'));
    assert.equal(
      newest.some((text) => text.includes(bob.keyid)),
      false,
    );
  });

  it('with sealed keys, the online keys stay usable by a server that has no passphrase', async () => {
    const directory = newFolder();
    createDefault(directory, start, 'secret');
    assert.throws(() => new Repository(directory).folder.keys('wrong'), { code: 'RELEASE_KEY_UNUSABLE' });
    const repository = new Repository(directory, 'secret');
    repository.renewOnlineKeys(start);
    repository.signWithOwnKeys();
    repository.publish(start);
    const server = new Repository(directory);
    assert.deepEqual(
      server.folder
        .keys()
        .map(({ owner }) => owner)
        .sort(),
      ['server snapshot', 'server timestamp'],
    );
    assert.equal(server.renewOnline(inDays(10)), true);
    await follow(server, 1, inDays(10));
  });

  it('a threshold that the keys cannot meet is refused, with nothing changed', () => {
    const repository = newDefault();
    const before = repository.keysOf('root');
    assert.throws(() => repository.changeKeys('root', { threshold: 2 }, start), {
      code: 'RELEASE_THRESHOLD_IMPOSSIBLE',
    });
    assert.throws(() => repository.changeKeys('agent', { threshold: 0 }, start), {
      code: 'RELEASE_THRESHOLD_IMPOSSIBLE',
    });
    assert.throws(() => repository.changeKeys('nobody', { threshold: 1 }, start), { code: 'RELEASE_ROLE_UNKNOWN' });
    assert.deepEqual(repository.keysOf('root'), before);
    assert.equal(repository.progress('root'), undefined);
  });

  it('raises the root of a first start to two of three, and takes its key off the server', async () => {
    const repository = newDefault();
    publishRelease(repository);
    const people = ['alice', 'bob', 'carol'].map((owner) => generateKey(owner)) as [SigningKey, SigningKey, SigningKey];
    const [server = ''] = repository.keysOf('root')?.roleKeys.keyids ?? [];
    repository.changeKeys('root', { add: people, remove: [server], threshold: 2 }, inDays(1));
    repository.signWithOwnKeys();
    assert.throws(() => repository.publish(inDays(1)), /Not signed yet: alice, bob, carol/);
    repository.signWith(people[0]);
    repository.signWith(people[2]);
    repository.publish(inDays(1));
    await follow(repository, 1, inDays(1));
    repository.renew('root', inDays(2));
    repository.signWithOwnKeys();
    assert.equal(repository.progress('root')?.have, 0);
  });
});

describe('a rehearsal', () => {
  it('goes through with every key, and changes nothing', async () => {
    const directory = newFolder();
    createWithThreshold(directory, 2, 3, start);
    const repository = new Repository(directory);
    publishRelease(repository);
    const before = readdirSync(directory, { recursive: true }).sort();
    const steps = await rehearse(directory, [], inDays(400));
    assert.deepEqual(
      steps.filter(({ ok }) => !ok),
      [],
    );
    assert.equal(steps.length, 7);
    assert.deepEqual(readdirSync(directory, { recursive: true }).sort(), before);
  });

  it('names those whose keys are missing', async () => {
    const directory = newFolder();
    createWithThreshold(directory, 3, 3, start);
    const keys = join(directory, 'keys');
    const offline = newFolder();
    mkdirSync(offline);
    const [moved = ''] = readdirSync(keys).filter((name) => name.startsWith('root'));
    const text = readFileSync(join(keys, moved), 'utf8');
    writeFileSync(join(offline, moved), text);
    rmSync(join(keys, moved));
    const steps = await rehearse(directory, [], start);
    assert.match(steps.at(-1)?.problem ?? '', /2 of 3 signatures\. The keys of these people are missing: root \d\./);
    const whole = await rehearse(directory, [readKeyFile(text, moved)], start);
    assert.equal(
      whole.every(({ ok }) => ok),
      true,
    );
  });
});
