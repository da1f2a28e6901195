// A newer server migrates the database while servers of the release before work on it: what their code says is answered
// as it always was, before, during and after. The recordings are in fixtures/databases/code (scripts/write-statements.ts).
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { openDatabase } from '../src/database.ts';
import { openServerStore } from '../src/index.ts';
import { migrate } from '../src/migrate.ts';
import { migrations } from '../src/migrations/index.ts';
import { holdsEverything } from './holds-everything.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { type RecordedLine, readStatements, replayStatements } from './statements.ts';

const folder = fileURLToPath(new URL('../../../fixtures/databases/code/', import.meta.url));
const at = new Date('2026-11-22T12:00:00Z');

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`an upgrade under servers of the release before (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    const scratch = mkdtempSync(join(tmpdir(), 'moult-upgrade-'));
    let count = 0;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(async () => {
      await postgres?.stop();
      rmSync(scratch, { recursive: true, force: true });
    });
    const newAddress = async () => (postgres ? postgres.createDatabase() : join(scratch, `${++count}.sqlite`));

    const files = globSync(`*.${engine}.jsonl`, { cwd: folder }).sort();
    // A release serves the one before it. Code of before that is refused by a contraction (schema.test.ts).
    const [file] = files.slice(-1);
    assert.ok(file, 'there is a recording');
    const newest = /^(\d{4})/.exec(file)?.[1] ?? '';
    const lines = readStatements(join(folder, file));
    const populated = lines.findIndex((line) => 'mark' in line && line.mark === 'populated');
    const known = migrations.filter(({ name }) => name.slice(0, 4) <= newest);

    it(`${file}: the recording is answered by the schema that it was made on`, async () => {
      const address = await newAddress();
      await migrateTo(address, known.length);
      assert.deepEqual(await replayStatements(address, lines), []);
    });

    // Between any two statements the schema may become the newest: before the first, in the middle, before the last.
    for (const share of [0, 0.1, 0.3, 0.5, 0.7, 0.9]) {
      it(`${file}: migrated after ${Math.round(share * 100)} % of its statements`, async () => {
        const address = await newAddress();
        await migrateTo(address, known.length);
        const split = betweenTransactions(lines, Math.floor(share * lines.length));
        assert.deepEqual(await replayStatements(address, lines.slice(0, split)), []);
        await migrateTo(address, migrations.length);
        assert.deepEqual(await replayStatements(address, lines.slice(split)), []);
      });
    }

    it(`${file}: a migration that takes away what its code needs is found out`, async () => {
      for (const statement of ['alter table computers rename column address to last_address', 'drop table counters']) {
        const address = await newAddress();
        await migrateTo(address, known.length);
        await using database = await openDatabase(address);
        await sql.raw(statement).execute(database.tables);
        await database.close();
        assert.notDeepEqual(await replayStatements(address, lines), [], statement);
      }
    });

    it(`${file}: what its code wrote into the newest schema is there for the newest code`, async () => {
      const address = await newAddress();
      await migrateTo(address, known.length);
      await migrateTo(address, migrations.length);
      assert.deepEqual(await replayStatements(address, lines.slice(0, populated)), []);
      await using store = openServerStore(address, { now: () => at });
      await store.prepare();
      // The next change takes the records of before into the chain.
      await store.recordChange({ name: 'tester', at }, { action: 'upgrade', subject: 'server' });
      await holdsEverything(store, undefined, { isMarked: newest >= '0006' });
    });
  });
}

async function migrateTo(address: string, steps: number): Promise<void> {
  await using database = await openDatabase(address);
  await migrate(database, at, migrations.slice(0, steps));
}

/** The next place from `index` on that is in no transaction: a migration waits for those that are under way. */
function betweenTransactions(lines: readonly RecordedLine[], index: number): number {
  let isOpen = false;
  for (const [place, line] of lines.entries()) {
    if (place >= index && !isOpen) return place;
    if (!('mark' in line) && /^begin/.test(line.sql)) isOpen = true;
    if (!('mark' in line) && /^(commit|rollback)/.test(line.sql)) isOpen = false;
  }
  return lines.length;
}
