// Releases that the operator's signed metadata names, against the built agents and the real server: agents with a pinned
// root install those, and no others, whatever the self-update tree says and whoever signed it.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createOperatorCa, type SigningIdentity } from '@moult/formats/authenticode';
import type { ReleaseTarget } from '@moult/releases/metadata';
import { generateKey, Repository, releasePath, withPin } from '@moult/releases/repository';
import { loadOrCreateOperatorKeys } from '@moult/store/keys';
import { buildAgent, buildHost } from '../../../scripts/build.ts';
import { type InstallOptions, installAgent } from '../src/install-agent.ts';
import { type MachineRoot, machineRoot } from '../src/machine/machine-root.ts';
import { readStatus } from '../src/read-status.ts';
import { logOf, offerByTree, publish, refusals, storedCabinet, versionOf } from './covered-machine.ts';
import { runOnce, scratchFolder } from './lab.ts';
import { releaseOf } from './releases.ts';
import { openWsusLab, type WsusLab } from './wsus-lab.ts';

let folder: string;
let built: string;
let labs = 0;
before(async () => {
  folder = scratchFolder('moult-covered-');
  built = join(folder, 'built');
  await Promise.all([
    buildAgent(built, 'sus', '5.4.0.1'),
    buildAgent(built, 'wsus', '7.9.0.1'),
    buildAgent(built, 'wsus', '7.9.0.2'),
    buildHost(built),
  ]);
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Bench extends AsyncDisposable {
  lab: WsusLab;
  repository: Repository;
  signer: SigningIdentity;
  machine(options?: Partial<InstallOptions>): Promise<MachineRoot>;
  /** Lists this version of the agent, signed and published. `epoch` 0, unless it is said. */
  list(version: string, how?: Partial<ReleaseTarget>): string;
}

/** The real server, which carries 7.9.0.1 alone. */
async function openServer(): Promise<Bench> {
  labs += 1;
  const place = join(folder, `lab-${labs}`);
  const carried = join(place, 'carried');
  await Promise.all([buildAgent(carried, 'wsus', '7.9.0.1'), buildHost(carried)]);
  const lab = await openWsusLab(place, carried);
  const repository = new Repository(join(lab.dataDir, 'trust'));
  const { signer } = await loadOrCreateOperatorKeys(lab.dataDir, { now: new Date(), isClockBelieved: true });
  let machines = 0;
  return {
    ...{ lab, repository, signer },
    async machine(options = {}) {
      machines += 1;
      const root = machineRoot(join(place, `machine-${machines}`));
      const { operatorCertificate, url: server } = lab;
      const asked = {
        server,
        generation: 'wsus',
        version: '7.9.0.1',
        releaseFolder: built,
        operatorCertificate,
      } as const;
      await installAgent(root, { ...asked, ...options });
      return root;
    },
    list(version, how = {}) {
      const { bytes, ours } = releaseOf(join(built, 'wsus', '7.9.0.2'), version, how);
      const path = releasePath(ours, '.cab');
      repository.add('agent', path, bytes, ours, new Date());
      publish(repository);
      return path;
    },
    [Symbol.asyncDispose]: () => lab.close(),
  };
}

describe('an agent with a pinned root', { concurrency: 2 }, () => {
  it('installs the newest release that the metadata names, although the tree knows nothing of it', async () => {
    await using at = await openServer();
    const root = await at.machine();
    at.list('7.9.0.2');
    const outcome = await runOnce(root);
    assert.equal(outcome?.ok, true, outcome?.message);
    assert.equal(versionOf(root), '7.9.0.2');
    assert.match(logOf(root), /role agent, version [1-9]\d* names agent\/wsus\/0-7\.9\.0\.2-any\.cab/);
    assert.ok(!at.lab.journal.some((what) => /wuaucomp/.test(what)), 'nothing is taken from the tree');
  });

  it('fetches the next version as a delta from the program that runs: a few hundred bytes', async () => {
    await using at = await openServer();
    const root = await at.machine();
    for (const version of ['7.9.0.2', '7.9.0.3']) {
      const { bytes, ours } = releaseOf(
        join(built, 'wsus', '7.9.0.2'),
        version,
        {},
        (source) => `${source}\n// ${version}`,
      );
      const stored = storedCabinet(bytes);
      at.repository.add('agent', releasePath(ours, '.cab'), stored, ours, new Date(), 3);
      publish(at.repository);
      at.lab.journal.length = 0;
      const outcome = await runOnce(root);
      assert.equal(outcome?.ok, true, outcome?.message);
      assert.equal(versionOf(root), version);
      const fetched = at.lab.journal.filter((what) => /tuf\/targets\/agent\/wsus/.test(what));
      assert.equal(fetched.length, 1, fetched.join());
      assert.match(fetched[0] ?? '', /\.from-[0-9a-f]{16}\.zst$/);
    }
    const came = [...logOf(root).matchAll(/Downloaded \S+any\.cab: (\d+) bytes came/g)].map(([, bytes]) =>
      Number(bytes),
    );
    assert.ok(came.length >= 2 && came.every((bytes) => bytes < 5000), came.join());
  });

  it('refuses a release that the tree offers and the metadata does not name, with one event, and goes on', async () => {
    await using at = await openServer();
    const root = await at.machine();
    await offerByTree(at, '7.9.0.2');
    for (const _ of [1, 2]) {
      const outcome = await runOnce(root);
      assert.equal(outcome?.ok, true, outcome?.message);
    }
    assert.equal(versionOf(root), '7.9.0.1');
    assert.ok(!at.lab.journal.some((what) => /wuaucomp/.test(what)), 'it is not even fetched');
    const events = refusals(root);
    assert.equal(events.length, 1, events.join('\n'));
    assert.match(events[0] ?? '', /800b0004.*version 7\.9\.0\.2, which the operator's metadata does not name/i);
    assert.match(logOf(root), /SelfUpdate refused, error = 0x800b0004/);
  });

  it('installs what the metadata names although the ident file is damaged, old, or not there', async () => {
    await using at = await openServer();
    at.list('7.9.0.2');
    const answers = [
      { status: 200, type: 'application/octet-stream', body: 'MSCF rubbish' },
      { status: 404, type: 'text/plain', body: 'no such file' },
      { status: 200, type: 'text/html', body: '<html>Sign in</html>' },
    ];
    for (const answer of answers) {
      const root = await at.machine();
      at.lab.intercept = (what) => (/wuident/.test(what) ? answer : undefined);
      const outcome = await runOnce(root);
      assert.equal(outcome?.ok, true, outcome?.message);
      assert.equal(versionOf(root), '7.9.0.2');
    }
  });

  it('fetches no release whose bytes are not those that are signed', async () => {
    await using at = await openServer();
    const root = await at.machine();
    at.list('7.9.0.2');
    const altered = (source: string) => `${source}\n// altered`;
    const { bytes: body } = releaseOf(join(built, 'wsus', '7.9.0.2'), '7.9.0.2', {}, altered);
    const other = { status: 200, type: 'application/octet-stream', body };
    at.lab.intercept = (what) => (/tuf\/targets/.test(what) ? other : undefined);
    const outcome = await runOnce(root);
    assert.equal(outcome?.code, 'AGENT_SELFUPDATE_ALTERED', outcome?.message);
    assert.equal(versionOf(root), '7.9.0.1');
  });

  it('of the SUS generation comes over to the newest WSUS client by the metadata, too', async () => {
    await using at = await openServer();
    at.list('7.9.0.2');
    const root = await at.machine({ generation: 'sus', version: '5.4.0.1' });
    const outcome = await runOnce(root);
    assert.equal(outcome?.ok, true, outcome?.message);
    assert.equal(versionOf(root), '7.9.0.2');
    assert.match(readFileSync(root.susLog, 'utf8'), /The operator's metadata names agent\/wsus\/0-7\.9\.0\.2-any\.cab/);
  });

  it('whose new version cannot read the metadata keeps the version before', async () => {
    await using at = await openServer();
    const root = await at.machine();
    const { bytes, ours } = releaseOf(join(built, 'wsus', '7.9.0.2'), '7.9.0.2', {}, (source) =>
      source.replaceAll('timestamp.json', 'no-such-timestamp.json'),
    );
    at.repository.add('agent', releasePath(ours, '.cab'), bytes, ours, new Date());
    publish(at.repository);
    const outcome = await runOnce(root);
    assert.equal(outcome?.code, 'AGENT_SELFUPDATE_TRIAL_FAILED', outcome?.message);
    assert.match(outcome.message, /The operator's metadata cannot be had/);
    assert.equal(versionOf(root), '7.9.0.1');
  });
});

describe('a version on trial takes the canary through its self-update, and', { concurrency: 2 }, () => {
  const defects: [string, (source: string) => string][] = [
    ['fetches it', (source) => source.replaceAll('/tuf/targets', '/no-such-targets')],
    ['verifies it', (source) => source.replaceAll('openRelease(bytes,', 'openRelease(bytes.subarray(9),')],
    ['stages it', (source) => source.replaceAll('.staging-', '/no/such/folder/')],
  ];
  for (const [what, change] of defects) {
    it(`${what}, or the version before goes on`, async () => {
      await using at = await openServer();
      const root = await at.machine();
      const source = readFileSync(join(built, 'wsus', '7.9.0.2', 'agent.mjs'), 'utf8');
      assert.ok(change(source) !== source, 'the bundle does not hold what is altered');
      const { bytes, ours } = releaseOf(join(built, 'wsus', '7.9.0.2'), '7.9.0.2', {}, change);
      at.repository.add('agent', releasePath(ours, '.cab'), bytes, ours, new Date());
      publish(at.repository);
      const outcome = await runOnce(root);
      assert.equal(outcome?.code, 'AGENT_SELFUPDATE_TRIAL_FAILED', outcome?.message);
      assert.equal(versionOf(root), '7.9.0.1');
    });
  }

  it('leaves nothing of it behind', async () => {
    await using at = await openServer();
    const root = await at.machine();
    at.list('7.9.0.2');
    assert.equal((await runOnce(root))?.ok, true);
    assert.match(logOf(root), /the canary came through/);
    assert.ok(!existsSync(join(root.selfUpdateFolder, 'canary')));
  });
});

describe('a floor, a pin and a recall', { concurrency: 2 }, () => {
  it('an agent goes to the floor, and from there to the newest, by itself', async () => {
    await using at = await openServer();
    const root = await at.machine();
    at.list('7.9.0.3');
    at.list('7.9.0.5', { floors: [{ epoch: 0, version: '7.9.0.3' }] });
    at.list('7.9.0.6');
    const outcome = await runOnce(root);
    assert.equal(outcome?.ok, true, outcome?.message);
    assert.equal(versionOf(root), '7.9.0.6');
    assert.equal(readStatus(root).previous, '7.9.0.3', 'it went by the floor');
  });

  it('a pinned computer has its version in place of the newest, and the unpinned one the newest', async () => {
    await using at = await openServer();
    const [pinned, other] = [await at.machine({ targetGroup: 'Pilot' }), await at.machine()];
    at.list('7.9.0.3');
    at.list('7.9.0.5');
    at.repository.changeAgent(
      (signed) => withPin(signed, { group: 'pilot', epoch: 0, version: '7.9.0.3' }),
      new Date(),
    );
    publish(at.repository);
    for (const root of [pinned, other]) assert.equal((await runOnce(root))?.ok, true);
    assert.deepEqual([pinned, other].map(versionOf), ['7.9.0.3', '7.9.0.5']);
    at.repository.changeAgent(
      (signed) => withPin(signed, { group: 'All Computers', epoch: 0, version: '7.9.0.3' }),
      new Date(),
    );
    publish(at.repository);
    assert.equal((await runOnce(other))?.ok, true);
    assert.equal(versionOf(other), '7.9.0.5', 'a pin leads no computer back');
  });

  it('a recall leads back to its replacement, and to no other release', async () => {
    await using at = await openServer();
    const root = await at.machine();
    const bad = at.list('7.9.0.5');
    assert.equal((await runOnce(root))?.ok, true);
    at.list('7.9.0.3');
    await runOnce(root);
    assert.equal(versionOf(root), '7.9.0.5', 'an older release is no reason to go back');
    at.repository.recall(bad, { at: new Date().toISOString(), reason: 'it hangs' }, new Date());
    publish(at.repository);
    await runOnce(root);
    assert.equal(versionOf(root), '7.9.0.5', 'without a replacement it waits for a newer one');
    const replacement = { epoch: 0, version: '7.9.0.3' };
    at.repository.recall(bad, { at: new Date().toISOString(), reason: 'it hangs', replacement }, new Date());
    publish(at.repository);
    const outcome = await runOnce(root);
    assert.equal(outcome?.ok, true, outcome?.message);
    assert.equal(versionOf(root), '7.9.0.3');
    assert.equal((await runOnce(root))?.ok, true);
    assert.equal(versionOf(root), '7.9.0.3', 'and stays there');
  });
});

describe('no version is the last', { concurrency: 2 }, () => {
  const last = '65535.65535.65535.65535';

  it('the next epoch follows the highest number, and nothing leads back', async () => {
    await using at = await openServer();
    const root = await at.machine();
    at.list(last);
    assert.equal((await runOnce(root))?.ok, true);
    assert.equal(versionOf(root), last);
    at.list('1.0.0.0', { epoch: 1 });
    const outcome = await runOnce(root);
    assert.equal(outcome?.ok, true, outcome?.message);
    assert.equal(versionOf(root), '1.0.0.0');
    at.list('7.9.0.9');
    await offerByTree(at, '7.9.0.9');
    assert.equal((await runOnce(root))?.ok, true);
    assert.equal(versionOf(root), '1.0.0.0');
    rmSync(root.currentFile);
    assert.equal((await runOnce(root))?.ok, true);
    assert.equal(versionOf(root), '1.0.0.0', 'of what is on the disk the epoch decides, too');
  });

  it('an agent of a later epoch without a root is not led back by the tree', async () => {
    await using at = await openServer();
    at.list('1.0.0.0', { epoch: 1 });
    const root = await at.machine();
    await runOnce(root);
    assert.equal(versionOf(root), '1.0.0.0');
    rmSync(root.trustRoot);
    rmSync(root.trustFolder, { recursive: true });
    at.lab.intercept = (what) => (/tuf/.test(what) ? { status: 404, type: 'text/plain', body: '' } : undefined);
    await offerByTree(at, last, releaseOf(join(built, 'wsus', '7.9.0.2'), last).bytes);
    const outcome = await runOnce(root);
    assert.equal(outcome?.ok, true, outcome?.message);
    assert.equal(versionOf(root), '1.0.0.0');
  });

  it('two epochs have no version in common', async () => {
    await using at = await openServer();
    at.list('7.9.0.2');
    assert.throws(() => at.list('7.9.0.2', { epoch: 1 }), { code: 'RELEASE_TARGET_EXISTS' });
  });
});

describe('a stolen key of the role agent', () => {
  it('is revoked, and the version of the thief is left behind', async () => {
    await using at = await openServer();
    const root = await at.machine();
    const theirs = at.list('65535.65535.65535.65535');
    await runOnce(root);
    assert.equal(versionOf(root), '65535.65535.65535.65535');
    const stolen = at.repository.keysOf('agent')?.roleKeys.keyids[0] ?? '';
    const fresh = generateKey('new agent key');
    at.repository.folder.saveKey('agent', fresh);
    at.repository.revoke(stolen, fresh, new Date());
    at.repository.recall(theirs, { at: new Date().toISOString(), reason: 'not ours' }, new Date());
    at.list('7.9.1.0', { epoch: 1 });
    const outcome = await runOnce(root);
    assert.equal(outcome?.ok, true, outcome?.message);
    assert.equal(versionOf(root), '7.9.1.0');
  });

  it('of the tree: an installation under the new certificate leaves the version of the thief behind', async () => {
    await using at = await openServer();
    const root = await at.machine();
    at.list('65535.65535.65535.65535');
    await runOnce(root);
    const now = new Date();
    const other = await createOperatorCa({ commonName: 'New operator', now });
    const options = { server: at.lab.url, generation: 'wsus', releaseFolder: built } as const;
    await installAgent(root, { ...options, operatorCertificate: Buffer.from(other.certificatePem) });
    assert.equal(versionOf(root), '7.9.0.2');
    assert.deepEqual(readdirSync(root.versionsFolder), ['7.9.0.2'], 'nothing of the thief is left');
  });
});

describe('an agent without a root', () => {
  it('goes by the tree, and has pinned the root when its successor has won', async () => {
    await using at = await openServer();
    const root = await at.machine();
    at.lab.intercept = (what) => (/tuf/.test(what) ? { status: 404, type: 'text/plain', body: '' } : undefined);
    rmSync(root.trustRoot, { force: true });
    await offerByTree(at, '7.9.0.2', releaseOf(join(built, 'wsus', '7.9.0.2'), '7.9.0.2').bytes);
    const outcome = await runOnce(root);
    assert.equal(outcome?.ok, true, outcome?.message);
    assert.equal(versionOf(root), '7.9.0.2');
    assert.ok(!existsSync(root.trustRoot));
    at.lab.intercept = undefined;
    await runOnce(root);
    assert.ok(existsSync(root.trustRoot), 'the next check pins the root');
  });
});
