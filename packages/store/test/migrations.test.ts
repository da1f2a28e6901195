// Databases as released versions left them (fixtures/databases, made by scripts/write-database-dump.ts) come up to date
// with everything in them, on both engines.
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { openDatabase } from '../src/database.ts';
import { openServerStore, openStore } from '../src/index.ts';
import { migrate } from '../src/migrate.ts';
import { migrations } from '../src/migrations/index.ts';
import { serverVersion } from '../src/version.ts';
import { loadDump } from './database-dump.ts';
import { goesOn, holdsEverything } from './holds-everything.ts';
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
        await using database = await openDatabase(address);
        assert.deepEqual(await migrate(database, now()), known.slice(before.length));
        assert.deepEqual(await migrate(database, now()), []);
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
        await using store = openServerStore(address, { now });
        await store.prepare();
        await holdsEverything(store, populated.at);
        await goesOn(store);
      });
    }
  });
}

async function appliedIn(address: string): Promise<string[]> {
  await using database = await openDatabase(address);
  const { rows } = await sql<{ name: string }>`select name from migrations order by name`.execute(database.tables);
  return rows.map(({ name }) => name);
}
