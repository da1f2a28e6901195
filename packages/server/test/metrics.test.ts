// /metrics, /healthz and /readyz of a whole server, as Prometheus and a balancer ask for them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { repositoryFile } from '@moult/disk';
import { openStore, type Store } from '../../store/src/index.ts';
import { populate } from '../../store/test/populate.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const day = 86_400_000;

/** Samples by name and labels, as `moult_computers{generation="sus"}`. */
async function scrape(url: string, headers: Record<string, string> = {}): Promise<Map<string, number>> {
  const response = await fetch(`${url}/metrics`, { headers });
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

describe('the metrics', () => {
  let server: TestServer;
  let store: Store;
  before(async () => {
    server = await startTestServer();
    store = await openStore(server.database, { now: () => new Date() });
    await populate(store);
  });
  after(async () => {
    await store.close();
    await server.stop();
  });

  it('count what the home page counts', async () => {
    const samples = await scrape(server.url);
    const home = await store.loadHomeFacts();
    const computers = ['sus', 'wsus', 'unknown'].map((one) => samples.get(`moult_computers{generation="${one}"}`) ?? 0);
    const all = computers.reduce((sum, one) => sum + one, 0);
    assert.deepEqual(
      [all, samples.get('moult_updates'), samples.get('moult_deployments')],
      [home.computers, home.updates, home.deployments],
    );
    assert.ok(all > 0);
    assert.equal(samples.get('moult_self_update_available{site="main",port="0"}') ?? 1, 1);
    assert.ok((samples.get('moult_process_resident_memory_bytes') ?? 0) > 10_000_000);
  });

  it('say when each role of the signed metadata ends, so that an alarm can be set', async () => {
    const samples = await scrape(server.url);
    for (const role of ['root', 'targets', 'snapshot', 'timestamp']) {
      const ends = (samples.get(`moult_trust_expiry_timestamp_seconds{role="${role}"}`) ?? 0) * 1000;
      assert.ok(ends > Date.now() + day, `${role} ends ${new Date(ends).toISOString()}`);
    }
  });

  it('count answers by site and class, and tell what ends, what synchronises, what goes through rings', async () => {
    const before = await scrape(server.url);
    const site = 'moult_http_requests_total{site="api",status="4xx"}';
    for (let at = 0; at < 3; at++) assert.equal((await fetch(`${server.url}/api/v1/computers`)).status, 401);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const samples = await scrape(server.url);
    assert.equal((samples.get(site) ?? 0) - (before.get(site) ?? 0), 3);
    for (const name of ['kind="certificate",name="operator-ca"', 'kind="metadata",name="root"'])
      assert.ok((samples.get(`moult_expiry_days{${name}}`) ?? 0) > 1, name);
    for (const status of ['running', 'paused', 'halted', 'finished', 'rolledBack'])
      assert.equal(samples.get(`moult_rollouts{status="${status}"}`), 0);
    for (const name of ['moult_stopped', 'moult_sync_failed', 'moult_content_files{state="damaged"}'])
      assert.equal(samples.get(name), 0, name);
    const status = await store.loadServerStatus();
    assert.equal(samples.get('moult_computers_needing_updates'), status.computers.needingUpdates);
  });

  it('are those that the board and the alarms ask for, and each is on the page', async () => {
    const names = new Set([...(await scrape(server.url)).keys()].map((name) => name.replace(/\{.*/, '')));
    const page = readFileSync(repositoryFile('docs/monitoring.md'), 'utf8');
    const board = JSON.parse(readFileSync(repositoryFile('examples/grafana-moult.json'), 'utf8'));
    const queries = board.panels.flatMap(({ targets }: { targets: { expr: string }[] }) =>
      targets.map(({ expr }) => expr),
    );
    assert.ok(queries.length > 15);
    const alarms = [...page.matchAll(/expr: (.*)/g)].map(([, expr = '']) => expr);
    for (const query of [...queries, ...alarms])
      for (const [name] of query.matchAll(/moult_[a-z_]+/g)) assert.ok(names.has(name), `${name} in ${query}`);
    const own = [...names].filter((name) => !/^moult_(?:nodejs|process)_|_(?:bucket|sum|count)$/.test(name));
    for (const name of own) assert.ok(page.includes(`\`${name}`), `${name} is not in docs/monitoring.md`);
  });

  it('hold no name, address or id of a computer', async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    assert.doesNotMatch(text, /one\.example\.test|192\.0\.2\.|[0-9a-f]{8}-[0-9a-f]{4}-/);
  });

  it('have as many samples with a thousand versions of agents as with one', async () => {
    // What the process itself is made of comes and goes.
    const ours = async () =>
      [...(await scrape(server.url)).keys()].filter((name) => !/^moult_(nodejs|process)_/.test(name));
    const before = (await ours()).length;
    for (let at = 0; at < 1000; at++) {
      const computerId = `11111111-5601-43c9-bac3-${String(at).padStart(12, '0')}`;
      const computer = { computerId, dnsName: `pc-${at}`, address: '192.0.2.7', requestedGroups: [], at: new Date() };
      await store.noteAuthorization(computer, { assign: false });
      await store.registerComputer({
        ...{ computerId, dnsName: `pc-${at}`, address: '192.0.2.7', agentVersion: `7.9.${at}.1`, at: new Date() },
        ...{ osVersion: '10.0.26200', osDescription: 'Windows 11 Pro', architecture: 'AMD64' },
        ...{ manufacturer: 'Example', model: 'Model 1', registration: {} },
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 1100));
    assert.equal((await ours()).length, before);
  });

  it('are for the machine itself: what a proxy passes on is refused with the flag that allows it', async () => {
    const refused = await fetch(`${server.url}/metrics`, { headers: { 'X-Forwarded-For': '192.0.2.1' } });
    assert.equal(refused.status, 403);
    assert.match(await refused.text(), /--metrics everybody/);
  });

  it('answer no other method', async () => {
    const { status, headers } = await fetch(`${server.url}/metrics`, { method: 'POST', body: 'x' });
    assert.deepEqual([status, headers.get('allow')], [405, 'GET, HEAD']);
  });
});

describe('who may read the metrics', () => {
  for (const [metrics, local, passedOn] of [
    ['everybody', 200, 200],
    ['nobody', 403, 403],
  ] as const) {
    it(`is a setting: ${metrics}`, async () => {
      const server = await startTestServer({ config: { metrics } });
      try {
        const status = async (headers: Record<string, string>) =>
          (await fetch(`${server.url}/metrics`, { headers })).status;
        assert.deepEqual([await status({}), await status({ 'X-Forwarded-For': '192.0.2.1' })], [local, passedOn]);
      } finally {
        await server.stop();
      }
    });
  }
});

describe('a balancer', () => {
  it('is told that the server lives and is ready', async () => {
    const server = await startTestServer();
    try {
      for (const [path, text] of [
        ['/healthz', 'ok\n'],
        ['/readyz', 'ready\n'],
      ] as const) {
        const response = await fetch(`${server.url}${path}`, { headers: { 'X-Forwarded-For': '192.0.2.1' } });
        assert.deepEqual([response.status, await response.text()], [200, text]);
      }
    } finally {
      await server.stop();
    }
  });
});
