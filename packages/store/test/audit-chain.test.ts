// The chain of audit records on both engines: whoever writes at the same time, it does not fork, and whatever is changed
// behind the server's back is found, with the record where it begins.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { appendToChain, lockHead } from '../src/audit-chain.ts';
import { backUp } from '../src/backup/backup.ts';
import { restore } from '../src/backup/restore.ts';
import { auditHeadFile, keepAuditHead, readNotedHead, writeNotedHead } from '../src/data-dir/audit-head.ts';
import { type Database, openDatabase } from '../src/database.ts';
import { type AuditHead, openStore, type Store } from '../src/index.ts';
import type { Tables } from '../src/schema.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

const at = new Date('2026-11-22T12:00:00Z');
const author = { name: 'anna', at };
const now = () => at;

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`the chain of audit records (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let folder: string;
    let address: string;
    let store: Store;
    let database: Database;
    let files = 0;
    const newAddress = async () => postgres?.createDatabase() ?? join(folder, `${++files}.sqlite`);
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'moult-audit-'));
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(async () => {
      await store?.close();
      await database?.close();
      await postgres?.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    });
    beforeEach(async () => {
      await store?.close();
      await database?.close();
      address = await newAddress();
      store = await openStore(address, { now });
      database = await openDatabase(address);
    });
    const record = (subject: string) => store.recordChange(author, { action: 'do', subject, after: { é: '"\\\n' } });
    const fill = async (records: number) => {
      for (let number = 1; number <= records; number++) await record(`subject ${number}`);
    };

    it('is read on from any record, in order', async () => {
      for (const subject of ['one', 'two', 'three']) await store.recordChange(author, { action: 'test', subject });
      const all = await store.listAuditAfter(0, 10);
      assert.deepEqual(
        all.map(({ subject }) => subject),
        ['one', 'two', 'three'],
      );
      const rest = await store.listAuditAfter(all[0]?.auditId ?? 0, 1);
      assert.deepEqual(
        rest.map(({ subject }) => subject),
        ['two'],
      );
    });

    it('stands beside settings that change in one step: of many changes at once none is lost', async () => {
      await store.saveSetting('count', '0');
      const more = () => store.changeSetting('count', (before) => String(Number(before) + 1));
      await Promise.all(Array.from({ length: 10 }, more));
      assert.equal(await store.loadSetting('count'), '10');
      assert.equal(await store.changeSetting('count', () => undefined), false);
      assert.equal(await store.changeSetting('count', () => null), true);
      assert.equal(await store.loadSetting('count'), undefined);
    });

    it('does not fork when many write at once, and a change that failed leaves no gap', async () => {
      // On SQLite stores of one process would wait for each other with the process held: there it is one.
      await using opened = new AsyncDisposableStack();
      const others: Store[] = [];
      for (let count = 0; engine === 'postgres' && count < 3; count++)
        others.push(opened.use(await openStore(address, { now })));
      const all = [store, ...others];
      const writes = Array.from({ length: 60 }, (_, number) => {
        const one = all[number % all.length] as Store;
        if (number % 3 === 0) return one.createGroup(`Group ${number % 9}`, undefined, author).catch(() => undefined);
        return one.recordChange(author, { action: 'do', subject: String(number) });
      });
      await Promise.all(writes);
      const check = await store.checkAudit();
      assert.deepEqual([check.isIntact, check.records], [true, 40 + 3]);
    });

    it('is intact when it is read while others write', async () => {
      await fill(20);
      const writing = fill(40);
      for (let reads = 0; reads < 10; reads++) assert.equal((await store.checkAudit()).broken, undefined);
      await writing;
    });

    const tampering: Record<string, [statement: string, reason: string, number: number | undefined]> = {
      'another actor': ["update audit set actor = 'eve' where chain_number = 4", 'changed', 4],
      'another time': ['update audit set occurred_at = occurred_at + 1 where chain_number = 1', 'changed', 1],
      'another action': ["update audit set action = 'x' where chain_number = 9", 'changed', 9],
      'another subject': ["update audit set subject = '' where chain_number = 2", 'changed', 2],
      'other contents': ["update audit set after = '{}' where chain_number = 3", 'changed', 3],
      'contents where there were none': ["update audit set before = 'null' where chain_number = 3", 'changed', 3],
      'another id': ['update audit set audit_id = 99 where chain_number = 5', 'changed', 5],
      'another digest': ["update audit set digest = 'x' where chain_number = 6", 'changed', 6],
      'one taken out': ['delete from audit where chain_number = 4', 'missing', 4],
      'the first taken out': ['delete from audit where chain_number = 1', 'missing', 1],
      'the last two taken out': ['delete from audit where chain_number > 7', 'missing', 8],
      'all taken out': ['delete from audit', 'missing', 1],
      'one taken out of the chain': [
        'update audit set chain_number = null, digest = null where chain_number = 4',
        'missing',
        4,
      ],
      'one moved to the end': ['update audit set chain_number = 10 where chain_number = 4', 'missing', 4],
      'one added': [
        "insert into audit (occurred_at, actor, action, subject) values (1, 'eve', 'do', 'x')",
        'not-chained',
        undefined,
      ],
      'one added behind the head': [
        "insert into audit (occurred_at, actor, action, subject, chain_number) values (1, 'eve', 'do', 'x', 10)",
        'changed',
        10,
      ],
      'another head': ["update configuration set value = '8 x' where name = 'audit-head'", 'behind-the-head', 1],
    };
    for (const [what, [statement, reason, number]] of Object.entries(tampering)) {
      it(`tells of ${what}`, async () => {
        await fill(9);
        assert.equal((await store.checkAudit()).isIntact, true);
        await sql.raw(statement).execute(database.tables);
        const { isIntact, broken } = await store.checkAudit();
        assert.deepEqual([isIntact, broken?.reason, broken?.number], [false, reason, number]);
        if (reason === 'changed') assert.ok(broken?.record, 'the record is named');
      });
    }

    it('cut short or made anew together with its head, it is found out by the head that was noted', async () => {
      await fill(9);
      const noted = await store.loadAuditHead();
      await makeAnew(database.tables, 'delete from audit where chain_number > 7', { after: 7 });
      assert.equal((await store.checkAudit()).isIntact, true, 'nothing in the database tells');
      const cut = await store.checkAudit(noted);
      assert.deepEqual([cut.broken?.reason, cut.broken?.number], ['missing', 8]);
      await fill(2);
      const other = await store.checkAudit(noted);
      assert.deepEqual([other.broken?.reason, other.broken?.number], ['other-chain', 9]);
      await makeAnew(database.tables, "update audit set actor = 'eve' where chain_number = 2", { after: 1 });
      assert.equal((await store.checkAudit()).isIntact, true);
      assert.equal((await store.checkAudit(noted)).broken?.number, 9);
    });

    it('takes in what an older version wrote meanwhile, and says so', async () => {
      await fill(2);
      const old = { occurred_at: 5, actor: 'old', action: 'approve update', subject: 'x', before: null, after: null };
      await database.tables.insertInto('audit').values([old, old]).execute();
      assert.equal((await store.checkAudit()).broken?.reason, 'not-chained');
      await record('next');
      const { isIntact, records } = await store.checkAudit();
      assert.deepEqual([isIntact, records], [true, 6]);
      const [, taken] = await store.listAudit({ limit: 2 });
      assert.deepEqual([taken?.actor, taken?.action, taken?.after], ['moult', 'take records into the chain', [3, 4]]);
    });

    it('goes on from its last record when its head was taken away', async () => {
      await fill(3);
      await sql`delete from configuration where name = 'audit-head'`.execute(database.tables);
      await record('next');
      const { isIntact, records } = await store.checkAudit();
      assert.deepEqual([isIntact, records], [true, 4]);
    });

    it('survives a backup and a restore, and goes on', async () => {
      await fill(5);
      const dataDir = mkdtempSync(join(folder, `data-${engine}-`));
      const source = join(folder, `backup-${engine}`);
      await backUp({ database: address, dataDir, target: source, version: '0', now: at });
      const elsewhere = await newAddress();
      await restore({ database: elsewhere, dataDir, source, author });
      await using restored = await openStore(elsewhere, { now });
      await restored.recordChange(author, { action: 'do', subject: 'after it' });
      const noted = readNotedHead(dataDir, (await restored.loadSetting('server-id')) ?? '');
      assert.equal(noted?.records, 6, 'the record of the restore itself');
      const { isIntact, records } = await restored.checkAudit(noted);
      assert.deepEqual([isIntact, records], [true, 7]);
    });

    it('its head is noted in the data directory, never one that is further back, and not that of another server', async () => {
      const dataDir = mkdtempSync(join(folder, 'data-'));
      await store.loadServerIdentity('told', at);
      const serverId = (await store.loadSetting('server-id')) ?? '';
      const keeper = keepAuditHead({ store, dataDir, now });
      await fill(3);
      await keeper.close();
      assert.deepEqual(readNotedHead(dataDir, serverId), {
        ...{ serverId, at: at.toISOString() },
        ...(await store.loadAuditHead()),
      });
      const text = readFileSync(auditHeadFile(dataDir), 'utf8');
      await makeAnew(database.tables, 'delete from audit where chain_number > 1', { after: 1 });
      const logged: unknown[] = [];
      const log = { error: (facts: unknown) => logged.push(facts), info() {}, warn() {} } as never;
      const again = keepAuditHead({ store, dataDir, now, log });
      await again.compare();
      assert.deepEqual(logged, [{ noted: 3, found: 1 }]);
      await record('one more');
      await again.close();
      assert.equal(readFileSync(auditHeadFile(dataDir), 'utf8'), text, 'the evidence stays');
      assert.equal(readNotedHead(dataDir, 'another server'), undefined);
      writeFileSync(auditHeadFile(dataDir), '{');
      await record('and one');
      await again.close();
      assert.equal(readNotedHead(dataDir, serverId)?.records, 3);
    });

    it('its head outlives the database of another server, and tells of records that went missing meanwhile', async () => {
      const dataDir = mkdtempSync(join(folder, 'data-'));
      await store.loadServerIdentity('told', at);
      const serverId = (await store.loadSetting('server-id')) ?? '';
      await fill(3);
      writeNotedHead(dataDir, { serverId, ...(await store.loadAuditHead()), at: at.toISOString() });
      const another = '11111111-1111-4111-8111-111111111111';
      writeNotedHead(dataDir, { serverId: another, records: 9, digest: 'x', at: at.toISOString() });
      await makeAnew(database.tables, 'delete from audit where chain_number > 1', { after: 1 });
      const { isIntact } = await store.checkAudit(readNotedHead(dataDir, serverId));
      assert.equal(isIntact, false);
      assert.equal(readNotedHead(dataDir, another)?.records, 9);
    });

    it('a data directory that cannot be written to stops no change', async () => {
      const keeper = keepAuditHead({ store, dataDir: join(folder, 'nowhere'), now });
      await fill(1);
      await keeper.close();
      assert.ok(!existsSync(join(folder, 'nowhere')));
    });
  });
}

/** What somebody does who can write to the database and knows how chains are made. */
async function makeAnew(tables: Kysely<Tables>, statement: string, { after }: { after: number }): Promise<void> {
  await sql.raw(statement).execute(tables);
  await tables.transaction().execute(async (transaction) => {
    await lockHead(transaction);
    const kept = await transaction.selectFrom('audit').selectAll().orderBy('chain_number').execute();
    const last = kept[after - 1];
    const head: AuditHead = { records: after, digest: last?.digest ?? '' };
    const rest = kept.slice(after);
    // Numbers are taken away first: each is there once.
    await sql`update audit set chain_number = null where chain_number > ${after}`.execute(transaction);
    await appendToChain(transaction, head, rest);
  });
}
