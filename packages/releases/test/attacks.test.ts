// The attacks of the TUF specification, 1.5.2, each under its name, against the client that the agent gets, over a
// listening server. What of this reaches the agent is in docs/threat-model.md.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import {
  createHttpFetch,
  downloadTarget,
  type ExpiryMode,
  type HttpLimits,
  openStore,
  refreshOrGoOn,
  UpdateClient,
} from '../src/client/index.ts';
import { RepositorySimulator } from './repository-simulator.ts';
import { answerFrom, type Handler, type Listening, listen } from './simulated-fetch.ts';

const release = 'agent/wsus/7.9.0.2.cab';
const day = 86_400_000;
let repository: RepositorySimulator;
let server: Listening;
let folder = '';
/** The attacker, between client and repository. Answers true when it answered. */
let attack: (path: string, response: ServerResponse) => boolean = () => false;
const handler: Handler = (request, response, path) => {
  if (!attack(path, response)) answerFrom(repository, request, response, path);
};

before(async () => {
  server = await listen(handler);
});
after(() => server.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moult-attack-'));
  attack = () => false;
  repository = new RepositorySimulator(new Date('2026-06-01T00:00:00Z'));
  repository.withDigests = true;
  repository.delegate('targets', 'agent', { paths: ['agent/*/*'] }, true);
  repository.delegate('targets', 'updates', { paths: ['updates/*'] }, true);
  repository.addTarget('agent', release, 'the release');
  repository.publishAll('targets', 'agent', 'updates');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Circumstances {
  mode?: ExpiryMode;
  now?: Date;
  urls?: string[];
  limits?: Partial<HttpLimits>;
}

function open({
  mode = 'strict',
  now = repository.now,
  urls = [`${server.url}/metadata`],
  limits = {},
}: Circumstances = {}) {
  const fetch = createHttpFetch({ userAgent: 'test', limits: { tries: 1, ...limits } });
  const store = openStore(join(folder, 'metadata'), repository.published.get('1.root.json'));
  const client = new UpdateClient({ store, fetch, metadataUrls: urls, now: () => now, mode });
  const file = join(folder, 'target');
  return {
    client,
    file,
    install: async () => {
      const target = await client.find(release);
      assert.ok(target, 'the release is named');
      const options = { fetch, targetUrls: [`${server.url}/targets`], consistent: true, keepPartial: true };
      return downloadTarget(target, file, options);
    },
  };
}

describe('TUF attacks on the client', () => {
  it('arbitrary installation: a file of the attacker’s is refused, and never has the name of a release', async () => {
    attack = (path, response) => path.startsWith('targets/') && !!response.end('the evil one');
    const { install, file } = open();
    await assert.rejects(install(), { code: 'RELEASE_TARGET_MISMATCH' });
    assert.equal(existsSync(file), false);
    assert.equal(existsSync(`${file}.part`), false);
  });

  it('arbitrary installation: metadata of the attacker’s keys is refused', async () => {
    const other = new RepositorySimulator(repository.now);
    other.addTarget('targets', release, 'the evil one');
    other.publishAll('targets');
    attack = (path, response) => {
      const bytes = path.includes('root') ? undefined : other.answer(path);
      return bytes !== undefined && !!response.end(bytes);
    };
    await assert.rejects(open().install(), { code: 'RELEASE_METADATA_UNSIGNED' });
  });

  it('endless data: no more is read than the signed length, or the limit of the role', async () => {
    let sent = 0;
    const flood = (response: ServerResponse) => {
      response.on('error', () => undefined);
      const more = () => {
        while (!response.destroyed && sent < 1e9) {
          sent += 65_536;
          if (!response.write(Buffer.alloc(65_536, 0x20))) return void response.once('drain', more);
        }
      };
      more();
      return true;
    };
    for (const name of ['timestamp', '3.root', 'snapshot', 'targets/']) {
      sent = 0;
      if (name === '3.root') repository.publishRoot();
      attack = (path, response) => path.includes(name) && flood(response);
      await assert.rejects(open().install(), (error: { code?: string }) =>
        /TOO_LARGE|TARGET_MISMATCH/.test(error.code ?? ''),
      );
      assert.ok(sent < 20_000_000, `${name}: ${sent} bytes`);
    }
    assert.equal(existsSync(join(folder, 'target.part')), false);
  });

  it('extraneous dependencies: a role names no target outside its paths, and a client takes only the one that it asked for', async () => {
    repository.addTarget('updates', release, 'a release by the signer of updates');
    repository.addTarget('updates', 'agent/wsus/9.9.0.0.cab', 'another');
    repository.addTarget('agent', 'updates/one', 'an update by the signer of releases');
    repository.publishAll('agent', 'updates');
    const { client, install, file } = open();
    assert.equal(await client.find('agent/wsus/9.9.0.0.cab'), undefined);
    assert.equal(await client.find('updates/one'), undefined);
    assert.deepEqual(
      (await client.list('updates')).map(({ path }) => path),
      [],
    );
    assert.deepEqual(
      (await client.list('agent')).map(({ path }) => path),
      [release],
    );
    await install();
    assert.equal(readFileSync(file, 'utf8'), 'the release');
  });

  it('fast forward: versions that a thief pushed up are forgotten when his keys are', async () => {
    repository.signed.snapshot.version = 2 ** 40;
    repository.signed.timestamp.version = 2 ** 40;
    repository.updateSnapshot();
    await open().client.refresh();
    repository.rotate('snapshot');
    repository.rotate('timestamp');
    repository.publishRoot();
    repository.signed.snapshot.version = 9;
    repository.signed.timestamp.version = 9;
    repository.updateSnapshot();
    const { client, install } = open();
    await install();
    assert.equal(client.versions.timestamp, 10);
  });

  it('indefinite freeze: a strict client stops at the end of validity, the agent’s goes on and raises the alarm', async () => {
    await open().client.refresh();
    const now = new Date(repository.now.getTime() + 35 * day);
    await assert.rejects(open({ now }).client.refresh(), { code: 'RELEASE_METADATA_EXPIRED' });
    const { client } = open({ now, mode: 'alarm' });
    const standing = await refreshOrGoOn(client, now);
    assert.equal(standing.state, 'expired');
    assert.equal(standing.fresh, false);
    assert.deepEqual(standing.alarms.map(({ role }) => role).sort(), ['root', 'snapshot', 'targets', 'timestamp']);
    assert.equal(standing.alarms[0]?.daysOverdue, 5);
  });

  it('malicious mirrors: what one serves wrongly, or too old, is had from the next', async () => {
    await open().client.refresh();
    const old = new Map(repository.published);
    repository.addTarget('agent', release, 'the newer release');
    repository.publishAll('agent');
    repository.updateTimestamp();
    await open().client.refresh();
    attack = (path, response) => {
      if (!path.startsWith('stale/metadata/')) return false;
      const bytes = old.get(path.slice('stale/metadata/'.length));
      return !!(bytes ? response.end(bytes) : response.writeHead(404).end());
    };
    const stale = `${server.url}/stale/metadata`;
    await assert.rejects(open({ urls: [stale] }).client.refresh(), { code: 'RELEASE_METADATA_ROLLBACK' });
    repository.publishAll('agent');
    const { client } = open({ urls: ['http://127.0.0.1:1/', stale, `${server.url}/metadata`] });
    await client.refresh();
    assert.equal(client.versions.timestamp, repository.signed.timestamp.version);
  });

  it('mix and match: metadata of two moments does not go together', async () => {
    const old = repository.published.get('2.agent.json') ?? Buffer.of();
    repository.addTarget('agent', release, 'the newer release');
    repository.publishAll('agent');
    attack = (path, response) => path.endsWith('3.agent.json') && !!response.end(old);
    await assert.rejects(open().install(), { code: 'RELEASE_METADATA_MISMATCH' });
  });

  it('rollback: no role goes back to an older version', async () => {
    const old = new Map(repository.published);
    repository.publishAll('targets', 'agent');
    await open().client.refresh();
    for (const [name, bytes] of old) repository.published.set(name, bytes);
    await assert.rejects(open().client.refresh(), { code: 'RELEASE_METADATA_ROLLBACK' });
  });

  it('slow retrieval: a server that drips is given up, in the metadata as in the target', async () => {
    const timers: NodeJS.Timeout[] = [];
    const limits = { silenceMs: 2_000, speedWindowMs: 400, leastBytesPerSecond: 1_000 };
    for (const name of ['timestamp', 'targets/']) {
      attack = (path, response) => {
        if (!path.includes(name)) return false;
        response.writeHead(200);
        timers.push(setInterval(() => response.write('t'), 50));
        return true;
      };
      await assert.rejects(open({ limits }).install(), { code: 'RELEASE_FETCH_TOO_SLOW' });
    }
    for (const timer of timers) clearInterval(timer);
  });

  it('vulnerability to key compromises: fewer keys than the threshold sign nothing', async () => {
    await open().client.refresh();
    const old = repository.rotate('targets', 'ed25519', 3, 2);
    repository.publishRoot();
    const all = repository.signers.targets ?? [];
    for (const stolen of [all.slice(0, 1), old, [...old, ...all.slice(2)]]) {
      repository.signers.targets = stolen;
      repository.addTarget('targets', release, 'by the thief');
      repository.publishAll('targets');
      await assert.rejects(open().install(), { code: 'RELEASE_METADATA_UNSIGNED' });
    }
  });

  it('wrong software installation: the file is the one that the most trusted role names for that path', async () => {
    repository.addTarget('agent', 'agent/sus/5.4.0.2.cab', 'of the other generation');
    repository.publishAll('agent');
    const other = [...repository.artifacts].find(([name]) => name.endsWith('.5.4.0.2.cab'))?.[1];
    attack = (path, response) => path.startsWith('targets/') && !!response.end(other);
    await assert.rejects(open().install(), { code: 'RELEASE_TARGET_MISMATCH' });
  });
});

describe('what else happens to a client', () => {
  it('a page in place of a root that is not there: refused when strict, told in an alarm else', async () => {
    attack = (path, response) => path.endsWith('2.root.json') && !!response.end('<html>Please log on</html>');
    await assert.rejects(open().client.refresh(), { code: 'RELEASE_METADATA_MALFORMED' });
    const standing = await refreshOrGoOn(open({ mode: 'alarm' }).client, repository.now);
    assert.equal(standing.state, 'current');
    assert.match(standing.alarms.map(({ message }) => message).join(), /2\.root\.json/);
  });

  it('403 for a root that is not there means that there is none', async () => {
    attack = (path, response) => path.endsWith('root.json') && !!response.writeHead(403).end();
    await open().client.refresh();
  });

  it('off for three years while five roots passed: it catches up', async () => {
    await open().client.refresh();
    repository.now = new Date(repository.now.getTime() + 3 * 365 * day);
    for (let count = 0; count < 5; count += 1) {
      const old = repository.rotate('root');
      repository.rotate('timestamp');
      repository.signed.root.expires = repository.inDays(count === 4 ? 30 : -100);
      repository.publishRoot(old);
    }
    for (const role of ['targets', 'agent', 'updates', 'snapshot', 'timestamp'])
      repository.signed[role].expires = repository.inDays(30);
    repository.publishAll('targets', 'agent', 'updates');
    const { client, install } = open();
    assert.equal(await install(), 'fetched');
    assert.equal(client.versions.root, 6);
  });

  it('a server that is away, or wrong in every way: the agent’s client goes on with the last good set', async () => {
    await open().install();
    const ways: [string, (response: ServerResponse) => void][] = [
      ['500', (response) => void response.writeHead(500).end()],
      ['503', (response) => void response.writeHead(503, { 'Retry-After': '999999999' }).end()],
      ['401', (response) => void response.writeHead(401).end()],
      ['redirect', (response) => void response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end()],
      ['html', (response) => void response.end('<html></html>')],
      ['reset', (response) => void response.destroy()],
      [
        'truncated',
        (response) => void response.writeHead(200, { 'Content-Length': 1000 }).write('{', () => response.destroy()),
      ],
    ];
    for (const [way, answer] of ways) {
      attack = (_, response) => {
        answer(response);
        return true;
      };
      const { client } = open({ mode: 'alarm' });
      const standing = await refreshOrGoOn(client, repository.now);
      assert.equal(standing.state, 'last-good', way);
      assert.ok(standing.alarms.length > 0);
      assert.equal((await client.find(release))?.role, 'agent', way);
    }
  });

  it('a set that is half there is not gone over to', async () => {
    await open().install();
    repository.addTarget('agent', release, 'the newer release');
    repository.publishAll('targets', 'agent');
    attack = (path, response) => path.endsWith('3.targets.json') && !!response.writeHead(404).end();
    const { client } = open({ mode: 'alarm' });
    const standing = await refreshOrGoOn(client, repository.now);
    assert.equal(standing.state, 'last-good');
    assert.equal(client.versions.targets, 2);
    assert.equal((await client.find(release))?.file.length, 'the release'.length);
  });

  it('a clock ten years behind does not make old metadata new again; ten years ahead, the agent’s client goes on', async () => {
    for (const role of ['root', 'timestamp']) repository.signed[role]['x-moult-signed'] = repository.inDays(0);
    repository.publishRoot();
    repository.updateSnapshot();
    await open().client.refresh();
    const past = new Date(repository.now.getTime() - 3650 * day);
    repository.signed.targets.expires = repository.inDays(-1);
    repository.publishAll('targets');
    await assert.rejects(open({ now: past }).client.refresh(), { code: 'RELEASE_METADATA_EXPIRED' });
    const future = new Date(repository.now.getTime() + 3650 * day);
    const { client } = open({ now: future, mode: 'alarm' });
    assert.equal((await refreshOrGoOn(client, future)).state, 'expired');
    assert.equal((await client.find(release))?.role, 'agent');
  });

  it('a download goes on where it broke, and a server that ignores Range is taken from the start', async () => {
    const content = 'x'.repeat(300_000);
    repository.addTarget('agent', release, content);
    repository.publishAll('agent');
    for (const ranges of [true, false]) {
      rmSync(join(folder, 'target'), { force: true });
      let broke = false;
      attack = (path, response) => {
        if (!path.startsWith('targets/')) return false;
        if (broke) return !!response.destroy();
        broke = true;
        response.writeHead(200, { 'Content-Length': content.length });
        response.write(content.slice(0, 100_000), () => setTimeout(() => response.destroy(), 50));
        return true;
      };
      await assert.rejects(open().install(), { code: 'RELEASE_FETCH_FAILED' });
      attack = () => false;
      if (!ranges) attack = (path, response) => path.startsWith('targets/') && !!response.end(content);
      const { install, file } = open();
      await install();
      assert.equal(readFileSync(file, 'utf8'), content);
      assert.equal(existsSync(`${file}.part`), false);
    }
  });

  it('a partial file in rubbish is thrown away, and the download starts over', async () => {
    const { install, file } = open();
    const { writeFileSync } = await import('node:fs');
    writeFileSync(`${file}.part`, 'rubbish!');
    await install();
    assert.equal(readFileSync(file, 'utf8'), 'the release');
  });

  it('Retry-After is obeyed within its limit', async () => {
    const waits: number[] = [];
    let busy = 2;
    attack = (path, response) => {
      if (!path.endsWith('timestamp.json') || busy === 0) return false;
      busy -= 1;
      return !!response.writeHead(503, { 'Retry-After': busy === 1 ? '7' : '999999999' }).end();
    };
    const wait = async (milliseconds: number) => void waits.push(milliseconds);
    const fetch = createHttpFetch({ userAgent: 'test', limits: { tries: 3, longestWaitMs: 60_000 }, wait });
    const store = openStore(join(folder, 'metadata'), repository.published.get('1.root.json'));
    await new UpdateClient({
      store,
      fetch,
      metadataUrls: [`${server.url}/metadata`],
      now: () => repository.now,
      mode: 'strict',
    }).refresh();
    assert.deepEqual(waits, [7_000, 60_000]);
  });
});
