// Until 0.1 a revision's summary was JSON in one column; the migration takes it apart in SQL, so what stands in it matters:
// texts of strangers (hardware ids) with all that JSON and SQL know.
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encodeSummary, parseUpdateDocument, summarize, type UpdateSummary } from '@moult/catalog';
import { type Kysely, sql } from 'kysely';
import { generateCatalog } from '../../catalog/test/generate-catalog.ts';
import { type Database, openDatabase } from '../src/database.ts';
import { migrate } from '../src/migrate.ts';
import { migrations } from '../src/migrations/index.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

const captures = fileURLToPath(new URL('../../../fixtures/captures/wsus-m0-wsusss/docs/', import.meta.url));
const at = new Date('2026-11-22T12:00:00Z');

const oddIds = [
  'PCI\\VEN_1"],"bundleClauses":[',
  `A'B;C|D"isExpired":true`,
  '{"$map":[]}',
  'Größe\u0001\u{1f600}&',
  '$1%_',
];

function driver(hardwareIds: readonly string[], isExpired: boolean): UpdateSummary {
  const [xml = ''] = globSync('*-r202.xml', { cwd: captures }).map((name) =>
    readFileSync(join(captures, name), 'utf8'),
  );
  const summary = summarize(parseUpdateDocument(xml));
  const row = {
    ...{ driverClass: 'Net', manufacturer: 'M', provider: 'P', model: 'm', company: 'C', whqlDriverId: 1 },
    ...{ driverVerDate: '2026-01-01', driverVerVersion: 0x0001_0002_0003_0004n, featureScores: new Map([['5.1', 7]]) },
  };
  const drivers = hardwareIds.map((hardwareId) => ({ ...row, hardwareId })) as unknown as UpdateSummary['drivers'];
  return { ...summary, isExpired, drivers };
}

function summaries(): UpdateSummary[] {
  const documents = [
    ...generateCatalog(200),
    ...globSync('*.xml', { cwd: captures }).map((name) => readFileSync(join(captures, name), 'utf8')),
  ];
  const all = documents.map((xml) => summarize(parseUpdateDocument(xml)));
  const odd = [driver(oddIds, false), driver(['A'], true), driver([], true)];
  return [
    ...all,
    ...odd.map((one, number) => ({ ...one, identity: { ...one.identity, revisionNumber: 900 + number } })),
  ];
}

/** As 0.1 wrote it. */
function json(summary: UpdateSummary): string {
  return JSON.stringify(summary, (_, value: unknown) => {
    if (typeof value === 'bigint') return { $bigint: value.toString() };
    return value instanceof Map ? { $map: [...value] } : value;
  });
}

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`summaries of revisions (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    const scratch = mkdtempSync(join(tmpdir(), 'moult-summaries-'));
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(async () => {
      await postgres?.stop();
      rmSync(scratch, { recursive: true, force: true });
    });

    it('that 0.1 wrote are, brought up to date, what an import writes today', async () => {
      await using database = await openDatabase(
        postgres ? await postgres.createDatabase() : join(scratch, 'moult.sqlite'),
      );
      const split = migrations.findIndex(({ name }) => name.startsWith('0004'));
      await migrate(database, at, migrations.slice(0, split));
      const known = summaries();
      for (const summary of known) await insertAsBefore(database, summary);
      await migrate(database, at);
      const rows = await database.tables.selectFrom('revision_summaries').selectAll().orderBy('revision_id').execute();
      assert.equal(rows.length, known.length);
      for (const [index, row] of rows.entries()) {
        const wanted = encodeSummary(known[index] as UpdateSummary);
        assert.deepEqual(
          {
            ...{ updateId: row.update_id, revisionNumber: row.revision_number, updateType: row.update_type },
            ...{ explicitlyDeployable: row.explicitly_deployable === 1, isExpired: row.is_expired === 1 },
            ...{ clauses: row.clauses, more: row.more ?? undefined },
          },
          wanted,
        );
      }
    });
  });
}

async function insertAsBefore({ tables }: Database, summary: UpdateSummary): Promise<void> {
  const untyped = tables as unknown as Kysely<unknown>;
  const { updateId, revisionNumber } = summary.identity;
  await sql`insert into updates (update_id, is_declined, changed_at) values (${updateId}, 0, 0) on conflict do nothing`.execute(
    untyped,
  );
  const nothing = Buffer.alloc(0);
  await sql`insert into revisions (update_id, revision_number, update_type, title, document, document_bytes, core, extended,
      summary, imported_at) values (${updateId}, ${revisionNumber}, ${summary.updateType}, '', ${nothing}, 0, ${nothing},
      ${nothing}, ${json(summary)}, ${at.getTime()})`.execute(untyped);
}
