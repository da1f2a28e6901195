// Keys, thresholds, rotations, rollback, expiry.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import {
  type KeyKind,
  newSigner,
  type RepositorySimulator,
} from '../../packages/releases/test/repository-simulator.ts';
import { check } from './check.ts';

const top = ['root', 'timestamp', 'snapshot', 'targets'];

describe('keys', () => {
  for (const kind of ['ed25519', 'ecdsa', 'ecdsa-p384', 'rsa'] satisfies KeyKind[]) {
    check(`a repository with ${kind} keys is verified, and one that somebody else signed is not`, async (start) => {
      const { client, repository } = await start(undefined, kind);
      assert.equal(await client.refresh(), 0);
      repository.signed.timestamp.version += 1;
      const forged = { ...newSigner(kind), keyid: repository.keyids('timestamp')[0] ?? '' };
      repository.publish('timestamp', [forged]);
      assert.equal(await client.refresh(), 1);
    });
  }

  check('a keyid need not be the digest of its key', async (start) => {
    const { client, repository } = await start();
    const before = repository.signers.timestamp ?? [];
    const signer = newSigner('ed25519', 'any name/ä');
    repository.signers.timestamp = [signer];
    repository.signed.root.roles.timestamp.keyids = [signer.keyid];
    repository.signed.root.keys[signer.keyid] = signer.key;
    repository.publishRoot();
    repository.updateTimestamp();
    assert.equal(await client.refresh(), 0);
    repository.signed.timestamp.version += 1;
    repository.publish('timestamp', before);
    assert.equal(await client.refresh(), 1);
  });

  check(
    'one key under several names counts once',
    async (start) => {
      const { client, repository } = await start();
      const [signer] = repository.signers.timestamp ?? [];
      assert.ok(signer);
      const twins = ['one', 'two', 'three'].map((keyid) => ({ ...signer, keyid }));
      for (const { keyid, key } of twins) repository.signed.root.keys[keyid] = key;
      repository.signed.root.roles.timestamp = { keyids: twins.map(({ keyid }) => keyid), threshold: 2 };
      repository.signers.timestamp = twins;
      repository.publishRoot();
      repository.updateTimestamp();
      assert.equal(await client.refresh(), 1);
      assert.deepEqual(client.versions('root', 'timestamp'), [2, undefined]);
    },
    'tuf-js counts names',
  );

  check(
    'one key in two spellings counts once',
    async (start) => {
      const { client, repository } = await start(undefined, 'ecdsa');
      const [signer] = repository.signers.timestamp ?? [];
      assert.ok(signer);
      const public_ = `${signer.key.keyval.public}`.replaceAll('\n', '\r\n');
      const twin = { ...signer, keyid: 'twin', key: { ...signer.key, keyval: { public: public_ } } };
      repository.signed.root.keys.twin = twin.key;
      repository.signed.root.roles.timestamp = { keyids: [signer.keyid, 'twin'], threshold: 2 };
      repository.signers.timestamp = [signer, twin];
      repository.publishRoot();
      repository.updateTimestamp();
      assert.equal(await client.refresh(), 1);
    },
    'tuf-js counts names',
  );

  check('a role whose keys the root does not have cannot be verified', async (start) => {
    const { client, repository } = await start();
    delete repository.signed.root.keys[repository.keyids('snapshot')[0] ?? ''];
    repository.publishRoot();
    assert.equal(await client.refresh(), 1);
    assert.equal(client.version('snapshot'), undefined);
  });

  for (const role of ['timestamp', 'snapshot', 'targets']) {
    check(`${role} needs its threshold of keys`, async (start) => {
      const { client, repository } = await start();
      repository.rotate(role, 'ed25519', 3, 2);
      repository.publishRoot();
      const one = repository.signers[role]?.slice(0, 1);
      if (role === 'targets') republish(repository, role, one);
      else if (role === 'snapshot') {
        repository.updateSnapshot();
        repository.publish('snapshot', one);
      } else {
        repository.updateTimestamp();
        repository.publish('timestamp', one);
      }
      assert.equal(await client.refresh(), 1);
      assert.equal(client.version(role), undefined);
      republish(repository, role, repository.signers[role]?.slice(1));
      assert.equal(await client.refresh(), 0);
    });
  }
});

/** The next version of a role by these signers, and of what lists it. */
function republish(repository: RepositorySimulator, role: string, signers = repository.signers[role]): void {
  const all = repository.signers[role] ?? [];
  repository.signers[role] = signers ?? [];
  if (role === 'timestamp') repository.updateTimestamp();
  else if (role === 'snapshot') repository.updateSnapshot();
  else repository.publishAll(role);
  repository.signers[role] = all;
}

describe('root rotation', () => {
  const cases: [string, number, number, 'both' | 'old' | 'new', boolean][] = [
    ['new keys, signed by old and new', 1, 1, 'both', true],
    ['new keys, signed by the old only', 1, 1, 'old', false],
    ['new keys, signed by the new only', 1, 1, 'new', false],
    ['more keys with a higher threshold, signed by all', 3, 2, 'both', true],
    ['more keys with a higher threshold, signed by the old only', 3, 2, 'old', false],
    ['a threshold that the new keys cannot meet', 1, 2, 'both', false],
  ];
  for (const [what, keys, threshold, by, accepted] of cases) {
    check(what, async (start) => {
      const { client, repository } = await start();
      const old = repository.rotate('root', 'ed25519', keys, threshold);
      const own = repository.signers.root ?? [];
      repository.signers.root = by === 'old' ? old : own;
      repository.publishRoot(by === 'both' ? old : []);
      assert.equal(await client.refresh(), accepted ? 0 : 1);
      assert.equal(client.version('root'), accepted ? 2 : 1);
    });
  }

  check('a threshold of the old keys is needed, too', async (start) => {
    const { client, repository } = await start();
    const first = repository.rotate('root', 'ed25519', 3, 3);
    repository.publishRoot(first);
    assert.equal(await client.refresh(), 0);
    const old = repository.rotate('root');
    repository.publishRoot(old.slice(1));
    assert.equal(await client.refresh(), 1);
    repository.publish('root', [...(repository.signers.root ?? []), ...old]);
    assert.equal(await client.refresh(), 0);
    assert.equal(client.version('root'), 3);
  });

  for (const [what, version] of [
    ['skips one', 3],
    ['is the same', 1],
    ['goes back', 1],
  ] as const) {
    check(`a root whose version ${what} is refused`, async (start) => {
      const { client, repository } = await start();
      repository.signed.root.version = version;
      repository.published.set('2.root.json', repository.publish('root'));
      assert.equal(await client.refresh(), 1);
      assert.equal(client.version('root'), 1);
    });
  }

  check('a root on the way may have expired; the last may not', async (start) => {
    const { client, repository } = await start();
    repository.signed.root.expires = '2020-01-01T00:00:00Z';
    repository.publishRoot();
    assert.equal(await client.refresh(), 1);
    assert.equal(client.version('root'), 2);
    repository.signed.root.expires = repository.inDays(30);
    repository.publishRoot();
    assert.equal(await client.refresh(), 0);
  });

  for (const role of ['timestamp', 'snapshot', 'targets']) {
    check(`${role} of rotated keys is taken, and of the old keys refused`, async (start) => {
      const { client, repository } = await start();
      await client.refresh();
      const old = repository.rotate(role);
      repository.publishRoot();
      const fresh = repository.signers[role] ?? [];
      republish(repository, role, old);
      assert.equal(await client.refresh(), 1);
      republish(repository, role, fresh);
      assert.equal(await client.refresh(), 0);
    });
  }
});

describe('rollback', () => {
  check('a timestamp of a lower version', async (start) => {
    const { client, repository } = await start();
    repository.updateTimestamp();
    await client.refresh();
    repository.signed.timestamp.version = 1;
    repository.publish('timestamp');
    assert.equal(await client.refresh(), 1);
    assert.equal(client.version('timestamp'), 2);
  });

  check('a snapshot of a lower version in a newer timestamp', async (start) => {
    const { client, repository } = await start();
    repository.updateSnapshot();
    await client.refresh();
    repository.signed.timestamp.meta['snapshot.json'] = { version: 1 };
    repository.signed.timestamp.version += 1;
    repository.publish('timestamp');
    assert.equal(await client.refresh(), 1);
    assert.deepEqual(client.versions('timestamp', 'snapshot'), [2, 2]);
  });

  check(
    'targets of a lower version in a newer snapshot, even when the snapshot we keep no longer matches',
    async (start) => {
      const { client, repository } = await start();
      repository.publishAll('targets');
      await client.refresh();
      repository.withDigests = true;
      repository.updateTimestamp();
      repository.signed.targets.version = 1;
      repository.updateSnapshot();
      assert.equal(await client.refresh(), 1);
      assert.deepEqual(client.versions('snapshot', 'targets'), [2, 2]);
    },
  );

  check('a role that is gone from the snapshot', async (start) => {
    const { client, repository } = await start((repository) => {
      repository.delegate('targets', 'role');
      repository.publishAll('targets', 'role');
    });
    await client.refresh();
    delete repository.signed.snapshot.meta['role.json'];
    repository.signed.snapshot.version += 1;
    repository.publish('snapshot');
    repository.updateTimestamp();
    assert.equal(await client.refresh(), 1);
    assert.equal(client.version('snapshot'), 2);
  });

  for (const role of ['timestamp', 'snapshot']) {
    check(`after a fast forward of ${role} the rotation of its keys brings the client back`, async (start) => {
      const { client, repository } = await start();
      repository.signed[role].version = 99_999;
      if (role === 'timestamp') repository.updateTimestamp();
      else repository.updateSnapshot();
      assert.equal(await client.refresh(), 0);
      repository.rotate('snapshot');
      repository.rotate('timestamp');
      repository.publishRoot();
      repository.signed[role].version = 1;
      if (role === 'snapshot') repository.signed.snapshot.version = 1;
      repository.updateSnapshot();
      assert.equal(await client.refresh(), 0);
      assert.ok((client.version(role) ?? 0) < 10);
    });
  }

  check('after a fast forward of targets the rotation of the snapshot keys brings the client back', async (start) => {
    const { client, repository } = await start();
    repository.signed.targets.version = 99_999;
    repository.publishAll('targets');
    assert.equal(await client.refresh(), 0);
    repository.rotate('snapshot');
    repository.publishRoot();
    repository.signed.targets.version = 1;
    repository.publishAll('targets');
    assert.equal(await client.refresh(), 0);
    assert.equal(client.version('targets'), 2);
  });

  check('an old snapshot under a new name', async (start) => {
    const { client, repository } = await start();
    await client.refresh();
    const old = repository.published.get('1.snapshot.json') ?? Buffer.of();
    repository.updateSnapshot();
    repository.published.set('2.snapshot.json', old);
    assert.equal(await client.refresh(), 1);
    assert.equal(client.version('snapshot'), 1);
  });

  for (const role of ['snapshot', 'targets']) {
    check(`${role} whose digest is not the listed one`, async (start) => {
      const { client, repository } = await start();
      repository.withDigests = true;
      repository.publishAll('targets');
      repository.signed[role].expires = repository.inDays(31);
      repository.publish(role);
      assert.equal(await client.refresh(), 1);
      assert.equal(client.version(role), undefined);
    });
  }
});

describe('expiry', () => {
  for (const role of top) {
    check(`${role} that has expired is refused`, async (start) => {
      const { client } = await start((repository) => {
        repository.signed[role].expires = '2026-05-31T23:59:59Z';
        if (role === 'root') repository.publishRoot();
        else republish(repository, role);
      });
      assert.equal(await client.refresh(), 1);
      assert.equal(client.version(role), role === 'root' ? 2 : undefined);
    });
  }

  check('metadata that expires while it is kept is refused, and renewed is taken', async (start) => {
    const { client, repository } = await start();
    assert.equal(await client.refresh(), 0);
    assert.equal(await client.refresh(29), 0);
    assert.equal(await client.refresh(31), 1);
    for (const role of top) repository.signed[role].expires = repository.inDays(60);
    repository.publishRoot();
    repository.publishAll('targets');
    assert.equal(await client.refresh(31), 0);
  });

  check('an expired timestamp that is kept still guards against a rollback', async (start) => {
    const { client, repository } = await start();
    repository.signed.timestamp.expires = repository.inDays(7);
    repository.updateSnapshot();
    assert.equal(await client.refresh(), 0);
    repository.signed.timestamp.expires = repository.inDays(60);
    repository.signed.timestamp.version += 1;
    repository.signed.timestamp.meta['snapshot.json'].version = 1;
    repository.publish('timestamp');
    assert.equal(await client.refresh(18), 1);
    assert.equal(client.version('timestamp'), 2);
  });
});
