// A backup that was made by a server whose clock was wrong, restored where the clock is right, and the other way round: the
// server works with its keys, its agents are served, and ageing deletes nothing for a wrong stamp.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { follow, Repository } from '@moult/releases/repository';
import { openStore } from '@moult/store';
import { openServerClock, programDate } from '@moult/store/clock';
import pino from 'pino';
import { createComputerAgeing } from '../src/housekeeping/computer-ageing.ts';
import { createEventRetention } from '../src/housekeeping/event-retention.ts';
import { isAcknowledged, sendReport } from './acknowledged-writes.ts';
import { openSession } from './agent-session.ts';
import { moult, startServe } from './serve-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-clock-backup-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
const log = pino({ level: 'silent' });
const year = new Date().getUTCFullYear();
const clocks = {
  'in 1990': '1990-01-01 00:00:00',
  'ten years ahead': `${year + 10}-12-20 12:00:00`,
};

async function underClock(at: string | undefined): Promise<NodeJS.ProcessEnv> {
  if (at === undefined) return process.env;
  const { stdout } = await promisify(execFile)('faketime', ['-f', `@${at}`, 'env']);
  const library = /^LD_PRELOAD=(.*)$/m.exec(stdout)?.[1] ?? '';
  return { ...process.env, LD_PRELOAD: library, FAKETIME: `@${at}`, FAKETIME_DONT_FAKE_MONOTONIC: '1', TZ: 'UTC' };
}

async function run(at: string | undefined, ...parts: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [moult, ...parts], {
    env: await underClock(at),
  });
  return stdout + stderr;
}

const agent = (...parts: string[]) => run(undefined, 'agent', ...parts);

/** Serves `dataDir` at that time: a computer that reports, and an agent that is installed, or that was before, and detects. */
async function serveOnce(dataDir: string, at: string | undefined, root: string, computerId: string): Promise<string[]> {
  const server = await startServe(['--data-dir', dataDir], await underClock(at));
  try {
    const session = await openSession(server.url, {
      computerId,
      dnsName: `client-${computerId.slice(-1)}.example.test`,
    });
    await session.syncToTheEnd();
    assert.ok(isAcknowledged(await sendReport(server.url, session.cookie, crypto.randomUUID(), 'x')));
    const place = join(folder, root);
    await agent('install', '--server', server.url, '--generation', 'wsus', '--root', place).catch(() => undefined);
    assert.match(await agent('run', '--once', '--now', '--root', place), /Detection finished/);
    const home = (await (await fetch(`${server.url}/api/home`)).json()) as { notices: { headline: string }[] };
    return home.notices.map(({ headline }) => headline);
  } finally {
    await server.stop();
  }
}

const keysIn = (dataDir: string) =>
  ['keys', 'trust/keys'].flatMap((place) =>
    // A server whose clock is not believed makes no signed metadata.
    !existsSync(join(dataDir, place))
      ? []
      : readdirSync(join(dataDir, place)).map(
          (name) => [name, readFileSync(join(dataDir, place, name), 'latin1')] as const,
        ),
  );

/** What the hourly sweeps of a server at this time take away. */
async function sweepAll(dataDir: string): Promise<number> {
  const store = await openStore(join(dataDir, 'moult.sqlite'), { now: () => new Date() });
  const clock = openServerClock({ dataDir, now: () => new Date(), programDate, log, everyMs: 0 });
  clock.learn(await store.loadNewestTime());
  const quiet = { store, clock, log, everyMs: 0, pauseMs: 0 };
  const events = createEventRetention({ ...quiet, eventDays: 90, routineEventDays: 14 });
  const count = { isCrowded: () => false, refresh: async () => undefined };
  const days = { strangerDays: 7, silentComputerDays: 30, clientSideTargeting: false };
  const computers = createComputerAgeing({ ...quiet, ...days, count });
  const removed = (await events.sweep()) + (await computers.sweep());
  await store.close();
  clock.close();
  return removed;
}

for (const [words, at] of Object.entries(clocks)) {
  describe(`a backup of a server that was ${words}`, { concurrency: false }, () => {
    const name = words.replaceAll(' ', '-');
    const [source, copy, backup] = ['source', 'copy', 'backup'].map((kind) => join(folder, `${name}-${kind}`)) as [
      string,
      string,
      string,
    ];
    const root = `${name}-agent`;
    const one = '00000000-0000-4000-8000-000000000001';
    const two = '00000000-0000-4000-8000-000000000002';

    it('restored under the right clock: keys, agents, computers and events are there, and stay', async () => {
      await serveOnce(source, at, root, one);
      await run(at, 'backup', backup, '--data-dir', source);
      await run(undefined, 'restore', backup, '--yes', '--data-dir', copy);
      assert.deepEqual(keysIn(copy), keysIn(source));
      const notices = await serveOnce(copy, undefined, root, two);
      assert.deepEqual(
        notices.filter((each) => /clock|key|signer|certificate/i.test(each)),
        [],
      );
      await follow(new Repository(join(copy, 'trust')), 1, new Date());
      assert.equal(await sweepAll(copy), 0);
      await using store = await openStore(join(copy, 'moult.sqlite'), { now: () => new Date() });
      const computers = (await store.listComputers({ limit: 10 })).map(({ computerId }) => computerId);
      const events = await store.listReportingEvents({ limit: 100 });
      await store.close();
      for (const id of [one, two]) {
        assert.ok(computers.includes(id), id);
        assert.ok(
          events.some(({ computerId }) => computerId === id),
          id,
        );
      }
    });

    it('a backup of the right clock, restored under that one, serves on and is right again afterwards', async () => {
      const [right, again] = [join(folder, `${name}-right`), join(folder, `${name}-again`)];
      await serveOnce(right, undefined, `${root}-right`, one);
      await run(undefined, 'backup', `${backup}-right`, '--data-dir', right);
      await run(at, 'restore', `${backup}-right`, '--yes', '--data-dir', again);
      const then = await serveOnce(again, at, `${root}-right`, two);
      assert.ok(
        then.some((each) => /^The clock of this server/.test(each)),
        then.join(),
      );
      const notices = await serveOnce(again, undefined, `${root}-right`, two);
      assert.deepEqual(
        notices.filter((each) => /clock|key|signer|certificate/i.test(each)),
        [],
      );
      assert.deepEqual(keysIn(again), keysIn(right));
      assert.equal(await sweepAll(again), 0);
    });
  });
}
