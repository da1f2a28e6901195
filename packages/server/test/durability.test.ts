// What was acknowledged is kept: the server is killed at random points of 1,000 reports and registrations, and none that
// got its answer is missing afterwards.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from '../../store/src/index.ts';
import { startPostgres, type TestPostgres } from '../../store/test/postgres.ts';
import { isAcknowledged, type SentCookie, sendReport } from './acknowledged-writes.ts';
import { openSession } from './agent-session.ts';

const moult = fileURLToPath(new URL('../../cli/bin/moult.js', import.meta.url));
const writes = 1000;
const writers = 8;
/** Of each engine. A start takes longer than a hundred writes: this is what the time goes into. */
const kills = 4;
/** A registration is four requests, a report one. */
const reportsForEachRegistration = 5;

// Side by side: each spends most of its time waiting for a disk or for a process that starts.
describe('acknowledged writes', { concurrency: true }, () => {
  for (const engine of ['sqlite', 'postgres'] as const) describe(engine, () => surviveKills(engine));
});

function surviveKills(engine: 'sqlite' | 'postgres'): void {
  let folder: string;
  let postgres: TestPostgres | undefined;
  let database: string;
  let server: ChildProcess | undefined;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'moult-durability-'));
    postgres = engine === 'postgres' ? await startPostgres() : undefined;
    database = (await postgres?.createDatabase()) ?? join(folder, 'moult.sqlite');
  });
  after(async () => {
    server?.kill('SIGKILL');
    await postgres?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  async function start(): Promise<string> {
    const flags = ['--data-dir', folder, '--database', database, '--host', '127.0.0.1', '--port', '0'];
    // No agent releases to sign at each start: nobody fetches them here.
    const nothingToServe = ['--first-catalog', 'empty', '--agent-release-dir', folder];
    const child = spawn(process.execPath, [moult, 'serve', ...flags, '--self-update-port', 'off', ...nothingToServe], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    server = child;
    for await (const piece of child.stdout) {
      const url = /^ready (\S+)/m.exec(String(piece))?.[1];
      if (url) {
        child.stdout.resume();
        return url;
      }
    }
    throw new Error('the server ended before it was ready');
  }

  it('survive the death of the server', async () => {
    let url = await start();
    const { cookie } = await openSession(url);
    const acknowledged: { id: string; isReport: boolean }[] = [];
    let sent = 0;
    let isOver = false;
    let restarting: Promise<void> | undefined;

    // One death at a time: an answer that was on its way when the server was killed may be the next one's sign.
    const restart = async (before: Promise<void> | undefined) => {
      await before;
      server?.kill('SIGKILL');
      if (server?.exitCode === null && server.signalCode === null) await once(server, 'exit');
      url = await start();
    };
    const killAt = Array.from({ length: kills }, () => 50 + Math.floor(Math.random() * (writes - 100))).sort(
      (a, b) => a - b,
    );
    const write = async () => {
      while (acknowledged.length < writes && !isOver) {
        await restarting;
        const id = crypto.randomUUID();
        const isReport = ++sent % (reportsForEachRegistration + 1) > 0;
        const answered = await (isReport ? isReported(url, cookie, id, sent) : registration(url, id)).catch(
          () => false,
        );
        if (answered) acknowledged.push({ id, isReport });
        if (killAt.length > 0 && acknowledged.length >= (killAt[0] ?? 0)) {
          killAt.shift();
          restarting = restart(restarting);
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: writers }, write));
    } finally {
      // Who fails takes the others along: left alone, they would ask a dead server for ever.
      isOver = true;
    }
    server?.kill('SIGKILL');

    await using store = await openStore(database, { now: () => new Date() });
    const kept = new Set((await store.listReportingEvents({ limit: 1_000_000 })).map((event) => event.instanceId));
    for (const { id, isReport } of acknowledged) {
      if (!isReport && (await store.loadTargeting(id))?.isRegistered) kept.add(id);
    }
    await store.close();
    const lost = acknowledged.filter(({ id }) => !kept.has(id));
    assert.deepEqual(lost, [], `${lost.length} of ${acknowledged.length} acknowledged writes are lost`);
    assert.equal(killAt.length, 0, 'the server was killed as often as meant');
  });
}

async function isReported(url: string, cookie: SentCookie, id: string, number: number): Promise<boolean> {
  return isAcknowledged(await sendReport(url, cookie, id, String(number)));
}

/** A computer that nobody knew: its authorisation, and who it is. */
async function registration(url: string, computerId: string): Promise<boolean> {
  await openSession(url, { computerId, dnsName: `${computerId}.example.test` });
  return true;
}
