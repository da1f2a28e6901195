// node scripts/write-database-dump.ts VERSION: what a database of this very release looks like, into fixtures/databases, once
// per release and before the next migration. packages/store/test/migrations.test.ts brings each of them up to date.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStore } from '../packages/store/src/index.ts';
import { dumpDatabase } from '../packages/store/test/database-dump.ts';
import { populate, populated } from '../packages/store/test/populate.ts';
import { startPostgres } from '../packages/store/test/postgres.ts';

const [version = ''] = process.argv.slice(2);
if (!/^\d+\.\d+$/.test(version)) {
  console.error('usage: node scripts/write-database-dump.ts VERSION, such as 0.1');
  process.exit(2);
}
const target = fileURLToPath(new URL('../fixtures/databases/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'moult-dump-'));
const postgres = await startPostgres();
try {
  mkdirSync(target, { recursive: true });
  for (const [engine, address] of [
    ['sqlite', join(folder, 'moult.sqlite')],
    ['postgres', await postgres.createDatabase()],
  ] as const) {
    const store = await openStore(address, { now: () => populated.at });
    await populate(store);
    await store.close();
    writeFileSync(join(target, `${version}.${engine}.jsonl`), await dumpDatabase(address));
  }
} finally {
  await postgres.stop();
  rmSync(folder, { recursive: true });
}
