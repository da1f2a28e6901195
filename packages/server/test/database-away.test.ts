// The database goes away under a server at work, in every way that there is, and comes back: the server goes on by itself,
// nothing that was acknowledged is lost, and the self-update tree is served throughout.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openStore } from '../../store/src/index.ts';
import { type CutOffProxy, startCutOffProxy } from '../../store/test/cut-off-proxy.ts';
import { startPostgres, type TestPostgres } from '../../store/test/postgres.ts';
import { isAcknowledged, sendReport } from './acknowledged-writes.ts';
import { openSession } from './agent-session.ts';

const moult = fileURLToPath(new URL('../../cli/bin/moult.js', import.meta.url));
const writers = 12;

let postgres: TestPostgres;
let proxy: CutOffProxy;
let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-away-'));
  postgres = await startPostgres();
  proxy = await startCutOffProxy(postgres.port);
});
const running: ChildProcess[] = [];
after(async () => {
  for (const child of running) child.kill('SIGKILL');
  await proxy?.stop();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const newDatabase = async () => {
  const direct = await postgres.createDatabase();
  return { direct, throughProxy: direct.replace(`:${postgres.port}/`, `:${proxy.port}/`) };
};

interface Run {
  url: string;
  child: ChildProcess;
  stderr(): string;
  exit: Promise<number | null>;
}

async function serve(database: string, name: string, ...more: string[]): Promise<Run> {
  const dataDir = join(folder, name);
  const flags = ['--data-dir', dataDir, '--database', database, '--host', '127.0.0.1', '--port', '0'];
  const small = ['--self-update-port', 'off', '--first-catalog', 'empty', '--agent-release-dir', folder];
  const times = ['--database-connect-seconds', '2', '--database-statement-seconds', '8', '--stop-seconds', '2'];
  const child = spawn(process.execPath, [moult, 'serve', ...flags, ...small, ...times, ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  let stderr = '';
  child.stderr.on('data', (piece) => {
    stderr += piece;
  });
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  for await (const piece of child.stdout) {
    const url = /^ready (\S+)/m.exec(String(piece))?.[1];
    if (!url) continue;
    child.stdout.resume();
    return { url, child, exit, stderr: () => stderr };
  }
  throw new Error(`the server ended before it was ready: ${stderr}`);
}

/** Asks for the tree every 50 ms until it is stopped; answers what was not 200, and how often it was asked. */
function watchTree(url: string) {
  let isOver = false;
  const wrong: string[] = [];
  let asked = 0;
  const watching = (async () => {
    while (!isOver) {
      const answer = await fetch(`${url}/selfupdate/wuident.cab`).catch((error) => ({ status: String(error) }));
      if ('arrayBuffer' in answer) await answer.arrayBuffer();
      asked++;
      if (answer.status !== 200) wrong.push(String(answer.status));
      await pause(50);
    }
  })();
  return {
    async stop() {
      isOver = true;
      await watching;
      return { wrong, asked };
    },
  };
}

/** Clients that report without end; their answers by status, and what was acknowledged. */
async function startLoad(url: string) {
  const { cookie } = await openSession(url);
  const acknowledged: string[] = [];
  const statuses = new Map<number, number>();
  let isOver = false;
  let sent = 0;
  const write = async () => {
    while (!isOver) {
      const id = crypto.randomUUID();
      const answer = await sendReport(url, cookie, id, String(++sent)).catch(() => undefined);
      const status = answer?.status ?? 0;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      const isStored = answer !== undefined && isAcknowledged(answer);
      if (isStored) acknowledged.push(id);
      // A client asks again later, and not at once.
      await pause(isStored ? 5 : 100);
    }
  };
  const writing = Promise.all(Array.from({ length: writers }, write));
  return {
    acknowledged,
    statuses,
    /** Resolves when so many more were acknowledged. */
    async more(count: number): Promise<number> {
      const wanted = acknowledged.length + count;
      const started = performance.now();
      while (acknowledged.length < wanted) {
        assert.ok(performance.now() - started < 60_000, 'nothing is acknowledged any more');
        await pause(20);
      }
      return performance.now() - started;
    },
    async stop() {
      isOver = true;
      await writing;
    },
  };
}

async function lostOf(database: string, acknowledged: readonly string[]): Promise<string[]> {
  await using store = await openStore(database, { now: () => new Date() });
  const kept = new Set((await store.listReportingEvents({ limit: 1_000_000 })).map((event) => event.instanceId));
  return acknowledged.filter((id) => !kept.has(id));
}

describe('a server whose database goes away', () => {
  const terminateAll = async (direct: string) =>
    postgres.run(
      direct,
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
    );
  const ways: Record<string, (direct: string) => Promise<void>> = {
    'backends are terminated': async (direct) => {
      for (let round = 0; round < 5; round++) {
        await terminateAll(direct);
        await pause(50);
      }
    },
    'PostgreSQL is restarted': async () => {
      await postgres.halt('SIGINT');
      await pause(500);
      await postgres.start();
    },
    'PostgreSQL is killed': async () => {
      await postgres.halt('SIGKILL');
      await postgres.start();
    },
    'PostgreSQL is stopped where it is': async () => {
      postgres.pause();
      await pause(4_000);
      postgres.resume();
    },
    'it is cut off and says nothing': async () => {
      proxy.setMode('silent');
      await pause(4_000);
      proxy.setMode('passing');
    },
    'it is cut off and refuses': async () => {
      proxy.setMode('refusing');
      await pause(1_000);
      proxy.setMode('passing');
    },
  };

  it('recovers by itself from each, loses nothing acknowledged, and serves the tree throughout', async (context) => {
    const { direct, throughProxy } = await newDatabase();
    const server = await serve(throughProxy, 'load');
    const tree = watchTree(server.url);
    const load = await startLoad(server.url);
    await load.more(50);
    for (const [name, goAway] of Object.entries(ways)) {
      await goAway(direct);
      const tookMs = await load.more(50);
      context.diagnostic(`${name}: 50 more were acknowledged ${Math.round(tookMs)} ms after it was back`);
      assert.equal(server.child.exitCode, null, `${name}: the process lives on. ${server.stderr()}`);
    }
    await load.stop();
    const { wrong, asked } = await tree.stop();
    assert.deepEqual(wrong, [], `the tree, asked ${asked} times`);
    assert.ok(asked > 100);
    const lost = await lostOf(direct, load.acknowledged);
    assert.deepEqual(lost, [], `${lost.length} of ${load.acknowledged.length} acknowledged writes are lost`);
    // ServerBusy, and nothing else: what a client is told must let it come again.
    assert.deepEqual([...load.statuses.keys()].sort(), [200, 503]);
    server.child.kill('SIGTERM');
    assert.equal(await server.exit, 0);
  });

  it('ends in time on SIGTERM while statements wait for a database that says nothing', async () => {
    const { throughProxy } = await newDatabase();
    const server = await serve(throughProxy, 'silent', '--database-statement-seconds', '600');
    const load = await startLoad(server.url);
    await load.more(20);
    proxy.setMode('silent');
    await pause(300);
    const started = performance.now();
    server.child.kill('SIGTERM');
    await server.exit;
    const tookMs = performance.now() - started;
    proxy.setMode('passing');
    await load.stop();
    // 2 s for requests in flight and 2 s for the last writes; the rest is for a machine that is busy.
    assert.ok(tookMs < 10_000, `${Math.round(tookMs)} ms`);
  });

  it('starts without it, serves tree, content and home page, says so, and opens its web services later', async () => {
    const { direct, throughProxy } = await newDatabase();
    const bytes = Buffer.from('an update file');
    const sha1 = createHash('sha1').update(bytes).digest('hex').toUpperCase();
    const content = join(folder, 'down', 'content', sha1.slice(-2));
    mkdirSync(content, { recursive: true });
    writeFileSync(join(content, `${sha1}.cab`), bytes);
    writeFileSync(join(content, `${sha1.replace(/^./, '0')}.cab`), 'not what its name says');
    await postgres.halt('SIGINT');
    const server = await serve(throughProxy, 'down');
    const statusOf = async (path: string) => (await fetch(server.url + path)).status;
    assert.equal(await statusOf('/selfupdate/wuident.cab'), 200);
    assert.equal(await statusOf('/iuident.cab'), 200);
    assert.equal(await statusOf(`/Content/${sha1.slice(-2)}/${sha1}.cab`), 200);
    assert.equal(await statusOf(`/Content/${sha1.slice(-2)}/${sha1.replace(/^./, '0')}.cab`), 404);
    assert.equal(await statusOf('/wutrack.bin?V=1&U=e1da06a3560143c9bac352d5db701494&C=au&A=w&S=s&E=0'), 200);
    const home = await fetch(`${server.url}/api/home`);
    assert.equal(home.status, 200);
    assert.match(JSON.stringify((await home.json()) as object), /The database does not answer since .*ServerBusy/);
    assert.match(server.stderr(), /The database does not answer since .*ECONNRESET|The database does not answer/);
    await assert.rejects(openSession(server.url), /ServerBusy|503/);
    await postgres.start();
    const session = await untilOpen(() => openSession(server.url));
    await session.sync();
    assert.doesNotMatch(await (await fetch(`${server.url}/api/home`)).text(), /does not answer/);
    server.child.kill('SIGTERM');
    assert.equal(await server.exit, 0);
    // The ping of before the database was there.
    await using store = await openStore(direct, { now: () => new Date() });
    assert.equal((await store.listSelfUpdateEvents()).length, 1);
  });

  it('a start without it ends at once on SIGTERM', async () => {
    const { throughProxy } = await newDatabase();
    proxy.setMode('silent');
    const server = await serve(throughProxy, 'silent-start');
    const started = performance.now();
    server.child.kill('SIGTERM');
    assert.equal(await server.exit, 0);
    assert.ok(performance.now() - started < 5_000);
    proxy.setMode('passing');
  });

  it('a start with a password that is refused ends, and says why without it', async () => {
    const { direct } = await newDatabase();
    await assert.rejects(serve(direct.replace('/test_', '/hunter2_'), 'refused'), /SERVER_DATABASE.*has no database/);
  });
});

async function untilOpen<Opened>(open: () => Promise<Opened>): Promise<Opened> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await open();
    } catch (error) {
      if (attempt > 300) throw error;
      await pause(100);
    }
  }
}
