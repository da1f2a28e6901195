// Basic operations and quirks of metadata, after the files of the public tuf-conformance suite.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Bent, RepositorySimulator } from '../../packages/releases/test/repository-simulator.ts';
import { check } from './check.ts';

type Bend = (signed: Bent, signatures: Bent[]) => unknown;

/** undefined takes the field away. */
function set(record: Bent, field: string, value: unknown): void {
  if (value === undefined) delete record[field];
  else record[field] = value;
}

const top = ['root', 'timestamp', 'snapshot', 'targets'];

describe('basic operations', () => {
  check('a refresh keeps each role, byte for byte as served', async (start) => {
    const { client, repository } = await start();
    assert.equal(await client.refresh(), 0);
    assert.deepEqual(client.versions(...top), [1, 1, 1, 1]);
    assert.deepEqual(client.bytes('snapshot'), repository.published.get('1.snapshot.json'));
  });

  check('a second refresh asks for the next root and the timestamp only', async (start) => {
    const { client, repository } = await start();
    await client.refresh();
    repository.lastRequests = [];
    assert.equal(await client.refresh(), 0);
    assert.deepEqual(repository.lastRequests, ['2.root.json', 'timestamp.json']);
  });

  check('roots are taken one by one, up to the newest', async (start) => {
    const { client, repository } = await start();
    for (let version = 2; version <= 20; version += 1) repository.publishRoot();
    assert.equal(await client.refresh(), 0);
    assert.equal(client.version('root'), 20);
  });

  check('256 new roots are taken in one refresh, and the next refresh takes the rest', async (start) => {
    const { client, repository } = await start();
    for (let version = 2; version <= 260; version += 1) repository.publishRoot();
    await client.refresh();
    assert.equal(client.version('root'), 257);
    assert.equal(await client.refresh(), 0);
    assert.equal(client.version('root'), 260);
  });

  check('a timestamp of the same version is not taken, whatever it says', async (start) => {
    const { client, repository } = await start();
    await client.refresh();
    const before = client.bytes('timestamp');
    repository.signed.timestamp.meta['snapshot.json'].version = 100;
    repository.publish('timestamp');
    assert.equal(await client.refresh(), 0);
    assert.deepEqual(client.bytes('timestamp'), before);
  });

  for (const role of ['timestamp', 'snapshot', 'targets']) {
    check(`without ${role} on the server a refresh fails`, async (start) => {
      const { client, repository } = await start();
      for (const name of repository.published.keys()) if (name.includes(role)) repository.published.delete(name);
      assert.equal(await client.refresh(), 1);
      assert.equal(client.version(role), undefined);
    });
  }
});

describe('quirks', () => {
  check('unknown fields everywhere are tolerated and covered by the signature', async (start) => {
    const { client, repository } = await start((repository) => {
      for (const role of top) repository.signed[role]['x-unknown'] = { deep: ['field', 1, true, null] };
      for (const key of Object.values<Bent>(repository.signed.root.keys)) key['x-unknown'] = 'a field';
      repository.signed.root.roles.root['x-unknown'] = 1;
      repository.publishRoot();
      repository.publishAll('targets');
    });
    assert.equal(await client.refresh(), 0);
    const document = repository.document('timestamp');
    document.signed['x-unknown'] = 'altered';
    document.signed.version += 1;
    repository.publish('timestamp', [], document);
    assert.equal(await client.refresh(), 1);
  });

  check('keyid_hash_algorithms of old metadata is tolerated', async (start) => {
    const { client, repository } = await start();
    for (const key of Object.values<Bent>(repository.signed.root.keys))
      key.keyid_hash_algorithms = ['sha256', 'sha512'];
    repository.publishRoot();
    assert.equal(await client.refresh(), 0);
    assert.equal(client.version('root'), 2);
  });

  check('a key of an unknown kind is tolerated beside one that signs', async (start) => {
    const { client, repository } = await start();
    const { root } = repository.signed;
    root.keys.strange = { keytype: 'quantum', scheme: 'quantum-1', keyval: { public: 'zz' } };
    root.roles.timestamp.keyids.push('strange');
    repository.publishRoot();
    assert.equal(await client.refresh(), 0);
  });

  check('signatures of unknown keys, and in rubbish, are passed over', async (start) => {
    const { client, repository } = await start();
    repository.signed.timestamp.version = 2;
    const document = repository.document('timestamp');
    document.signatures.unshift({ keyid: 'unknown', sig: 'zz' }, { keyid: 'b', sig: '' });
    repository.publish('timestamp', [], document);
    assert.equal(await client.refresh(), 0);
    assert.equal(client.version('timestamp'), 2);
  });

  for (const name of ['?', '#', '/absolute', '../above', 'a b', 'ä', '100%', '.', '1', '__proto__']) {
    check(
      `a delegated role may be called ${JSON.stringify(name)}`,
      async (start) => {
        const { client, repository } = await start((repository) => {
          repository.delegate('targets', name, { paths: ['file'] });
          repository.addTarget(name, 'file', 'content');
          repository.publishAll('targets', name);
        });
        assert.equal(await client.download('file'), 0, String(Reflect.get(client, 'lastError')));
        assert.equal(client.version(name), 2);
        assert.deepEqual(client.downloaded(), ['content']);
        assert.equal(repository.lastRequests.at(-1), `2.${encodeURIComponent(name)}.json`);
      },
      name === '__proto__' ? 'tuf-js drops such a name' : undefined,
    );
  }

  check('a signature in capitals is a signature', async (start) => {
    const { client, repository } = await start();
    repository.signed.timestamp.version = 2;
    const document = repository.document('timestamp');
    for (const signature of document.signatures) signature.sig = signature.sig.toUpperCase();
    repository.publish('timestamp', [], document);
    assert.equal(await client.refresh(), 0);
  });

  check('a digest in capitals is not the digest', async (start) => {
    const { client, repository } = await start();
    repository.withDigests = true;
    repository.updateSnapshot();
    const meta = repository.signed.timestamp.meta['snapshot.json'];
    meta.hashes.sha256 = meta.hashes.sha256.toUpperCase();
    repository.signed.timestamp.version += 1;
    repository.publish('timestamp');
    assert.equal(await client.refresh(), 1);
  });

  const wrong: [string, string, Bend][] = [
    ['a spec_version of another family', 'timestamp', (signed) => set(signed, 'spec_version', '2.0.0')],
    ['a spec_version in words', 'timestamp', (signed) => set(signed, 'spec_version', 'one')],
    ['the type of another role', 'timestamp', (signed) => set(signed, '_type', 'snapshot')],
    ['no version', 'snapshot', (signed) => set(signed, 'version', undefined)],
    ['a version in a text', 'snapshot', (signed) => set(signed, 'version', '3')],
    ['no end of validity', 'snapshot', (signed) => set(signed, 'expires', undefined)],
    ['an end of validity in words', 'snapshot', (signed) => set(signed, 'expires', 'never')],
    ['two signatures of one key', 'timestamp', (_, signatures) => signatures.push(...signatures)],
    ['no signature', 'timestamp', (_, signatures) => signatures.splice(0)],
    ['no snapshot in its meta', 'timestamp', (signed) => set(signed, 'meta', {})],
    ['version 0 of the snapshot', 'timestamp', (signed) => set(signed, 'meta', { 'snapshot.json': { version: 0 } })],
    ['a negative length', 'snapshot', (signed) => set(signed, 'meta', { 'targets.json': { version: 1, length: -1 } })],
    ['meta that is a list', 'snapshot', (signed) => set(signed, 'meta', [])],
    ['targets that are a list', 'targets', (signed) => set(signed, 'targets', [])],
    ['a target without digests', 'targets', (signed) => set(signed, 'targets', { a: { length: 1 } })],
    ['a threshold of 0', 'root', ({ roles }) => roles && set(roles.timestamp, 'threshold', 0)],
    ['no role for timestamps', 'root', ({ roles }) => roles && set(roles, 'timestamp', undefined)],
    ['a key twice in a role', 'root', ({ roles }) => roles?.snapshot.keyids.push(...roles.snapshot.keyids)],
    ['keys that are a list', 'root', (signed) => set(signed, 'keys', [])],
  ];
  for (const [what, role, bend] of wrong) {
    check(`${role} with ${what} is refused, although it is signed`, async (start) => {
      const { client, repository } = await start();
      assert.equal(await client.refresh(), 0);
      publishBent(repository, role, bend);
      const before = client.bytes(role);
      assert.equal(await client.refresh(), 1);
      assert.deepEqual(client.bytes(role), before);
    });
  }
  for (const version of [0, -1, 1.5, 2 ** 53]) {
    check(
      `a timestamp of version ${version} is refused`,
      async (start) => {
        const { client, repository } = await start();
        repository.signed.timestamp.version = version;
        if (version === 1.5) repository.published.set('timestamp.json', Buffer.from('{"signed":{"version":1.5}}'));
        else repository.publish('timestamp');
        assert.equal(await client.refresh(), 1);
      },
      version === 1.5 ? undefined : 'tuf-js takes a first timestamp of any number',
    );
  }

  for (const rubbish of [
    '',
    '<html><body>Log on</body></html>',
    '{',
    'null',
    '[]',
    '"x"',
    '\u0000',
    '[['.repeat(20_000),
  ]) {
    check(`${JSON.stringify(rubbish.slice(0, 12))} in place of each role is refused`, async (start) => {
      for (const role of ['timestamp', 'snapshot', 'targets']) {
        const { client, repository } = await start();
        for (const name of repository.published.keys()) {
          if (name.includes(role)) repository.published.set(name, Buffer.from(rubbish));
        }
        assert.equal(await client.refresh(), 1, role);
        assert.equal(client.version(role), undefined);
      }
    });
  }
});

/** The next version of a role, bent before it is signed, so that only the bend is wrong with it. */
function publishBent(repository: RepositorySimulator, role: string, bend: Bend): void {
  const version = repository.signed[role].version + 1;
  repository.signed[role].version = version;
  bend(repository.signed[role], []);
  const document = repository.document(role);
  bend({}, document.signatures);
  publishDocument(repository, role, version, document);
}

function publishDocument(repository: RepositorySimulator, role: string, version: number, document: Bent): void {
  const bytes = Buffer.from(JSON.stringify(document));
  for (const name of [`${version}.${role}.json`, `${role}.json`]) repository.published.set(name, bytes);
  const { snapshot, timestamp } = repository.signed;
  if (role === 'targets') {
    snapshot.meta['targets.json'] = { version };
    snapshot.version += 1;
    repository.publish('snapshot');
  }
  if (role === 'root' || role === 'timestamp') return;
  timestamp.meta['snapshot.json'] = { version: role === 'snapshot' ? version : snapshot.version };
  timestamp.version += 1;
  repository.publish('timestamp');
}
