// What an upgrade brings waits; what is recalled leads nobody any more, at once and after every start.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { extractMember, readCabinet } from '@moult/formats/cab';
import { parseIdent } from '@moult/protocol/self-update';
import { publishStaged, Repository } from '@moult/releases/repository';
import type { ServerConfig } from '../../../../administration/src/config/index.ts';
import { startTestServer, type TestServer } from '../../../test/test-server.ts';
import { listTree, offerRelease, verifyTree } from './index.ts';
import { writeRelease } from './test/release-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-offers-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
const dayMs = 86_400_000;

const running: TestServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.running.stop();
});

let serial = 0;
/** A data directory that outlives its servers, and the folder of releases of its program. */
function place() {
  serial += 1;
  const [dataDir, releaseDir] = [join(folder, `data-${serial}`), join(folder, `releases-${serial}`)];
  writeRelease(releaseDir, 'wsus', '7.9.0.1');
  const start = async (config: Partial<ServerConfig> = {}, clockOffset = 0) => {
    const server = await startTestServer({
      dataDir,
      clockOffset,
      config: { agentReleaseDir: releaseDir, firstCatalog: 'empty', newAgentReleases: 'by-command', ...config },
    });
    running.push(server);
    return server;
  };
  return { dataDir, releaseDir, start };
}

/** Where the tree leads, whichever way it is asked. */
async function ledTo(server: TestServer, headers: Record<string, string> = {}): Promise<string | undefined> {
  const versions = new Set<string | undefined>();
  for (const [path, name] of [
    ['/selfupdate/wuident.cab', 'wuident.txt'],
    ['/iuident.cab', 'iuident.txt'],
  ] as const) {
    const bytes = Buffer.from(await (await fetch(server.url + path, { headers })).arrayBuffer());
    versions.add(parseIdent(extractMember(readCabinet(bytes), name)).version);
  }
  // Both are made anew together, and may be asked for in between.
  return versions.size === 1 ? [...versions][0] : 'two at once';
}

/** Server, list and signed metadata have to say the same. */
async function everywhere(server: TestServer) {
  const { releases } = await listTree(server.dataDir);
  const repository = new Repository(join(server.dataDir, 'trust'));
  const targets = repository.state().published.targets.get('agent')?.signed.targets ?? {};
  return {
    led: await ledTo(server),
    list: releases.find(({ isNewest }) => isNewest)?.version,
    states: Object.fromEntries(releases.map(({ version, state }) => [version, state])),
    signed: Object.keys(targets)
      .flatMap((path) => /^agent\/wsus\/0-(.*)-any\.cab$/.exec(path)?.[1] ?? [])
      .sort(),
  };
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail('it did not come about within 30 seconds');
}

const keyOf = (server: TestServer) => readFileSync(join(server.dataDir, 'keys', 'operator-ca.cer.pem'), 'utf8');

describe('a release that an upgrade brings', () => {
  it('waits for the administrator: nobody is led to it, and the signed list does not have it', async () => {
    const { start, releaseDir, dataDir } = place();
    let server = await start();
    assert.deepEqual(await everywhere(server), {
      ...{ led: '7.9.0.1', list: '7.9.0.1', states: { '7.9.0.1': 'offered' }, signed: ['7.9.0.1'] },
    });
    await server.running.stop();
    writeRelease(releaseDir, 'wsus', '7.9.0.2');
    server = await start();
    const waiting = { '7.9.0.1': 'offered', '7.9.0.2': 'waiting' };
    assert.deepEqual(await everywhere(server), {
      ...{ led: '7.9.0.1', list: '7.9.0.1', states: waiting, signed: ['7.9.0.1'] },
    });
    await offerRelease(dataDir, '7.9.0.2', new Date());
    await until(async () => (await ledTo(server)) === '7.9.0.2' && (await everywhere(server)).signed.length === 2);
    assert.deepEqual(await everywhere(server), {
      ...{ led: '7.9.0.2', list: '7.9.0.2', states: { '7.9.0.1': 'offered', '7.9.0.2': 'offered' } },
      signed: ['7.9.0.1', '7.9.0.2'],
    });
    await server.running.stop();
    server = await start();
    assert.equal(await ledTo(server), '7.9.0.2', 'what was offered stays so');
    await server.running.stop();
    await assert.rejects(offerRelease(dataDir, '7.9.0.9', new Date()), { code: 'SERVER_NOT_FOUND' });
  });

  it('is offered after so many days, or at once, when the setting says so', async () => {
    const { start, releaseDir } = place();
    await (await start()).running.stop();
    writeRelease(releaseDir, 'wsus', '7.9.0.2');
    let server = await start({ newAgentReleases: 14 });
    assert.equal(await ledTo(server), '7.9.0.1');
    await server.running.stop();
    server = await start({ newAgentReleases: 14 }, 13.9 * dayMs);
    assert.equal(await ledTo(server), '7.9.0.1');
    server.advance(0.2 * dayMs);
    await until(async () => (await ledTo(server)) === '7.9.0.2');
    await server.running.stop();
    writeRelease(releaseDir, 'wsus', '7.9.0.3');
    server = await start({ newAgentReleases: 'at-once' });
    assert.equal(await ledTo(server), '7.9.0.3');
    await server.running.stop();
  });

  it('on a server from before there were offers: what it had goes on, and the new one waits', async () => {
    const { start, releaseDir, dataDir } = place();
    let server = await start();
    await server.running.stop();
    const note = join(dataDir, 'self-update', 'releases', 'wsus', '7.9.0.1', 'offer.json');
    assert.ok(existsSync(note));
    rmSync(note);
    assert.equal((await listTree(dataDir)).releases[0]?.state, 'offered');
    writeRelease(releaseDir, 'wsus', '7.9.0.2');
    server = await start();
    assert.deepEqual((await everywhere(server)).states, { '7.9.0.1': 'offered', '7.9.0.2': 'waiting' });
    await server.running.stop();
    writeFileSync(join(dataDir, 'self-update', 'releases', 'wsus', '7.9.0.2', 'offer.json'), 'rubbish');
    server = await start();
    assert.deepEqual((await everywhere(server)).states, { '7.9.0.1': 'offered', '7.9.0.2': 'waiting' });
    await server.running.stop();
  });
});

describe('a release that is recalled', () => {
  const path = 'agent/wsus/0-7.9.0.2-any.cab';
  const recalled = { at: new Date().toISOString(), reason: 'it hangs' };

  it('leads nobody any more while the server runs, on every page, and stays so after each start', async () => {
    const { start, releaseDir, dataDir } = place();
    writeRelease(releaseDir, 'wsus', '7.9.0.2');
    let server = await start();
    assert.equal(await ledTo(server), '7.9.0.2');
    const repository = new Repository(join(dataDir, 'trust'));
    repository.recall(path, recalled, new Date());
    assert.equal(publishStaged(repository, 'agent', new Date()), true);
    await until(async () => (await ledTo(server)) === '7.9.0.1');
    for (let starts = 0; starts < 2; starts++) {
      const { led, list, states } = await everywhere(server);
      assert.deepEqual([led, list, states], ['7.9.0.1', '7.9.0.1', { '7.9.0.1': 'offered', '7.9.0.2': 'recalled' }]);
      const { reason } = (await listTree(dataDir)).releases.find(({ version }) => version === '7.9.0.2') ?? {};
      assert.equal(reason, 'it hangs');
      const tree = await verifyTree(dataDir, {
        ...{ operatorCaPem: keyOf(server), trustedCertificatesPem: [], now: new Date() },
      });
      assert.deepEqual(tree.problems, []);
      const cabinet = await fetch(`${server.url}/selfupdate/AU/x86/XP/en/wuaucomp.cab`);
      const bytes = Buffer.from(await cabinet.arrayBuffer());
      assert.match(Buffer.from(extractMember(readCabinet(bytes), 'release.json')).toString(), /7\.9\.0\.1/);
      await server.running.stop();
      // An upgrade that still brings it changes nothing, at once or not.
      server = await start({ newAgentReleases: 'at-once' });
    }
    await server.running.stop();
  });

  it('leads nobody any more while its recall waits for a signature, and all may be recalled', async () => {
    const { start, releaseDir, dataDir } = place();
    writeRelease(releaseDir, 'wsus', '7.9.0.2');
    const server = await start();
    const repository = new Repository(join(dataDir, 'trust'));
    repository.recall(path, recalled, new Date());
    await until(async () => (await ledTo(server)) === '7.9.0.1');
    repository.recall(path.replace('7.9.0.2', '7.9.0.1'), recalled, new Date());
    await until(async () => (await ledTo(server)) === undefined);
    assert.equal((await fetch(`${server.url}/selfupdate/AU/x86/XP/en/wuaucomp.cab`)).status, 403);
    await server.running.stop();
  });
});
