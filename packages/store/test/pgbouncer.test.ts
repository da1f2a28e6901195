// Behind pgbouncer, which hands one connection to many: everything works in its session and its transaction mode.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { openServerStore, openStore } from '../src/index.ts';
import { doesEverything, goesOn, holdsEverything } from './holds-everything.ts';
import { populate, populated } from './populate.ts';
import { freePort, startPostgres, type TestPostgres, unprivilegedUser } from './postgres.ts';

const now = () => populated.at;

interface Pgbouncer extends AsyncDisposable {
  port: number;
  start(): Promise<void>;
  halt(): Promise<void>;
  stop(): Promise<void>;
}

async function startPgbouncer(mode: string, postgresPort: number): Promise<Pgbouncer> {
  const folder = mkdtempSync(join(tmpdir(), 'moult-pgbouncer-'));
  const owner = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const port = await freePort();
  const settings = [
    ...['[databases]', `* = host=127.0.0.1 port=${postgresPort} user=moult`, '[pgbouncer]'],
    ...['listen_addr = 127.0.0.1', `listen_port = ${port}`, 'unix_socket_dir =', 'auth_type = any'],
    ...[`pool_mode = ${mode}`, 'default_pool_size = 4', 'server_login_retry = 1', `logfile = ${join(folder, 'log')}`],
  ];
  writeFileSync(join(folder, 'pgbouncer.ini'), settings.join('\n'), { mode: 0o644 });
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn('pgbouncer', [join(folder, 'pgbouncer.ini')], {
      ...owner,
      stdio: 'ignore',
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    });
    await once(child, 'spawn');
  };
  const halt = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  await start();
  const stop = async () => {
    await halt();
    rmSync(folder, { recursive: true, force: true });
  };
  return { port, start, halt, stop, [Symbol.asyncDispose]: stop };
}

describe('behind pgbouncer', () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres?.stop());

  async function behind(mode: string, work: (address: string, pgbouncer: Pgbouncer) => Promise<void>) {
    await using pgbouncer = await startPgbouncer(mode, postgres.port);
    const address = await postgres.createDatabase();
    await work(address.replace(`:${postgres.port}/`, `:${pgbouncer.port}/`), pgbouncer);
  }

  for (const mode of ['session', 'transaction']) {
    it(`pool_mode = ${mode}: tables are made, everything is written and read, by server and command`, () =>
      behind(mode, async (address) => {
        await using store = openServerStore(address, { now });
        await untilDone(() => store.prepare());
        await populate(store);
        await holdsEverything(store);
        await goesOn(store);
        await doesEverything(store);
        await store.close();
        await using command = await openStore(address, { now, ifEmpty: 'refuse' });
        assert.equal(await command.countRevisions(), populated.updates);
      }));
  }

  it('a pgbouncer that is killed and started again is survived', () =>
    behind('transaction', async (address, pgbouncer) => {
      await using store = openServerStore(address, { now, limits: { pausesMs: [20, 200] } });
      await untilDone(() => store.prepare());
      for (let round = 0; round < 3; round++) {
        const asked = Promise.allSettled(Array.from({ length: 20 }, () => store.saveSetting('round', String(round))));
        await pgbouncer.halt();
        for (const one of await asked) {
          if (one.status === 'rejected') assert.equal(one.reason.code, 'SERVER_DATABASE_AWAY');
        }
        await pgbouncer.start();
        await untilDone(() => store.saveSetting('round', `after ${round}`));
        assert.equal(await store.loadSetting('round'), `after ${round}`);
      }
    }));

  it('pool_mode = statement is refused with the name of the setting', () =>
    behind('statement', async (address) => {
      await using store = openServerStore(address, { now });
      await assert.rejects(
        untilDone(() => store.prepare()),
        { code: 'SERVER_DATABASE', message: /pool_mode = transaction or session/ },
      );
    }));
});

async function untilDone(work: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      const isAway = error instanceof Error && 'code' in error && error.code === 'SERVER_DATABASE_AWAY';
      if (!isAway || attempt > 200) throw error;
      await pause(50);
    }
  }
}
