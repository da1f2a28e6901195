// The catalog's figures: import, warm start, and SyncUpdates decisions that must not grow with the catalog.
// Imports and warm starts run in a process of their own, so that memory is theirs alone.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchRow } from '../scripts/bench.ts';
import { type Measured, measure } from './catalog/decisions.ts';

const worker = fileURLToPath(new URL('catalog/store-worker.ts', import.meta.url));

export async function bench(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'moult-bench-catalog-'));
  try {
    return [...decisionRows(), ...storeRows(folder)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function storeRows(folder: string): BenchRow[] {
  const rows: BenchRow[] = [];
  for (const updates of [10_000, 100_000]) {
    const database = join(folder, `${updates}.sqlite`);
    const { seconds, peakMib } = runWorker('import', database, updates);
    const rate = updates / seconds;
    const what = `import of ${updates} documents (6.7 KB each) into SQLite`;
    rows.push(absolute(what, `${rate.toFixed(0)} documents/s`, '≥ 2,000 documents/s', rate >= 2000));
    rows.push(absolute('its memory', `${peakMib.toFixed(0)} MiB at most`, '< 1 GB', peakMib < 953));
    if (updates !== 100_000) continue;
    const start = runWorker('start', database, updates);
    const found = `${start.seconds.toFixed(2)} s, ${start.peakMib.toFixed(0)} MiB`;
    rows.push(absolute(`warm start with ${updates} updates`, found, '< 3 s', start.seconds < 3));
  }
  return rows;
}

function runWorker(what: 'import' | 'start', database: string, updates: number): { seconds: number; peakMib: number } {
  return JSON.parse(execFileSync(process.execPath, [worker, what, database, String(updates)], { encoding: 'utf8' }));
}

type Timed = 'upToDateMs' | 'freshMs' | 'halfWayMs';

const kinds: { what: string; key: Timed; limitMs: number }[] = [
  { what: 'SyncUpdates, client up to date', key: 'upToDateMs', limitMs: 1 },
  { what: 'SyncUpdates, first page of a fresh client', key: 'freshMs', limitMs: 5 },
  { what: 'SyncUpdates, page of a client half way', key: 'halfWayMs', limitMs: 5 },
];

function decisionRows(): BenchRow[] {
  const sizes = [measure(1_000), measure(100_000)] as const;
  return kinds.flatMap(({ what, key, limitMs }) => {
    const growth = sizes[1][key] / sizes[0][key];
    return [
      ...sizes.map((measured) => decisionRow(what, measured, key, limitMs)),
      absolute(
        `${what}: growth from 1,000 to 100,000 updates`,
        `${growth.toFixed(2)} times`,
        '≤ 1.5 times',
        growth <= 1.5,
      ),
    ];
  });
}

function decisionRow(what: string, measured: Measured, key: Timed, limitMs: number): BenchRow {
  const ms = measured[key];
  return {
    what: `${what}, ${measured.updates} updates, ${measured.cachedIds} of them the client's`,
    ours: `${ms.toFixed(3)} ms`,
    peer: `looking at every revision: ${measured.everyRevisionMs.toFixed(3)} ms`,
    ratio: measured.everyRevisionMs / ms,
    wanted: `< ${limitMs} ms`,
    met: ms < limitMs,
  };
}

function absolute(what: string, ours: string, wanted: string, met: boolean): BenchRow {
  return { what, ours, peer: '', ratio: Number.NaN, wanted, met };
}
