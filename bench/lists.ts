// Lists of a server with 20,000 computers and 3,000 updates: every list, filter and page, on both engines. The database
// has only the rows of the bench. The slowest of five runs counts, the first one included.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Administration } from '@moult/administration';
import {
  listAudit,
  listComputers,
  listGroups,
  listReports,
  listStatusPings,
  listUpdates,
  readStatus,
  showComputer,
  showUpdate,
} from '@moult/administration';
import { loadConfig } from '../packages/administration/src/config/index.ts';
import { openDatabase } from '../packages/store/src/database.ts';
import { storeOf } from '../packages/store/src/index.ts';
import { migrate } from '../packages/store/src/migrate.ts';
import { startPostgres } from '../packages/store/test/postgres.ts';
import type { BenchRow } from '../scripts/bench.ts';
import { analyze, fill, filled, updateId } from './lists/fill.ts';

const wantedMs = 500;
const now = new Date();

export async function bench(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'moult-bench-lists-'));
  // One engine alone, if both take too long: MOULT_BENCH_ENGINE=sqlite
  const only = process.env.MOULT_BENCH_ENGINE;
  const postgres = only === 'sqlite' ? undefined : await startPostgres();
  try {
    return [
      ...(only === 'postgres' ? [] : await benchOn('SQLite', join(folder, 'moult.sqlite'), folder)),
      ...(postgres ? await benchOn('PostgreSQL', await postgres.createDatabase(), folder) : []),
    ];
  } finally {
    await postgres?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchOn(engine: string, address: string, dataDir: string): Promise<BenchRow[]> {
  const database = await openDatabase(address, { limits: { statementMs: 0 } });
  await migrate(database, now);
  await fill(database, now.getTime());
  const store = storeOf(database, () => now);
  await store.readUpdateFacts();
  await store.sortComputers();
  // The service does so every few seconds: no list waits for a million changes.
  while ((await store.addUpFigures()) > 0);
  await analyze(database);
  const loaded = loadConfig({ flags: { dataDir }, environment: {} });
  const server = { ...loaded, configFile: undefined, dataDir, database: address, contentDir: join(dataDir, 'content') };
  const administration: Administration = { store, server, author: { name: 'bench', at: now } };
  const rows: BenchRow[] = [];
  try {
    for (const [what, ask] of asked(administration)) rows.push(await measured(`${engine}: ${what}`, ask));
  } finally {
    await store.close();
  }
  return rows;
}

const page = { limit: 200 };

function asked(administration: Administration): [string, () => Promise<unknown>][] {
  const computers = (query: object) => () => listComputers(administration, { ...page, ...query });
  const updates = (query: object) => () => listUpdates(administration, { ...page, ...query });
  const reports = (query: object) => () => listReports(administration, { ...page, ...query });
  return [
    ['computers', computers({})],
    ['computers, all of them', computers({ limit: 0 })],
    ['computers, the last page', lastPage((cursor) => listComputers(administration, { limit: 5000, cursor }))],
    [
      'computers by last contact, most needed, system',
      all(
        computers({ sort: 'last-contact' }),
        computers({ sort: 'needed', isDescending: true }),
        computers({ sort: 'system' }),
      ),
    ],
    ['computers that need, that fail', all(computers({ isNeeding: true }), computers({ isFailing: true }))],
    ['computers that are silent', computers({ silentDays: 30, sort: 'last-contact' })],
    [
      'computers of a group, of two groups and below',
      all(computers({ groups: ['Group 7'] }), computers({ groups: ['All Computers', 'Group 7'], below: true })),
    ],
    [
      'computers by agent, by system, by part of a name',
      all(
        computers({ agent: 'sus' }),
        computers({ agent: '10.0.3' }),
        computers({ system: 'windows 7' }),
        computers({ search: '-1999' }),
      ),
    ],
    ['computers that need one update', computers({ update: updateId, states: ['notInstalled'] })],
    ['computers where one update does not apply', computers({ update: updateId, states: ['notApplicable'] })],
    ['one computer', () => showComputer(administration, 'pc-77.example.test')],
    ['updates', updates({})],
    ['updates, all of them', updates({ limit: 0 })],
    ['updates, most needed', updates({ sort: 'needed', isDescending: true })],
    ['updates that are needed, that fail', all(updates({ isNeeded: true }), updates({ isFailed: true }))],
    [
      'updates by article, title, severity',
      all(updates({ article: 'KB5000077' }), updates({ search: 'product 31' }), updates({ severities: ['critical'] })),
    ],
    [
      'updates by classification, by product',
      all(updates({ classification: 'Classification 3' }), updates({ product: 'Product 11' })),
    ],
    [
      'updates by approval, for a group, superseded',
      all(
        updates({ approval: 'approved' }),
        updates({ approval: 'unapproved' }),
        updates({ approval: 'declined' }),
        updates({ group: 'Group 7' }),
        updates({ isSuperseded: true }),
      ),
    ],
    ['one update', () => showUpdate(administration, updateId)],
    ['groups', () => listGroups(administration, page)],
    ['reports', reports({})],
    ['reports, the newest faults', reports({ isFailed: true })],
    [
      'reports of a computer, of an update',
      all(reports({ computer: 'pc-77.example.test' }), reports({ update: updateId })),
    ],
    ['reports of one number', reports({ eventNumber: 182 })],
    ['status pings', () => listStatusPings(administration, page)],
    [
      'audit, of one update',
      all(
        () => listAudit(administration, page),
        () => listAudit(administration, { ...page, update: updateId }),
      ),
    ],
    ['the home page', () => administration.store.loadHomeFacts(40)],
    ['status', () => readStatus(administration)],
  ];
}

function all(...asks: (() => Promise<unknown>)[]): () => Promise<unknown> {
  return async () => {
    let slowest = 0;
    for (const ask of asks) {
      const begun = performance.now();
      await ask();
      slowest = Math.max(slowest, performance.now() - begun);
    }
    return slowest;
  };
}

/** Time of the last page alone. */
function lastPage(ask: (cursor: string | undefined) => Promise<{ next: string | undefined }>) {
  return async () => {
    for (let cursor: string | undefined; ; ) {
      const begun = performance.now();
      const { next } = await ask(cursor);
      if (next === undefined) return performance.now() - begun;
      cursor = next;
    }
  };
}

async function measured(what: string, ask: () => Promise<unknown>): Promise<BenchRow> {
  let slowest = 0;
  let fastest = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run++) {
    const begun = performance.now();
    const own = await ask();
    const took = typeof own === 'number' ? own : performance.now() - begun;
    slowest = Math.max(slowest, took);
    fastest = Math.min(fastest, took);
  }
  return {
    what: `${what} (${filled.computers.toLocaleString('en')} computers, ${filled.updates.toLocaleString('en')} updates)`,
    ours: `${slowest.toFixed(0)} ms (fastest ${fastest.toFixed(0)})`,
    ...{ peer: '', ratio: Number.NaN, wanted: `< ${wantedMs} ms`, met: slowest < wantedMs },
  };
}
