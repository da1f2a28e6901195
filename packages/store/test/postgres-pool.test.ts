// Connections that are lost, fall silent or are refused: whoever uses them is told so in time, and the pool recovers.
import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../src/database.ts';
import type { PoolLimits } from '../src/postgres/pool.ts';
import { type CutOffProxy, startCutOffProxy } from './cut-off-proxy.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

let postgres: TestPostgres;
let proxy: CutOffProxy;
let address: string;
before(async () => {
  postgres = await startPostgres();
  proxy = await startCutOffProxy(postgres.port);
  const direct = await postgres.createDatabase();
  await postgres.run(direct, 'create table notes (note text primary key)');
  address = direct.replace(`:${postgres.port}/`, `:${proxy.port}/`);
});
after(async () => {
  await proxy?.stop();
  await postgres?.stop();
});

/** Short, so that the tests are; never so short that a busy machine looks dead. */
const limits: Partial<PoolLimits> = {
  ...{ most: 10, connectMs: 4_000, acquireMs: 20_000, silentMs: 1_000, statementMs: 20_000 },
  pausesMs: [50, 200],
};

const opened: Database[] = [];
afterEach(async () => {
  proxy.setMode('passing');
  for (const database of opened.splice(0)) {
    database.abandon();
    await database.close();
  }
});

interface Told {
  away: string[];
  back: number;
  trouble: string[];
}

async function open(more: Partial<PoolLimits> = {}, at = address): Promise<{ database: Database; told: Told }> {
  const told: Told = { away: [], back: 0, trouble: [] };
  const database = await openDatabase(at, {
    limits: { ...limits, ...more },
    onAway: (reason) => told.away.push(reason),
    onBack: () => told.back++,
    onTrouble: (message) => told.trouble.push(message),
  });
  opened.push(database);
  return { database, told };
}

const ask = (database: Database) => sql<{ one: number }>`select 1 as one`.execute(database.tables);
const note = (database: Database, text: string) => sql`insert into notes values (${text})`.execute(database.tables);

/** All of them are taken before the first one is given back. */
async function holdAtOnce(database: Database, count: number): Promise<void> {
  let taken = 0;
  let allTaken = () => {};
  const all = new Promise<void>((resolve) => {
    allTaken = resolve;
  });
  const hold = () =>
    database.tables.connection().execute(async (connection) => {
      await sql`select 1`.execute(connection);
      if (++taken === count) allTaken();
      await all;
    });
  await Promise.all(Array.from({ length: count }, hold));
}

async function untilAnswered(database: Database): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    const isBack = await ask(database).then(
      () => true,
      (error) => {
        assert.equal(error.code, 'SERVER_DATABASE_AWAY');
        return false;
      },
    );
    if (isBack) return;
    await pause(50);
  }
  assert.fail('the database did not come back');
}

describe('the pool of connections to PostgreSQL', () => {
  it('a backend that is terminated costs its own transaction, and no more', async () => {
    const { database, told } = await open();
    const lost = database.tables.transaction().execute(async (transaction) => {
      await sql`insert into notes values ('never committed')`.execute(transaction);
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(transaction);
    });
    await assert.rejects(lost, { code: 'SERVER_DATABASE_AWAY', message: /administrator command/ });
    // Idle ones are terminated too, and nobody hears of it.
    await Promise.all([ask(database), ask(database), ask(database)]);
    await postgres.run(
      address.replace(String(proxy.port), String(postgres.port)),
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
    );
    await untilAnswered(database);
    const { rows } = await sql`select * from notes where note = 'never committed'`.execute(database.tables);
    assert.deepEqual([rows, told.away], [[], []]);
  });

  it('a connection that ends between two statements of a transaction is no unheard error', async () => {
    const { database } = await open();
    const lost = database.tables.transaction().execute(async (transaction) => {
      await sql`select 1`.execute(transaction);
      proxy.setMode('refusing');
      await pause(200);
      await sql`select 1`.execute(transaction);
    });
    await assert.rejects(lost, { code: 'SERVER_DATABASE_AWAY' });
    proxy.setMode('passing');
    await untilAnswered(database);
  });

  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    it(`a restart (${signal}): told at once while it is away, once that it is back, and no connection is left over`, async () => {
      const { database, told } = await open();
      await Promise.all(Array.from({ length: 10 }, () => ask(database)));
      await postgres.halt(signal);
      await assert.rejects(ask(database), { code: 'SERVER_DATABASE_AWAY' });
      const started = performance.now();
      for (let count = 0; count < 100; count++) {
        await assert.rejects(ask(database), { code: 'SERVER_DATABASE_AWAY', message: /does not answer/ });
      }
      assert.ok(performance.now() - started < 2_000, 'nobody waits for a database that is known to be away');
      await postgres.start();
      await untilAnswered(database);
      assert.deepEqual([told.away.length, told.back], [1, 1]);
      assert.equal(database.away(), undefined);
    });
  }

  it('processes that are stopped: every waiting statement fails in time, and all is well when they go on', async () => {
    const { database, told } = await open();
    await Promise.all(Array.from({ length: 10 }, () => ask(database)));
    postgres.pause();
    const started = performance.now();
    const waiting = await Promise.allSettled(Array.from({ length: 30 }, () => ask(database)));
    const tookMs = performance.now() - started;
    postgres.resume();
    for (const { status } of waiting) assert.equal(status, 'rejected');
    assert.ok(tookMs < 15_000, `before the 20 s of a statement: ${Math.round(tookMs)} ms`);
    await untilAnswered(database);
    assert.deepEqual([told.away.length, told.back], [1, 1]);
  });

  it('connections that fell silent while new ones are made: given up after the time of a statement', async () => {
    const { database, told } = await open({ statementMs: 3_000 });
    await holdAtOnce(database, 10);
    proxy.setMode('silent');
    const waiting = Array.from({ length: 10 }, () => ask(database));
    await pause(100);
    proxy.setMode('passing');
    const ended = await Promise.allSettled(waiting);
    for (const { status } of ended) assert.equal(status, 'rejected');
    await ask(database);
    assert.deepEqual(told.away, []);
  });

  it('a slow statement is not a dead one, and PostgreSQL stops it after its time', async () => {
    const { database, told } = await open({ silentMs: 300 });
    await sql`select pg_sleep(2)`.execute(database.tables);
    assert.deepEqual(told.away, []);
    const { database: hasty } = await open({ statementMs: 500 });
    await assert.rejects(sql`select pg_sleep(10)`.execute(hasty.tables), {
      code: 'SERVER_DATABASE_AWAY',
      message: /longer than it may/,
    });
    await ask(hasty);
  });

  it('a host that takes connections and never answers is not waited for', async () => {
    proxy.setMode('silent');
    const started = performance.now();
    await assert.rejects(openDatabase(address, { limits }), {
      code: 'SERVER_DATABASE_AWAY',
      message: /did not answer in time/,
    });
    assert.ok(performance.now() - started < 15_000);
  });

  it('a role that may have fewer connections than the pool: everybody gets an answer, and it is said once', async () => {
    const superuser = address.replace(String(proxy.port), String(postgres.port));
    await postgres.run(superuser, 'create role narrow login connection limit 2');
    const { database, told } = await open({}, address.replace('moult@', 'narrow@'));
    const asked = Array.from({ length: 40 }, () => sql`select pg_sleep(0.02)`.execute(database.tables));
    await Promise.all(asked);
    assert.deepEqual(told.away, []);
    assert.equal(told.trouble.length, 1);
    assert.match(told.trouble[0] ?? '', /only \d connections? of 10: .*role "narrow".*--database-pool/);
  });

  it('a database that takes no writes any more is away until it does', async () => {
    const superuser = address.replace(String(proxy.port), String(postgres.port));
    const { database, told } = await open();
    await Promise.all([ask(database), ask(database)]);
    const readOnly = async (value: string) => {
      await postgres.run(superuser, `alter system set default_transaction_read_only = ${value}`);
      await postgres.run(superuser, 'select pg_reload_conf()');
    };
    await readOnly('on');
    let failed: Error | undefined;
    for (let attempt = 0; attempt < 100 && !failed; attempt++) {
      await note(database, `read-only ${attempt}`).catch((error) => {
        failed = error;
      });
      await pause(20);
    }
    assert.match(String(failed), /does not take writes any more/);
    await assert.rejects(note(database, 'refused'), { code: 'SERVER_DATABASE_AWAY', message: /read-only/ });
    await readOnly('off');
    await untilAnswered(database);
    await note(database, 'taken again');
    assert.equal(told.back, 1);
  });

  it('ends in time with statements under way that nobody answers', async () => {
    const { database } = await open({ statementMs: 60_000, silentMs: 60_000 });
    await Promise.all(Array.from({ length: 5 }, () => ask(database)));
    proxy.setMode('silent');
    const waiting = Promise.allSettled(Array.from({ length: 8 }, () => ask(database)));
    await pause(50);
    const started = performance.now();
    database.abandon();
    await database.close();
    const ended = await waiting;
    assert.ok(performance.now() - started < 20_000, 'far below the times of statements');
    for (const { status } of ended) assert.equal(status, 'rejected');
    await assert.rejects(ask(database));
  });
});

describe('several hosts', () => {
  let standby: TestPostgres;
  before(async () => {
    standby = await startPostgres(['default_transaction_read_only=on']);
  });
  after(() => standby?.stop());

  it('the first one that takes writes is taken, after a failover too', async () => {
    const nobody = await unusedPort();
    const name = new URL(address).pathname;
    const hosts = `127.0.0.1:${nobody},127.0.0.1:${standby.port},127.0.0.1:${proxy.port}`;
    await assert.rejects(openDatabase(`postgres://moult@127.0.0.1:${nobody},127.0.0.1:${standby.port}/postgres`), {
      code: 'SERVER_DATABASE_AWAY',
      message: new RegExp(`127.0.0.1:${nobody}: connect ECONNREFUSED.*127.0.0.1:${standby.port}: it is read-only`),
    });
    await openDatabase(`postgres://moult@127.0.0.1:${standby.port}/postgres?target_session_attrs=any`).then((found) =>
      found.close(),
    );
    const { database } = await open({}, `postgres://moult@${hosts}${name}`);
    await note(database, 'written');
  });

  it('a primary that is gone: as soon as another host takes writes, work goes on there', async () => {
    const hosts = `127.0.0.1:${proxy.port},127.0.0.1:${standby.port}`;
    const { database, told } = await open({}, `postgres://moult@${hosts}/postgres`);
    const portNow = async () => {
      const { rows } = await sql<{ port: string }>`select current_setting('port') as port`.execute(database.tables);
      return Number(rows[0]?.port);
    };
    assert.equal(await portNow(), postgres.port);
    proxy.setMode('refusing');
    await assert.rejects(portNow(), { code: 'SERVER_DATABASE_AWAY' });
    await pause(300);
    await assert.rejects(portNow(), { code: 'SERVER_DATABASE_AWAY', message: /it is read-only/ });
    const direct = `postgres://moult@127.0.0.1:${standby.port}/postgres`;
    const promotion = 'alter database postgres set default_transaction_read_only = off';
    await standby.run(direct, 'set default_transaction_read_only = off', promotion);
    await untilAnswered(database);
    assert.equal(await portNow(), standby.port);
    assert.deepEqual([told.away.length, told.back], [1, 1]);
  });
});

function unusedPort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
