// The executable that the suite is given, against a listening server: one case of each of the suite's nine files. The
// cases by the hundred are in workflow.test.ts, in process.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { RepositorySimulator } from '../../packages/releases/test/repository-simulator.ts';
import { type Listening, serve } from '../../packages/releases/test/simulated-fetch.ts';
import { AdapterClient } from './clients.ts';

let server: Listening;
let repository: RepositorySimulator;
before(async () => {
  server = await serve(() => repository);
});
after(() => server.close());

async function started(root = true): Promise<AdapterClient> {
  repository = new RepositorySimulator(new Date());
  const client = new AdapterClient(server.url);
  if (root) assert.equal(await client.init(repository.published.get('1.root.json') ?? Buffer.of()), 0, client.stderr);
  return client;
}

describe('conformance/tuf/client', () => {
  it('keeps the initial root under its unversioned name and refuses one that is not a root', async () => {
    const client = await started();
    assert.deepEqual(client.versions('root', 'timestamp'), [1, undefined]);
    assert.equal(await client.init(Buffer.from('{}')), 1);
    client.dispose();
  });

  it('refreshes: every top-level role is kept as served', async () => {
    const client = await started();
    repository.publishRoot();
    assert.equal(await client.refresh(), 0, client.stderr);
    for (const [role, name] of Object.entries({
      root: '2.root',
      timestamp: 'timestamp',
      snapshot: '1.snapshot',
      targets: '1.targets',
    })) {
      assert.deepEqual(client.bytes(role), repository.published.get(`${name}.json`));
    }
    assert.deepEqual(readdirSync(client.metadataDir).filter((name) => name.endsWith('.json')).length, 4);
    client.dispose();
  });

  it('ends with 1 on a timestamp that goes back, and keeps what it had', async () => {
    const client = await started();
    repository.updateTimestamp();
    assert.equal(await client.refresh(), 0);
    repository.signed.timestamp.version = 1;
    repository.publish('timestamp');
    assert.equal(await client.refresh(), 1);
    assert.equal(client.version('timestamp'), 2);
    client.dispose();
  });

  it('ends with 1 on metadata that has expired', async () => {
    const client = await started();
    repository.signed.timestamp.expires = '2020-01-01T00:00:00Z';
    repository.updateTimestamp();
    assert.equal(await client.refresh(), 1);
    client.dispose();
  });

  it('downloads targets, from a role that is delegated to as well, and does not fetch what it has', async () => {
    const client = await started();
    repository.addTarget('targets', 'folder/tool.bin', 'the tool');
    repository.delegate('targets', 'role/one', { paths: ['other/*'] });
    repository.addTarget('role/one', 'other/file', 'of the role');
    repository.publishAll('targets', 'role/one');
    assert.equal(await client.download('folder/tool.bin', 'other/file'), 0, client.stderr);
    assert.deepEqual(client.downloaded(), ['the tool', 'of the role']);
    assert.equal(client.version('role/one'), 2);
    repository.artifactRequests = [];
    assert.equal(await client.download('folder/tool.bin', 'other/file'), 0);
    assert.deepEqual(repository.artifactRequests, []);
    client.dispose();
  });

  it('ends with 1 on a target that no role names and on one with other bytes, and leaves no file', async () => {
    const client = await started();
    repository.addTarget('targets', 'tool', 'the tool');
    repository.publishAll('targets');
    assert.equal(await client.download('nothing'), 1);
    for (const name of repository.artifacts.keys()) repository.artifacts.set(name, Buffer.from('evil'));
    assert.equal(await client.download('tool'), 1);
    for (const name of repository.artifacts.keys()) repository.artifacts.set(name, Buffer.from('the tool and more'));
    assert.equal(await client.download('tool'), 1);
    assert.deepEqual(client.downloaded(), []);
    client.dispose();
  });
});
