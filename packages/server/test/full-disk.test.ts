// A full disk under a running server: the tree stays, clients are told to come again, and all comes back by itself.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { simpleAuth } from '@moult/protocol/simple-auth';
import { openStore } from '../../store/src/index.ts';
import { isAcknowledged, sendReport } from './acknowledged-writes.ts';
import { type AgentSession, openSession } from './agent-session.ts';
import { moult, type ServeProcess, startServe } from './serve-process.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';
import { call } from './soap-client.ts';

const rounds = 20;
const writesPerRound = 50;
const patienceMs = 60_000;

async function until<Result>(what: string, ask: () => Promise<Result | false | undefined>): Promise<Result> {
  for (const end = Date.now() + patienceMs; Date.now() < end; ) {
    const answer = await ask().catch(() => undefined);
    if (answer) return answer;
    await pause(100);
  }
  throw new Error(`not within ${patienceMs} ms: ${what}`);
}

describe('a full disk', { concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-full-disk-'));
  let disk: SmallDisk | undefined;
  let dataDir: string;
  let server: ServeProcess;
  let known: AgentSession;

  before(async () => {
    disk = mountSmallDisk(join(folder, 'disk'), 48);
    dataDir = join(folder, 'disk', 'data');
    if (!disk) return;
    server = await startServe(['--data-dir', dataDir, '--first-catalog', 'samples']);
    known = await openSession(server.url);
    await known.syncToTheEnd();
  });
  after(async () => {
    await server?.kill();
    disk?.unmount();
    rmSync(folder, { recursive: true, force: true });
  });

  const status = async (path: string) => {
    const answer = await fetch(server.url + path);
    await answer.arrayBuffer();
    return answer.status;
  };
  const tree = ['/selfupdate/wuident.cab', '/iuident.cab', '/selfupdate/AU/x86/XP/en/wuaucomp.cab'];
  const noticesOf = async () => {
    const home = (await (await fetch(`${server.url}/api/home`)).json()) as {
      notices: { headline: string; remedy: string }[];
    };
    return home.notices.map(({ headline }) => headline).filter((headline) => /disk/.test(headline));
  };
  const report = async () => isAcknowledged(await sendReport(server.url, known.cookie, crypto.randomUUID(), 'x'));
  const authorize = (clientId: string, dnsName: string) =>
    call(server.url, simpleAuth, 'GetAuthorizationCookie', { clientId, dnsName, targetGroupName: undefined });
  /** Of the sample update that a new server has. */
  const contentPath = () => {
    const [found] = readdirSync(join(dataDir, 'content'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.cab'),
    );
    return `/Content/${found}`;
  };
  const ping = `/wutrack.bin?V=1&U=${'0a'.repeat(16)}&C=au&A=s&P=5.1&L=en&S=s&E=00000000&M=x`;

  it('stops no file, no known computer and no look at the home page; the rest is told ServerBusy', async () => {
    if (!disk) return;
    disk.fill();
    await until('a report is refused', async () => !(await report()));
    for (const path of [...tree, '/', contentPath()]) assert.equal(await status(path), 200, path);
    assert.equal(await status(ping), 200);

    const refused = await sendReport(server.url, known.cookie, crypto.randomUUID(), 'x');
    assert.equal(refused.status, 503);
    assert.match(refused.bytes.toString(), /ServerBusy/);
    assert.ok(Number(refused.headers['retry-after']) > 0);
    const stranger = await authorize(crypto.randomUUID(), 'stranger.example.test');
    assert.deepEqual([stranger.kind, stranger.status], ['fault', 503]);
    const friend = await authorize(known.computerId, 'client-1.example.test');
    assert.deepEqual([friend.kind, friend.status], ['answer', 200]);
    await known.sync();

    assert.match(
      (await until('the home page says it', async () => (await noticesOf())[0])) ?? '',
      /disk of this server/,
    );
    const told = await new Promise<string>((resolve) =>
      execFile(process.execPath, [moult, 'status', '--data-dir', dataDir], (_, stdout) => resolve(stdout)),
    );
    assert.match(told, /disk .*less than the reserve/);
    assert.match(told, /notice .*disk of this server/);
    assert.equal(server.child.exitCode, null);
  });

  it('comes back by itself when there is room, and has lost no line without saying so', async () => {
    if (!disk) return;
    disk.free();
    await until('reports are taken again', report);
    await until('the home page is silent again', async () => (await noticesOf()).length === 0);
    const lines = readFileSync(join(dataDir, 'logs', 'moult.log'), 'utf8')
      .trim()
      .split('\n');
    const messages = lines.map((line) => JSON.parse(line) as { msg: string; level: string });
    const said = messages.filter(({ msg }) => /disk of this server/.test(msg));
    assert.ok(said.length >= 1 && said.length <= 2, `said ${said.length} times: nearly full, then full`);
    assert.ok(messages.some(({ msg }) => /has room again/.test(msg)));
    const store = await openStore(join(dataDir, 'moult.sqlite'), { now: () => new Date() });
    try {
      const stored = await until('the ping that waited is stored', async () => (await store.listSelfUpdateEvents())[0]);
      assert.equal(stored.computerId, '0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a');
    } finally {
      await store.close();
    }
  });

  it('below the reserve, nothing that strangers make grow is taken, and administration goes on', async () => {
    if (!disk) return;
    disk.fill(300_000);
    const headline = await until('the home page says it', async () => (await noticesOf())[0]);
    assert.match(headline, /nearly full/);
    assert.equal(await report(), false);
    const made = await new Promise<number>((resolve) =>
      execFile(process.execPath, [moult, 'groups', 'add', 'Cleaning', '--data-dir', dataDir], (error) =>
        resolve(error ? 1 : 0),
      ),
    );
    assert.equal(made, 0);
    disk.free();
    await until('reports are taken again', report);
  });

  it('does not stop a start: the tree is served, and reports are taken when there is room', {
    timeout: 300_000,
  }, async () => {
    if (!disk) return;
    // Without its ballast, and ended cleanly, there is not even room for SQLite's shared memory: the database stays closed.
    for (const [ending, hasBallast] of [
      ['kill', true],
      ['stop', true],
      ['stop', false],
    ] as const) {
      await server[ending]();
      if (!hasBallast) rmSync(join(dataDir, 'moult.ballast'));
      disk.fill();
      server = await startServe(['--data-dir', dataDir, '--first-catalog', 'samples']);
      assert.match(server.said(), /disk of this server/);
      for (const path of [...tree, '/']) assert.equal(await status(path), 200, path);
      await until('a report is refused', async () => !(await report()));
      const stranger = await authorize(crypto.randomUUID(), 'stranger.example.test');
      assert.deepEqual([stranger.kind, stranger.status], ['fault', 503]);
      disk.free();
      await until('reports are taken again', report);
      await until('the ballast is back', async () => existsSync(join(dataDir, 'moult.ballast')));
    }
  });

  it(`loses none of ${rounds * writesPerRound} acknowledged writes in ${rounds} rounds of fill and free`, {
    timeout: 600_000,
  }, async () => {
    if (!disk) return;
    const acknowledged: string[] = [];
    let refused = 0;
    const write = async (end: number) => {
      for (const over = Date.now() + patienceMs; acknowledged.length < end && Date.now() < over; ) {
        const id = crypto.randomUUID();
        const answer = await sendReport(server.url, known.cookie, id, 'x'.repeat(2000)).catch(() => undefined);
        if (answer && isAcknowledged(answer)) acknowledged.push(id);
        else refused++;
        if (!answer || !isAcknowledged(answer)) await pause(20);
      }
    };
    for (let round = 1; round <= rounds; round++) {
      const before = refused;
      const writing = Promise.all(Array.from({ length: 4 }, () => write(round * writesPerRound)));
      // In the middle of it, wherever that is.
      await until('the round is under way', async () => acknowledged.length > (round - 1) * writesPerRound);
      disk.fill(round % 2 === 0 ? 0 : 100_000);
      await until('a write is refused', async () => refused > before || acknowledged.length >= round * writesPerRound);
      disk.free();
      await writing;
      assert.equal(server.child.exitCode, null, 'the server lives');
      assert.ok(acknowledged.length >= round * writesPerRound, `${acknowledged.length} writes in round ${round}`);
    }
    assert.ok(refused > 0);
    await server.kill();
    await using store = await openStore(join(dataDir, 'moult.sqlite'), { now: () => new Date() });
    const kept = new Set((await store.listReportingEvents({ limit: 1_000_000 })).map(({ instanceId }) => instanceId));
    await store.close();
    assert.ok(acknowledged.length >= rounds * writesPerRound);
    assert.deepEqual(
      acknowledged.filter((id) => !kept.has(id)),
      [],
    );
  });
});
