import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createOperatorCa, createOperatorSigner, type SigningIdentity } from '@moult/formats/authenticode';
import { applyDelta, emptySha256 } from '@moult/releases/delta';
import type { ReleaseTarget } from '@moult/releases/metadata';
import { ensureRepository, Repository } from '@moult/releases/repository';
import { publishAgentReleases } from '../sites/self-update/index.ts';
import { leadRelease } from '../sites/self-update/lead-release.ts';
import { newestRelease } from '../sites/self-update/releases.ts';
import { writeRelease } from '../sites/self-update/test/release-folder.ts';
import { keepReleasesCovered } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-covered-releases-'));
const now = new Date();
let signers: SigningIdentity[];
before(async () => {
  const ca = await createOperatorCa({ commonName: 'Operator', now });
  signers = await Promise.all(['A', 'B'].map((name) => createOperatorSigner(ca, { commonName: name, now })));
});
after(() => rmSync(folder, { recursive: true, force: true }));

let serial = 0;
async function server(versions: readonly { version: string; epoch?: number }[]) {
  serial += 1;
  const dataDir = join(folder, `data-${serial}`);
  const releaseDir = join(folder, `releases-${serial}`);
  for (const { version, epoch = 0 } of versions) writeRelease(releaseDir, 'wsus', version, epoch);
  const directory = join(dataDir, 'trust');
  ensureRepository(directory, now);
  const look = async (signer = signers[0] as SigningIdentity) => {
    const releases = await publishAgentReleases(dataDir, releaseDir, signer, now);
    const log = { info: () => undefined, error: (value: unknown) => assert.fail(String(value)) };
    const parts = {
      directory,
      releases: () => releases,
      log,
      now: () => now,
      isClockBelieved: () => true,
      changed: () => undefined,
    };
    return { releases, keeper: keepReleasesCovered({ ...parts, everyMs: 0 }) };
  };
  const repository = new Repository(directory);
  const agent = () => repository.state().published.targets.get('agent')?.signed;
  return { directory, releaseDir, look, repository, agent };
}

describe('the releases that a server carries', () => {
  it('are named by the role agent, each once, whatever certificate signs the tree', async () => {
    const { look, agent } = await server([{ version: '7.9.0.1' }, { version: '7.9.0.2' }]);
    assert.deepEqual((await look()).keeper.notices(), []);
    assert.deepEqual(Object.keys(agent()?.targets ?? {}), [
      'agent/canary/0-1.0.0.0-any.cab',
      'agent/wsus/0-7.9.0.1-any.cab',
      'agent/wsus/0-7.9.0.2-any.cab',
    ]);
    const { version } = agent() ?? {};
    await look(signers[1]);
    assert.equal(agent()?.version, version, 'a new certificate changes nothing of the list');
  });

  it('come with deltas: from the program of the version before, and from nothing', async () => {
    const lines = Array.from({ length: 3000 }, (_, line) => `export const line${line} = ${line * 7919};`).join('\n');
    const { look, agent, releaseDir, repository } = await server([]);
    for (const version of ['7.9.0.1', '7.9.0.2'])
      writeRelease(releaseDir, 'wsus', version, 0, `// ${version}\n${lines}`);
    await look();
    const targets = agent()?.targets ?? {};
    const path = 'agent/wsus/0-7.9.0.2-any.cab';
    const { deltas } = (targets[path]?.custom?.moult ?? assert.fail()) as ReleaseTarget;
    const program = readFileSync(join(releaseDir, 'wsus', '7.9.0.1', 'agent.mjs'));
    const digest = createHash('sha256').update(program).digest('hex');
    assert.deepEqual(deltas.map(({ fromSha256 }) => fromSha256).sort(), [emptySha256, digest].sort());
    const recipe = deltas.find(({ fromSha256 }) => fromSha256 === digest);
    const delta = targets[recipe?.target ?? ''];
    const length = targets[path]?.length ?? 0;
    assert.ok(delta && delta.length < length / 100, `${delta?.length} of ${length} bytes`);
    const bytes = readFileSync(repository.folder.targetFile(recipe?.target ?? '', delta.hashes.sha256 ?? ''));
    const made = applyDelta(program, bytes, { length, windowLog: recipe?.windowLog ?? 0 });
    assert.equal(createHash('sha256').update(made).digest('hex'), targets[path]?.hashes.sha256);
    const { version } = agent() ?? {};
    await look();
    assert.equal(agent()?.version, version, 'at the next start there is nothing to do');
  });

  it('of a later epoch are named there, and the tree leads to the newest of epoch 0', async () => {
    const { look, agent } = await server([{ version: '7.9.0.2' }, { version: '1.0.0.0', epoch: 1 }]);
    const { releases } = await look();
    assert.ok('agent/wsus/1-1.0.0.0-any.cab' in (agent()?.targets ?? {}));
    assert.equal(newestRelease(releases)?.release.version, '7.9.0.2');
  });

  it('wait for a signature when the key of the role is elsewhere, and say so until it came', async () => {
    const { look, agent, directory, repository } = await server([{ version: '7.9.0.1' }]);
    const { keyids } = repository.keysOf('agent')?.roleKeys ?? { keyids: [] };
    const file = join(directory, 'keys', `agent-${keyids[0]?.slice(0, 12)}.key`);
    renameSync(file, join(directory, 'alice.key'));
    const { keeper } = await look();
    assert.deepEqual(agent()?.targets, {});
    assert.match(keeper.notices()[0]?.headline ?? '', /New agent releases wait for a signature/);
    renameSync(join(directory, 'alice.key'), file);
    repository.signWithOwnKeys();
    repository.publish(now);
    assert.deepEqual(keeper.notices(), []);
    assert.equal(Object.keys(agent()?.targets ?? {}).length, 2);
  });

  it('have the bytes that were signed first, and a notice says so when the folder has others', async () => {
    const { look, agent, releaseDir } = await server([{ version: '7.9.0.1' }]);
    await look();
    const before = JSON.stringify(agent());
    writeRelease(releaseDir, 'wsus', '7.9.0.1', 0, '// changed');
    const { keeper } = await look();
    assert.equal(JSON.stringify(agent()), before);
    assert.match(keeper.notices()[0]?.cause ?? '', /Of 7\.9\.0\.1 other bytes/);
  });

  it('with a floor: the tree leads old agents to the floor', async () => {
    const { look, repository, directory } = await server([{ version: '7.9.0.3' }, { version: '7.9.0.5' }]);
    const { releases } = await look();
    const dataDir = join(directory, '..');
    assert.equal(leadRelease(dataDir, releases)?.release.version, '7.9.0.5');
    const path = 'agent/wsus/0-7.9.0.5-any.cab';
    const file = repository.state().published.targets.get('agent')?.signed.targets[path];
    const ours = { ...(file?.custom?.moult as ReleaseTarget), floors: [{ epoch: 0, version: '7.9.0.3' }] };
    const bytes = readFileSync(repository.folder.targetFile(path, file?.hashes.sha256 ?? ''));
    repository.add('agent', path, bytes, ours, now);
    repository.signWithOwnKeys();
    repository.publish(now);
    assert.equal(leadRelease(dataDir, releases)?.release.version, '7.9.0.3');
  });

  it('stay as they were listed, with their recall', async () => {
    const { look, agent, repository } = await server([{ version: '7.9.0.1' }]);
    await look();
    const path = 'agent/wsus/0-7.9.0.1-any.cab';
    repository.recall(path, { at: now.toISOString(), reason: 'it hangs' }, now);
    repository.signWithOwnKeys();
    repository.publish(now);
    const before = JSON.stringify(agent());
    await look();
    assert.equal(JSON.stringify(agent()), before);
    assert.match(before, /it hangs/);
    assert.ok(readFileSync(repository.folder.targetFile(path, agent()?.targets[path]?.hashes.sha256 ?? '')).length > 0);
  });
});
