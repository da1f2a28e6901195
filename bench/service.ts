// The service under load: 100,000 registered computers and 17,000 updates. The real server on SQLite has a process of
// its own, and the load is in this one. A figure that is compared with itself is per second of the server's processor
// time. Both sides take turns. So other work on the machine, or a host of changing speed, favours neither.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchRow } from '../scripts/bench.ts';
import {
  eventsPerBatch,
  type Ingest,
  ingest,
  inTurns,
  mixedComputers,
  type Round,
  sendersAtOnce,
} from './service/ingest.ts';
import { atOnce, createLoad, forget, type Machine } from './service/load.ts';
import { computerId, dailyComputers, type MachineScan } from './service/machines.ts';
import { type RunningServer, startServer } from './service/server.ts';

const updates = 17_000;
const computers = 100_000;
const storedEvents = 10_000_000;
const warmUpSeconds = 5;
const checkInSeconds = 20;
const ingestSeconds = 8;
const machinesAtOnce = 12;
const freshMachines = 1_000;
/** Of the comparison of events: each server so often, for so long, one after the other. */
const rounds = 12;
const roundSeconds = 2;
/** WSUS's published figure, on 4 cores. */
const wsusCheckInsPerSecond = 6;

/** All of its load comes from one address, as fast as it can. */
const noRates = ['--new-computers-per-second', '0', '--new-names-per-second', '0', '--report-kib-per-second', '0'];

const prepareProgram = fileURLToPath(new URL('service/prepare.ts', import.meta.url));

export async function bench(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'moult-bench-service-'));
  let server: RunningServer | undefined;
  let emptyServer: RunningServer | undefined;
  try {
    const dataDir = join(folder, 'data');
    const database = join(dataDir, 'moult.sqlite');
    const scansFile = join(folder, 'scans.json');
    const emptyDir = join(folder, 'empty');
    mkdirSync(dataDir);
    prepare('catalog', database, scansFile, updates, computers);
    cpSync(dataDir, emptyDir, { recursive: true });
    const scans = JSON.parse(readFileSync(scansFile, 'utf8')) as MachineScan[];
    server = await startServer(dataDir, noRates);
    const alone = await ingest(server, {
      nextComputer: mixedComputers(computers),
      seconds: ingestSeconds,
      warmUpSeconds: 2,
    });
    const rows = [...(await checkIns(server, scans)), ...(await freshStorm(server, scans)), memoryRow(server)];
    await server.stop();
    prepare('events', database, scansFile, storedEvents, computers);
    server = await startServer(dataDir, noRates);
    emptyServer = await startServer(emptyDir, noRates);
    const compared = await inTurns({ full: server, empty: emptyServer }, { computers, rounds, seconds: roundSeconds });
    return [...rows, ...ingestRows(alone, compared)];
  } finally {
    await server?.stop();
    await emptyServer?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function prepare(what: string, database: string, scans: string, ...counts: number[]): void {
  execFileSync(process.execPath, [prepareProgram, what, database, scans, ...counts.map(String)], { stdio: 'inherit' });
}

async function checkIns(server: RunningServer, scans: MachineScan[]): Promise<BenchRow[]> {
  const load = createLoad(server.url);
  const yesterday = new Date(Date.now());
  let next = 0;
  let done = 0;
  let until = performance.now() + warmUpSeconds * 1000;
  const worker = async () => {
    while (performance.now() < until) {
      await load.checkIn(machineOf(next++ % dailyComputers, scans, (id) => server.cookieOf(id, yesterday)));
      done++;
    }
  };
  await atOnce(machinesAtOnce, worker);
  forget(load.measured);
  done = 0;
  const begun = performance.now();
  const cpuBefore = server.cpuSeconds();
  until = begun + checkInSeconds * 1000;
  await atOnce(machinesAtOnce, worker);
  const rate = done / ((performance.now() - begun) / 1000);
  const perCoreSecond = done / (server.cpuSeconds() - cpuBefore);
  load.close();
  const { times } = load.measured;
  const p99 = percentile(times, 0.99);
  return [
    {
      what: `delta check-ins, ${(times.length / done).toFixed(0)} requests each, ${machinesAtOnce} machines at once; ${computers} computers, ${updates} updates`,
      ours: `${rate.toFixed(0)} /s; ${perCoreSecond.toFixed(0)} per second of the server's processor time`,
      peer: `WSUS's published figure, 4 cores: ${wsusCheckInsPerSecond} /s`,
      ratio: rate / wsusCheckInsPerSecond,
      wanted: '≥ 60 /s',
      met: rate >= 60,
    },
    absolute(
      'their requests: median, 99th percentile, slowest',
      `${percentile(times, 0.5).toFixed(0)}, ${p99.toFixed(0)}, ${percentile(times, 1).toFixed(0)} ms`,
      'p99 < 250 ms',
      p99 < 250,
    ),
  ];
}

async function freshStorm(server: RunningServer, scans: MachineScan[]): Promise<BenchRow[]> {
  const load = createLoad(server.url);
  const begun = performance.now();
  const machines = Array.from({ length: freshMachines }, (_, at) => machineOf(computers - 1 - at, scans));
  const results = await Promise.allSettled(machines.map((machine) => load.firstScan(machine)));
  const seconds = (performance.now() - begun) / 1000;
  load.close();
  const failed = results.filter(({ status }) => status === 'rejected');
  if (failed[0]?.status === 'rejected') console.error(String(failed[0].reason));
  const { times, bytes, statuses } = load.measured;
  const only200 = statuses.size === 1 && statuses.has(200) && failed.length === 0;
  const figures = `${freshMachines - failed.length} done in ${seconds.toFixed(0)} s, ${times.length} requests, ${(bytes / 1e6).toFixed(0)} MB`;
  return [
    absolute(`${freshMachines} fresh machines at once, whole first scans`, figures, 'no 5xx', only200),
    absolute(
      'their requests: median, 99th percentile, slowest',
      `${[0.5, 0.99, 1].map((share) => (percentile(times, share) / 1000).toFixed(1)).join(', ')} s`,
      'queue bounded: none waits for 60 s',
      percentile(times, 1) < 60_000,
    ),
  ];
}

function ingestRows(alone: Ingest, rounds: readonly Round[]): BenchRow[] {
  const show = ({ perSecond, perCoreSecond }: Ingest) =>
    `${perSecond.toFixed(0)} /s; ${perCoreSecond.toFixed(0)} per second of the server's processor time`;
  const medianOf = (pick: (round: Round) => number) => percentile(rounds.map(pick), 0.5);
  const sideOf = (side: 'full' | 'empty'): Ingest => ({
    perSecond: medianOf((round) => round[side].perSecond),
    perCoreSecond: medianOf((round) => round[side].perCoreSecond),
  });
  const ratio = medianOf(({ full, empty }) => full.perCoreSecond / empty.perCoreSecond);
  return [
    absolute(
      `events taken in, batches of ${eventsPerBatch}, ${sendersAtOnce} at once, each on disk before its answer`,
      show(alone),
      '≥ 5,000 /s',
      alone.perSecond >= 5000,
    ),
    {
      what: `the same with ${storedEvents / 1e6} million events stored, median of ${rounds.length} rounds`,
      ours: show(sideOf('full')),
      peer: `a server with none stored, in turns with it: ${show(sideOf('empty'))}`,
      ratio,
      wanted: '≥ 5,000 /s, and as fast (by processor time, 0.9)',
      met: sideOf('full').perSecond >= 5000 && ratio >= 0.9,
    },
  ];
}

function memoryRow(server: RunningServer): BenchRow {
  const mib = server.peakMib();
  return absolute('memory of the server after all that, at most', `${mib.toFixed(0)} MiB`, '< 1 GB', mib < 953);
}

function machineOf(number: number, scans: MachineScan[], cookieOf?: (id: string) => string): Machine {
  const id = computerId(number % computers);
  const scan = scans[number % scans.length];
  if (!scan) throw new Error('There is no scan.');
  return { id, name: `client-${number % computers}.example.test`, scan, oldCookie: cookieOf?.(id) };
}

function percentile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function absolute(what: string, ours: string, wanted: string, met: boolean): BenchRow {
  return { what, ours, peer: '', ratio: Number.NaN, wanted, met };
}
