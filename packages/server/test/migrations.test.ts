// Databases as released versions left them (fixtures/databases, made by scripts/write-database-dump.ts) come up to date
// with everything in them, on both engines.
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseUpdateDocument, sampleIds } from '@moult/catalog';
import { sql } from 'kysely';
import { openLiveCatalogue } from '../src/catalogue/live-catalogue.ts';
import { openDatabase } from '../src/store/database.ts';
import { openServerStore, openStore, type Store } from '../src/store/index.ts';
import { migrate } from '../src/store/migrate.ts';
import { migrations } from '../src/store/migrations/index.ts';
import { serverVersion } from '../src/version.ts';
import { loadDump } from './database-dump.ts';
import { populated } from './populate.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

const folder = fileURLToPath(new URL('../../../fixtures/databases/', import.meta.url));
const now = () => new Date('2027-01-01T00:00:00Z');

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`databases of released versions (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    const scratch = mkdtempSync(join(tmpdir(), 'moult-migrations-'));
    let count = 0;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(async () => {
      await postgres?.stop();
      rmSync(scratch, { recursive: true, force: true });
    });
    const newAddress = async () => (postgres ? postgres.createDatabase() : join(scratch, `${++count}.sqlite`));

    const dumps = globSync(`*.${engine}.jsonl`, { cwd: folder }).sort();
    assert.ok(dumps.length > 0, 'there is a dump of a release');
    for (const file of dumps) {
      const dump = readFileSync(join(folder, file), 'utf8');

      it(`${basename(file)} is brought up to date, once, by what came after it`, async () => {
        const address = await newAddress();
        const before = await loadDump(address, dump);
        const known = migrations.map(({ name }) => name);
        assert.deepEqual(before, known.slice(0, before.length), 'a released migration keeps its name and its place');
        const database = await openDatabase(address);
        assert.deepEqual(await migrate(database, now()), known.slice(before.length));
        assert.deepEqual(await migrate(database, now()), []);
        await database.close();
      });

      it(`${basename(file)} is left as it is by a command, which says which version changes it`, async () => {
        const address = await newAddress();
        const before = await loadDump(address, dump);
        const missing = migrations.slice(before.length).map(({ name }) => name);
        assert.ok(missing.length > 0, 'something came after this release');
        await assert.rejects(openStore(address, { now }), (error: Error & { code: string }) => {
          assert.equal(error.code, 'SERVER_DATABASE_TOO_OLD');
          assert.ok(error.message.includes(missing.join(', ')));
          assert.ok(error.message.includes(`moult serve ${serverVersion}`));
          return true;
        });
        assert.deepEqual(await appliedIn(address), before);
      });

      it(`${basename(file)} loses nothing, and goes on`, async () => {
        const address = await newAddress();
        await loadDump(address, dump);
        const store = openServerStore(address, { now });
        await store.prepare();
        await holdsEverything(store);
        await goesOn(store);
        await store.close();
      });
    }
  });
}

async function appliedIn(address: string): Promise<string[]> {
  const database = await openDatabase(address);
  const { rows } = await sql<{ name: string }>`select name from migrations order by name`.execute(database.tables);
  await database.close();
  return rows.map(({ name }) => name);
}

async function holdsEverything(store: Store): Promise<void> {
  const { computerId, otherId, updates, at } = populated;
  assert.equal(await store.loadSetting('note'), "it's \\ kept\n");
  const identity = await store.loadServerIdentity('told', now());
  assert.deepEqual(identity.lastChange, at, 'clients need not fetch their configuration anew');

  const targeting = await store.loadTargeting(computerId);
  const web = (await store.loadGroups()).find(({ name }) => name === 'Größe <&>');
  assert.deepEqual(targeting, { isRegistered: true, groupIds: [web?.groupId] });
  assert.equal((await store.loadTargeting(otherId))?.isRegistered, false);
  const [clone] = await store.listClones(new Date(0));
  assert.equal(clone?.computerId, otherId);

  assert.equal(await store.countRevisions(), updates);
  const catalogue = await openLiveCatalogue(store, { unapproved: 'report' });
  const ids = [...catalogue.index.updates()].flatMap(({ revisions }) => revisions.map(({ revisionId }) => revisionId));
  assert.equal(ids.length, updates);
  const documents = await store.loadDocuments(ids);
  for (const xml of documents.values()) parseUpdateDocument(xml);
  assert.equal(documents.size, updates);
  assert.equal((await store.loadFragments('core', ids)).size, updates);

  const decisions = await store.listDeploymentsOf(sampleIds.update);
  assert.deepEqual(
    decisions.map(({ action, deadline }) => [action, deadline?.toISOString()]),
    [
      ['Install', '2027-01-01T00:00:00.000Z'],
      ['PreDeploymentCheck', undefined],
    ],
  );
  assert.deepEqual(await store.loadDeclined(), []);
  assert.equal((await store.findContentFile('0'.repeat(40)))?.state, 'present');

  const events = await store.listReportingEvents({ limit: 10 });
  assert.deepEqual(
    events.map(({ eventNumber, timeAtTarget }) => [eventNumber, timeAtTarget]),
    [
      [156, at],
      [147, at],
    ],
  );
  assert.deepEqual(
    (await store.listStatesOf(computerId)).map(({ updateId, state }) => [updateId, state]),
    [[sampleIds.update, 'notInstalled']],
  );
  const [ping] = await store.listSelfUpdateEvents();
  assert.deepEqual([ping?.computerId, ping?.agentVersion, ping?.occurredAt], [computerId, '5.4.0.1', at]);
  assert.equal((await store.loadCounters()).get('malformed-pings'), 3);
  assert.ok((await store.listAudit({ limit: 100 })).length >= 7);
}

/** Ids that were given are not given again, and what is written lands beside what was there. */
async function goesOn(store: Store): Promise<void> {
  const { computerId, at } = populated;
  const before = await store.listReportingEvents({ limit: 10 });
  const [newest] = before;
  assert.ok(newest);
  await store.recordReportingEvents(
    [newest, { ...newest, instanceId: 'a0000000-0000-0000-0000-00000000000f', eventNumber: 183 }],
    now(),
  );
  const after = await store.listReportingEvents({ limit: 10 });
  assert.deepEqual(
    after.map(({ eventNumber }) => eventNumber),
    [183, 156, 147],
  );
  await store.setMembership(computerId, 'Servers', true, { name: 'tester', at });
  assert.equal((await store.loadTargeting(computerId))?.groupIds.length, 2);
  const decision = { groupId: 'a0a08746-4dbe-4a37-9adf-9e7652c0b421', administrator: 'tester', deadline: undefined };
  await store.deploy({ ...decision, updateId: sampleIds.product, action: 'Block' }, now());
  const ids = (await store.loadDeployments()).map(({ deploymentId }) => deploymentId);
  assert.equal(new Set(ids).size, 3);
}
