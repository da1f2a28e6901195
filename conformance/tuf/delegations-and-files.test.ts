// Delegations, path patterns, hash bins, consistent snapshots, target files.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { binForTarget } from '@moult/releases/metadata';
import type { Bent, RepositorySimulator } from '../../packages/releases/test/repository-simulator.ts';
import { check } from './check.ts';

/** The delegated roles in the order in which a client asks for them. */
function visited(repository: RepositorySimulator): string[] {
  const names = repository.lastRequests.map((name) => /^\d+\.([A-Z])\.json$/.exec(name)?.[1]);
  return names.filter((name) => name !== undefined);
}

interface Edge {
  from: string;
  to: string;
  paths?: string[];
  terminating?: boolean;
}

describe('delegations', () => {
  const graphs: [string, Edge[], string][] = [
    ['one', [edge('targets', 'A')], 'A'],
    ['one whose path does not fit', [{ ...edge('targets', 'A'), paths: ['other/*'] }], ''],
    ['two in their order', [edge('targets', 'B'), edge('targets', 'A')], 'BA'],
    ['a level below', [edge('targets', 'A'), edge('targets', 'B'), edge('B', 'C')], 'ABC'],
    ['depth first', [edge('targets', 'A'), edge('targets', 'B'), edge('A', 'C')], 'ACB'],
    ['terminating', [{ ...edge('targets', 'A'), terminating: true }, edge('targets', 'B')], 'A'],
    [
      'terminating, children included',
      [{ ...edge('targets', 'A'), terminating: true }, edge('targets', 'B'), edge('A', 'C')],
      'AC',
    ],
    [
      'terminating below',
      [edge('targets', 'A'), edge('targets', 'B'), { ...edge('A', 'C'), terminating: true }, edge('A', 'D')],
      'AC',
    ],
    [
      'terminating but not for this path',
      [{ ...edge('targets', 'A'), paths: ['x'], terminating: true }, edge('targets', 'B')],
      'B',
    ],
    ['in a circle', [edge('targets', 'A'), edge('A', 'B'), edge('B', 'A')], 'AB'],
    ['to itself', [edge('targets', 'A'), edge('A', 'A')], 'A'],
    ['two to the same role', [edge('targets', 'A'), edge('targets', 'B'), edge('A', 'C'), edge('B', 'C')], 'ACB'],
  ];
  for (const [what, edges, order] of graphs) {
    check(`${what}: ${order || 'none'} asked for a target that nobody has`, async (start) => {
      const { client, repository } = await start((repository) => build(repository, edges));
      assert.equal(await client.download('missing.bin'), 1);
      assert.equal(visited(repository).join(''), order);
    });
  }

  check('of two roles that have a target the first counts', async (start) => {
    const { client } = await start((repository) => {
      build(repository, [edge('targets', 'A'), edge('targets', 'B')]);
      repository.addTarget('B', 'file', 'of B');
      repository.addTarget('A', 'file', 'of A');
      repository.publishAll('A', 'B');
    });
    assert.equal(await client.download('file'), 0);
    assert.deepEqual(client.downloaded(), ['of A']);
  });

  check('no more than 32 roles are asked', async (start) => {
    const { client, repository } = await start((repository) => {
      for (let index = 0; index < 60; index += 1)
        repository.delegate(index === 0 ? 'targets' : `r${index - 1}`, `r${index}`);
      repository.addTarget('r59', 'file', 'far away');
      repository.publishAll('targets', ...Array.from({ length: 60 }, (_, index) => `r${index}`));
    });
    assert.equal(await client.download('file'), 1);
    assert.equal(client.version('r59'), undefined);
    assert.ok(repository.lastRequests.length < 40);
  });

  check('a delegated role signed by somebody else is refused', async (start) => {
    const { client, repository } = await start((repository) => {
      build(repository, [edge('targets', 'A')]);
      repository.addTarget('A', 'file', 'of A');
      repository.publishAll('A');
    });
    repository.publish('A', repository.signers.targets);
    assert.equal(await client.download('file'), 1);
    assert.equal(client.version('A'), undefined);
    assert.deepEqual(client.downloaded(), []);
  });

  check('two delegators with different keys for one role: each is held to its own', async (start) => {
    const { client, repository } = await start((repository) => {
      build(repository, [edge('targets', 'A'), edge('targets', 'B'), edge('A', 'C'), edge('B', 'C')]);
      const [role] = repository.signed.A.delegations.roles;
      role.keyids = repository.keyids('A');
      for (const { keyid, key } of repository.signers.A ?? []) repository.signed.A.delegations.keys[keyid] = key;
      repository.publishAll('A');
    });
    assert.equal(await client.download('file'), 1);
    assert.equal(client.version('C'), undefined);
    assert.ok(repository);
  });

  check('a role that the snapshot does not list is refused', async (start) => {
    const { client } = await start((repository) => {
      build(repository, [edge('targets', 'A')]);
      repository.addTarget('A', 'file', 'of A');
      repository.publish('A');
      delete repository.signed.snapshot.meta['A.json'];
      repository.signed.snapshot.version += 1;
      repository.publish('snapshot');
      repository.updateTimestamp();
    });
    assert.equal(await client.download('file'), 1);
    assert.deepEqual(client.downloaded(), []);
  });

  check('prefixes of the path digest choose the role', async (start) => {
    const { client, repository } = await start((repository) => {
      repository.delegate('targets', 'A', { path_hash_prefixes: ['0', '1', '2', '3', '4', '5', '6', '7'] });
      repository.delegate('targets', 'B', { path_hash_prefixes: ['8', '9', 'a', 'b', 'c', 'd', 'e', 'f'] });
      repository.publishAll('targets', 'A', 'B');
    });
    await client.download('file'); // 3b9c…
    await client.download('x'); // 2d71…
    await client.download('setup'); // 8fb6…
    assert.equal(visited(repository).join(''), 'AB');
  });

  check('succinct roles: the bin of a target is asked, and no other', async (start) => {
    const bins = { keyids: [] as string[], threshold: 1, bit_length: 4, name_prefix: 'bin' };
    const bin = binForTarget(bins, 'file');
    const { client, repository } = await start((repository) => {
      repository.signed[bin] = { ...repository.base('targets'), targets: {} };
      repository.signers[bin] = repository.signers.targets ?? [];
      bins.keyids = repository.keyids('targets');
      const [signer] = repository.signers.targets ?? [];
      repository.signed.targets.delegations = { keys: { [signer?.keyid ?? '']: signer?.key }, succinct_roles: bins };
      repository.addTarget(bin, 'file', 'in a bin');
      repository.publishAll('targets', bin);
    });
    assert.match(bin, /^bin-[0-9a-f]$/);
    assert.equal(await client.download('file'), 0);
    assert.deepEqual(client.downloaded(), ['in a bin']);
    assert.equal(repository.lastRequests.at(-1), `2.${bin}.json`);
  });

  const refused: [string, (delegations: Bent) => unknown][] = [
    ['a role called timestamp', ({ roles }) => roles.push({ ...roles[0], name: 'timestamp' })],
    ['a role twice', ({ roles }) => roles.push(roles[0])],
    ['paths and prefixes', ({ roles }) => roles.push({ ...roles[0], name: 'Z', path_hash_prefixes: ['0'] })],
    ['no terminating', ({ roles }) => roles.push({ ...roles[0], name: 'Z', terminating: undefined })],
    ['no keys', (delegations) => Reflect.deleteProperty(delegations, 'keys')],
    ['a threshold of 0', ({ roles }) => roles.push({ ...roles[0], name: 'Z', threshold: 0 })],
  ];
  for (const [what, bend] of refused) {
    check(`targets that delegate with ${what} are refused`, async (start) => {
      const { client, repository } = await start();
      repository.delegate('targets', 'A');
      bend(repository.signed.targets.delegations);
      repository.signed.targets = JSON.parse(JSON.stringify(repository.signed.targets));
      repository.publishAll('targets');
      assert.equal(await client.refresh(), 1);
      assert.equal(client.version('targets'), undefined);
    });
  }
});

function edge(from: string, to: string): Edge {
  return { from, to };
}

function build(repository: RepositorySimulator, edges: readonly Edge[]): void {
  for (const { from, to, paths = ['*'], terminating = false } of edges)
    repository.delegate(from, to, { paths }, terminating);
  repository.publishAll('targets', ...new Set(edges.map(({ to }) => to)));
}

describe('consistent snapshots', () => {
  check('with them metadata is asked for by version and targets by digest', async (start) => {
    const { client, repository } = await start((repository) => {
      repository.addTarget('targets', 'folder/file', 'content');
      repository.publishAll('targets');
    });
    assert.equal(await client.download('folder/file'), 0);
    assert.deepEqual(repository.lastRequests, ['2.root.json', 'timestamp.json', '2.snapshot.json', '2.targets.json']);
    assert.match(repository.artifactRequests.join(), /^folder\/[0-9a-f]{64}\.file$/);
  });

  check('without them by plain names; roots always by version', async (start) => {
    const { client, repository } = await start((repository) => {
      repository.signed.root.consistent_snapshot = false;
      repository.publishRoot();
      repository.addTarget('targets', 'folder/file', 'content');
      repository.publishAll('targets');
    });
    assert.equal(await client.download('folder/file'), 0);
    const expected = ['2.root.json', '3.root.json', 'timestamp.json', 'snapshot.json', 'targets.json'];
    assert.deepEqual(repository.lastRequests, expected);
    assert.deepEqual(repository.artifactRequests, ['folder/file']);
  });
});

describe('a root without consistent_snapshot', () => {
  check(
    'is taken, and means plain names',
    async (start) => {
      const { client, repository } = await start();
      repository.signed.root.consistent_snapshot = undefined;
      repository.signed.root = JSON.parse(JSON.stringify(repository.signed.root));
      repository.publishRoot();
      assert.equal(await client.refresh(), 0);
      assert.deepEqual(repository.lastRequests.slice(-2), ['snapshot.json', 'targets.json']);
    },
    'tuf-js wants the field',
  );
});

describe('target files', () => {
  check('a file that is there already is not fetched; one that is there wrongly is', async (start) => {
    const { client, repository } = await start((repository) => {
      repository.addTarget('targets', 'file', 'content');
      repository.publishAll('targets');
    });
    await client.download('file');
    repository.artifactRequests = [];
    assert.equal(await client.download('file'), 0);
    assert.equal(repository.artifactRequests.length, 0);
    mkdirSync(client.targetDir, { recursive: true });
    writeFileSync(join(client.targetDir, 'file'), 'CONTENT');
    assert.equal(await client.download('file'), 0);
    assert.deepEqual(client.downloaded(), ['content']);
  });

  check('a target that changed is fetched anew', async (start) => {
    const { client, repository } = await start((repository) => {
      repository.addTarget('targets', 'file', 'content');
      repository.publishAll('targets');
    });
    await client.download('file');
    repository.addTarget('targets', 'file', 'new content');
    repository.publishAll('targets');
    assert.equal(await client.download('file'), 0);
    assert.deepEqual(client.downloaded(), ['new content']);
  });

  check('an empty target is a target', async (start) => {
    const { client } = await start((repository) => {
      repository.addTarget('targets', 'empty', '');
      repository.publishAll('targets');
    });
    assert.equal(await client.download('empty'), 0);
    assert.deepEqual(client.downloaded(), ['']);
  });

  for (const [what, content] of [
    ['shorter', 'con'],
    ['longer', 'content and more'],
    ['other', 'CONTENT'],
    ['no', undefined],
  ] as const) {
    check(`${what} bytes than the signed ones are refused, and no file is left`, async (start) => {
      const { client, repository } = await start((repository) => {
        repository.addTarget('targets', 'file', 'content');
        repository.publishAll('targets');
      });
      for (const name of repository.artifacts.keys()) {
        if (content === undefined) repository.artifacts.delete(name);
        else repository.artifacts.set(name, Buffer.from(content));
      }
      assert.equal(await client.download('file'), 1);
      assert.deepEqual(client.downloaded(), []);
    });
  }

  check('every digest of a target must be right, and be of a known kind', async (start) => {
    const { client, repository } = await start((repository) => {
      repository.addTarget('targets', 'file', 'content');
      repository.signed.targets.targets.file.hashes.sha512 = '00'.repeat(64);
      repository.addTarget('targets', 'other', 'content');
      repository.signed.targets.targets.other.hashes.strange = '00';
      repository.publishAll('targets');
    });
    assert.equal(await client.download('file'), 1);
    assert.equal(await client.download('other'), 1);
    assert.deepEqual(client.downloaded(), []);
    assert.ok(repository);
  });
});
