// node scripts/write-statements.ts: writes the statements that the code of this very release sends to its database,
// into fixtures/databases/code. Run it once per release and before the next migration. The file is named after the
// newest migration that this code knows. packages/store/test/upgrade.test.ts holds each later schema to answering it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../packages/store/src/database.ts';
import { storeOf } from '../packages/store/src/index.ts';
import { migrate } from '../packages/store/src/migrate.ts';
import { migrations } from '../packages/store/src/migrations/index.ts';
import { doesEverything, goesOn, holdsEverything } from '../packages/store/test/holds-everything.ts';
import { populate, populated } from '../packages/store/test/populate.ts';
import { startPostgres } from '../packages/store/test/postgres.ts';
import { recordingDatabase, writeStatements } from '../packages/store/test/statements.ts';

const target = fileURLToPath(new URL('../fixtures/databases/code/', import.meta.url));
const newest = migrations.at(-1)?.name.slice(0, 4);
const folder = mkdtempSync(join(tmpdir(), 'moult-statements-'));
const postgres = await startPostgres();
try {
  for (const [engine, address] of [
    ['sqlite', join(folder, 'moult.sqlite')],
    ['postgres', await postgres.createDatabase()],
  ] as const) {
    const database = await openDatabase(address);
    await migrate(database, populated.at);
    await database.close();
    const recording = recordingDatabase(address);
    const store = storeOf(recording.database, () => populated.at);
    await populate(store);
    recording.mark('populated');
    await holdsEverything(store);
    await goesOn(store);
    await doesEverything(store);
    await store.close();
    writeFileSync(join(target, `${newest}.${engine}.jsonl`), writeStatements(recording.lines));
  }
} finally {
  await postgres.stop();
  rmSync(folder, { recursive: true });
}
