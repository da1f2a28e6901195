// The attacks of the TUF specification (1.5.2) on the agent's own releases, against a listening server that an attacker
// has: each under its name. Whatever he does, the agent goes on, and installs no more than the operator signed.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { ReleaseTarget } from '@moult/releases/metadata';
import { ensureRepository, generateKey, Repository, releasePath } from '@moult/releases/repository';
import { machineRoot } from '../machine/machine-root.ts';
import { nextRelease, readOperatorReleases } from './operator-releases.ts';
import { fetchReleaseFile } from './release-file.ts';
import {
  type AttackedServer,
  answering,
  dripping,
  endless,
  openAttackedServer,
  serving,
} from './test/attacked-server.ts';
import { forgeRole } from './test/forge.ts';
import { pinTrustRoot } from './trust-root.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-release-attacks-'));
const stops: (() => void)[] = [];
after(() => {
  for (const stop of stops) stop();
  rmSync(folder, { recursive: true, force: true });
});
const start = new Date('2026-12-01T00:00:00Z');
const inDays = (days: number) => new Date(start.getTime() + days * 86_400_000);
const pathOf = (version: string, product = 'moult-agent') => releasePath(describeRelease(version, product), '.cab');
const bytesOf = (version: string) => Buffer.from(`the release ${version}`);

function describeRelease(version: string, product = 'moult-agent'): ReleaseTarget {
  const numbers = { product, generation: 'wsus', epoch: 0, version, platform: 'any' };
  return { kind: 'release', ...numbers, floors: [], deltas: [] };
}

let serial = 0;

/** An agent of version 1.0.0.0 that has pinned the root, and its server. */
async function bench(versions: readonly string[] = ['2.0.0.0']) {
  const directory = join(folder, `repository-${++serial}`);
  ensureRepository(directory, start);
  const repository = new Repository(directory);
  const publish = (now = start, skip = 0) => {
    repository.signWithOwnKeys();
    repository.publish(now, { skip });
  };
  const list = (version: string, path = pathOf(version)) => {
    repository.add('agent', path, bytesOf(version), describeRelease(version), start);
    publish();
  };
  for (const version of versions) list(version);
  const server = await openAttackedServer(directory);
  stops.push(server.close);
  const root = machineRoot(join(folder, `machine-${serial}`));
  pinTrustRoot(root, readFileSync(join(directory, 'public', 'metadata', '1.root.json')));
  const state = { now: start, current: '1.0.0.0', totalMs: 30_000, mirrors: [] as AttackedServer[] };
  const source = () => ({
    ...{ server: server.url, mirrors: state.mirrors.map(({ url }) => url), userAgent: 'test', operatorCaPem: '' },
    ...{ limits: { silenceMs: 30_000, totalMs: state.totalMs, maxBytes: 1_000_000 }, now: () => state.now },
  });
  const read = () => readOperatorReleases(root, source(), { pins: true });
  /** The version that the agent would install, its bytes fetched and verified; undefined for none. */
  const update = async () => {
    const operator = await read();
    const current = { epoch: 0, version: state.current };
    const chosen = nextRelease(operator, { product: 'moult-agent', generation: 'wsus', current });
    if (!chosen) return { ...operator, installed: undefined, bytes: '' };
    const { bytes } = await fetchReleaseFile(chosen, source(), {
      ...{ ...operator, root, into: join(root.folder, 'release.cab'), fresh: true },
      note: () => undefined,
    });
    return { ...operator, installed: chosen.release.version, bytes: Buffer.from(bytes).toString() };
  };
  return { directory, repository, server, state, publish, list, read, update };
}

const targets = /^targets\//;
const timestamp = /timestamp\.json$/;

describe('the releases of the agent', () => {
  it('arbitrary installation: other bytes, and metadata that other keys signed, are refused', async () => {
    const { server, update } = await bench();
    const genuine = server.snapshot();
    const forged = [...genuine].map(
      ([name, bytes]) => [name, targets.test(name) ? Buffer.from('other') : bytes] as const,
    );
    server.attack = serving(new Map(forged));
    await assert.rejects(update(), { code: 'AGENT_SELFUPDATE_ALTERED' });
    const other = await bench(['9.0.0.0']);
    server.attack = serving(other.server.snapshot());
    const { installed, alarms } = await update();
    assert.notEqual(installed, '9.0.0.0');
    assert.ok(alarms.length > 0);
  });

  it('endless data: no more is read than the signed length, or the limit of the role', async () => {
    const { server, update } = await bench();
    const sent = { bytes: 0 };
    server.attack = endless(targets, sent);
    await assert.rejects(update(), { code: 'AGENT_SELFUPDATE_ALTERED' });
    server.attack = endless(timestamp, sent);
    assert.equal((await update()).state, 'last-good');
    assert.ok(sent.bytes < 64 * 1024 * 1024, `${sent.bytes} bytes left the server`);
  });

  it('extraneous dependencies: what the signer of updates signs is no release', async () => {
    const { repository, publish, update } = await bench([]);
    repository.add('updates', pathOf('9.0.0.0'), bytesOf('9.0.0.0'), describeRelease('9.0.0.0'), start);
    repository.add('updates', 'updates/9.0.0.0/1', bytesOf('9.0.0.0'), describeRelease('9.0.0.0'), start);
    publish();
    assert.equal((await update()).installed, undefined);
  });

  it('extraneous dependencies: a key of updates cannot sign the role agent', async () => {
    const { repository, server, read } = await bench();
    await read();
    const keyids = repository.keysOf('updates')?.roleKeys.keyids ?? [];
    const theirs = repository.folder.keys().find(({ keyid }) => keyids.includes(keyid));
    assert.ok(theirs);
    repository.add('agent', pathOf('9.0.0.0'), bytesOf('9.0.0.0'), describeRelease('9.0.0.0'), start);
    assert.throws(() => repository.signWith(theirs, ['agent']), { code: 'RELEASE_SIGNER_WRONG' });
    // He has the online keys too, and goes around the repository.
    server.attack = serving(forgeRole(repository, 'agent', theirs, start));
    const { releases, alarms } = await read();
    assert.ok(!releases.some(({ release }) => release.version === '9.0.0.0'));
    assert.match(alarms.join(), /agent/);
  });

  it('fast forward: versions that a thief signed are forgotten when the online keys are rotated', async () => {
    const { repository, state, publish, list, update } = await bench();
    repository.renew('agent', start, 1000);
    publish(start, 1_000_000);
    await update();
    repository.renewOnlineKeys(start);
    publish();
    list('3.0.0.0');
    state.current = '2.0.0.0';
    const { installed, state: standing } = await update();
    assert.deepEqual([installed, standing], ['3.0.0.0', 'current']);
  });

  it('indefinite freeze: the agent says for how long, goes on, and never goes back', async () => {
    const { repository, state, list, publish, update } = await bench();
    list('3.0.0.0');
    const replacement = { epoch: 0, version: '2.0.0.0' };
    repository.recall(pathOf('3.0.0.0'), { at: '2026-12-01T00:00:00Z', reason: 'bad', replacement }, start);
    publish();
    state.current = '3.0.0.0';
    state.now = inDays(400);
    const frozen = await update();
    assert.deepEqual([frozen.installed, frozen.state], [undefined, 'expired']);
    assert.match(frozen.alarms.join(), /timestamp metadata expired at/);
    state.now = start;
    assert.equal((await update()).installed, '2.0.0.0');
  });

  it('malicious mirrors: the next one is asked, for metadata and for the release', async () => {
    const { directory, server, state, update } = await bench();
    const mirror = await openAttackedServer(directory);
    stops.push(mirror.close);
    state.mirrors = [mirror];
    for (const attack of [
      answering(200, '<html>Sign in</html>'),
      answering(500),
      serving(new Map([...server.snapshot()].map(([name, bytes]) => [name, bytes.subarray(1)]))),
    ]) {
      server.attack = attack;
      const { installed, bytes, state: standing } = await update();
      assert.deepEqual([installed, bytes, standing], ['2.0.0.0', 'the release 2.0.0.0', 'current']);
    }
    server.close();
    assert.equal((await update()).installed, '2.0.0.0', 'a server that is away keeps nobody from a mirror');
  });

  it('mix and match: the list of before beside the snapshot of now is refused', async () => {
    const { server, list, state, update } = await bench();
    const before = server.snapshot();
    list('3.0.0.0');
    server.attack = serving(new Map([['metadata/3.agent.json', before.get('metadata/2.agent.json') ?? Buffer.of()]]));
    const { installed, alarms } = await update();
    assert.equal(installed, undefined);
    assert.match(alarms.join(), /agent/);
    server.attack = undefined;
    state.current = '2.0.0.0';
    assert.equal((await update()).installed, '3.0.0.0');
  });

  it('rollback: the metadata of before is refused, and a release that was recalled stays so', async () => {
    const { repository, server, publish, update } = await bench();
    const before = server.snapshot();
    repository.recall(pathOf('2.0.0.0'), { at: '2026-12-01T00:00:00Z', reason: 'bad' }, start);
    publish();
    assert.equal((await update()).installed, undefined);
    server.attack = serving(before);
    const { installed, alarms } = await update();
    assert.equal(installed, undefined);
    assert.match(alarms.join(), /goes back|last/);
  });

  it('slow retrieval: given up after the time that a transfer may take', async () => {
    const { server, state, update } = await bench();
    await update();
    state.totalMs = 300;
    server.attack = dripping(targets);
    await assert.rejects(update(), { code: /AGENT_TRANSPORT_/ });
    server.attack = dripping(timestamp);
    assert.equal((await update().catch(() => ({ state: 'last-good' }))).state, 'last-good');
  });

  it('vulnerability to key compromises: below the threshold, and with the online keys alone, nothing is signed', async () => {
    const { repository, server, publish, read } = await bench();
    const [alice, bob] = [generateKey('alice'), generateKey('bob')];
    repository.changeKeys('agent', { add: [alice, bob], threshold: 2 }, start);
    repository.signWith(alice, ['agent']);
    repository.signWith(bob, ['agent']);
    publish();
    await read();
    repository.add('agent', pathOf('9.0.0.0'), bytesOf('9.0.0.0'), describeRelease('9.0.0.0'), start);
    const online = repository.folder.keys().find(({ owner }) => /timestamp/.test(owner));
    assert.ok(online);
    for (const thief of [alice, online]) {
      server.attack = serving(forgeRole(repository, 'agent', thief, start));
      const { releases } = await read();
      assert.ok(!releases.some(({ release }) => release.version === '9.0.0.0'), thief.owner);
    }
  });

  it('wrong software installation: another product, platform or path is not taken for the agent', async () => {
    const { repository, publish, list, server, update } = await bench([]);
    const others = [
      { ...describeRelease('9.0.0.0', 'moult-host') },
      { ...describeRelease('9.1.0.0'), platform: 'vax-vms' },
      { ...describeRelease('9.2.0.0'), generation: 'sus' },
    ];
    for (const ours of others) repository.add('agent', releasePath(ours, '.cab'), bytesOf(ours.version), ours, start);
    publish();
    assert.equal((await update()).installed, undefined);
    for (const version of ['2.0.0.0', '1.5.0.0']) list(version);
    const files = server.snapshot();
    const named = (version: string) => [...files].find(([name]) => name.endsWith(`.0-${version}-any.cab`));
    const [name] = named('2.0.0.0') ?? [''];
    server.attack = serving(new Map([[name, named('1.5.0.0')?.[1] ?? Buffer.of()]]));
    await assert.rejects(update(), { code: 'AGENT_SELFUPDATE_ALTERED' });
  });
});
