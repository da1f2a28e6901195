// Strangers flood a server whose disk is full, in every way at once: nothing that is acknowledged is lost, the tree is
// served throughout, memory stays bounded, and when there is room again everybody is served as before.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { openStore } from '@moult/store';
import { isAcknowledged, sendReport } from './acknowledged-writes.ts';
import { type AgentSession, openSession } from './agent-session.ts';
import { type ServeProcess, startServe } from './serve-process.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';
import { post } from './soap-client.ts';

const patienceMs = 90_000;
const floodMs = 6_000;
const tree = ['/selfupdate/wuident.cab', '/iuident.cab', '/selfupdate/AU/x86/XP/en/wuaucomp.cab', '/'];

describe('a flood on a full disk', { concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-flooded-disk-'));
  let disk: SmallDisk | undefined;
  let dataDir: string;
  let server: ServeProcess;
  let known: AgentSession;
  const acknowledged: string[] = [];

  before(async () => {
    disk = mountSmallDisk(join(folder, 'disk'), 64);
    dataDir = join(folder, 'disk', 'data');
    if (!disk) return;
    server = await startServe(['--data-dir', dataDir]);
    known = await openSession(server.url);
    await known.syncToTheEnd();
  });
  after(async () => {
    await server?.kill();
    disk?.unmount();
    rmSync(folder, { recursive: true, force: true });
  });

  const report = async (text: string) => {
    const id = crypto.randomUUID();
    const answer = await sendReport(server.url, known.cookie, id, text);
    if (isAcknowledged(answer)) acknowledged.push(id);
    return answer;
  };
  let serial = 0;
  const clientId = () => `00000000-0000-4000-8000-${String(++serial).padStart(12, '0')}`;
  const ping = () => {
    const id = String(++serial).padStart(32, '0');
    return fetch(`${server.url}/wutrack.bin?V=1&U=${id}&C=au&A=s&P=5.1&L=en&S=s&E=00000000&M=${'m'.repeat(200)}`);
  };
  const attacks: Record<string, () => Promise<unknown>> = {
    'new computers': () => openSession(server.url, { computerId: clientId(), dnsName: `stranger-${serial}` }),
    'small reports': () => report('x'),
    'big reports': () => report('x'.repeat(200_000)),
    'refused requests': () => post(`${server.url}/ClientWebService/client.asmx`, Buffer.from('<a>'.repeat(2000))),
    pings: async () => (await ping()).arrayBuffer(),
  };
  const memoryMiB = () => {
    const [, kib = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8')) ?? [];
    return Number(kib) / 1024;
  };

  /** All attacks at once, and a look at the tree in between. Answers how often each attack got an answer, and the largest size. */
  async function flood(forMs: number): Promise<{ answers: Map<string, number>; peakMiB: number }> {
    const end = performance.now() + forMs;
    const answers = new Map<string, number>();
    let peakMiB = 0;
    const attack = async (name: string, once: () => Promise<unknown>) => {
      while (performance.now() < end) {
        await once().then(
          () => answers.set(name, (answers.get(name) ?? 0) + 1),
          () => pause(5),
        );
      }
    };
    const look = async () => {
      while (performance.now() < end) {
        for (const path of tree) {
          const answer = await fetch(server.url + path);
          await answer.arrayBuffer();
          assert.equal(answer.status, 200, path);
        }
        peakMiB = Math.max(peakMiB, memoryMiB());
        await pause(50);
      }
    };
    const all = Object.entries(attacks).flatMap(([name, once]) => [1, 2, 3, 4].map(() => attack(name, once)));
    await Promise.all([...all, look()]);
    return { answers, peakMiB };
  }

  const untilServed = async () => {
    for (const end = performance.now() + patienceMs; performance.now() < end; await pause(100)) {
      const answer = await report('afterwards').catch(() => undefined);
      if (answer && isAcknowledged(answer)) return;
    }
    assert.fail(`no report is taken within ${patienceMs} ms`);
  };

  it('is refused without an end, and forgotten when there is room', { timeout: 300_000 }, async (t) => {
    if (!disk) return;
    for (const butBytes of [0, 200_000]) {
      const flooding = flood(floodMs);
      await pause(1_000);
      disk.fill(butBytes);
      const { answers, peakMiB } = await flooding;
      t.diagnostic(`${[...answers].map(([name, count]) => `${name} ${count}`).join(', ')}; ${Math.round(peakMiB)} MiB`);
      assert.equal(server.child.exitCode, null, server.said());
      assert.ok(peakMiB < 700, `${peakMiB} MiB`);
      disk.free();
      await untilServed();
      await openSession(server.url, { computerId: clientId(), dnsName: 'honest.example.test' });
    }
  });

  it('that is killed in the middle of it starts again, and has lost nothing', { timeout: 300_000 }, async () => {
    if (!disk) return;
    const flooding = flood(floodMs).catch(() => undefined);
    await pause(1_000);
    disk.fill();
    await pause(2_000);
    await server.kill();
    await flooding;
    disk.free();
    server = await startServe(['--data-dir', dataDir]);
    known = await openSession(server.url);
    await untilServed();
    await server.stop();
    await using store = await openStore(join(dataDir, 'moult.sqlite'), { now: () => new Date() });
    const kept = new Set((await store.listReportingEvents({ limit: 1_000_000 })).map(({ instanceId }) => instanceId));
    await store.close();
    assert.ok(acknowledged.length > 10);
    assert.deepEqual(
      acknowledged.filter((id) => !kept.has(id)),
      [],
    );
  });
});
