// Floods of 30 s each over 100 connections, beside honest clients: 8 computers check in each second. 100,000 computers
// do that on a Monday. The server runs with its defaults. It and each flood have a process of their own. The flood
// comes once from an address of its own. Then it comes from that of the honest clients, as behind one router.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchRow } from '../scripts/bench.ts';
import { introduce } from './floods/honest.ts';
import { floodKinds } from './floods/kinds.ts';
import { bytesIn, type Flood, residentMib, runFlood } from './floods/run-flood.ts';
import { type RunningServer, startServer } from './service/server.ts';

const seconds = Number(process.env.MOULT_BENCH_SECONDS ?? 30);
const load = { seconds, checkInsPerSecond: 8, computers: 200 };
const connections = 100;
const moult = fileURLToPath(new URL('../packages/cli/bin/moult.js', import.meta.url));
const mib = 1_048_576;
/** The growth that one address may cause in a flood by the rates of docs/limits.md. 45 MiB of it is the access log. */
const grownMib = { 'new computers': 80, names: 60, pings: 80, 'refused requests': 80, 'big reports': 250 };

export async function bench(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'moult-bench-floods-'));
  const dataDir = join(folder, 'data');
  mkdirSync(dataDir);
  const server = await startServer(dataDir);
  try {
    await introduce(server.url, load.computers);
    const rows: BenchRow[] = [];
    for (const from of ['127.0.0.2', '127.0.0.1']) {
      for (const kind of floodKinds) rows.push(...(await flooded(server, dataDir, { kind, connections, from })));
    }
    return [...rows, ...afterwards(server, dataDir, await homeMs(server.url))];
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function flooded(server: RunningServer, dataDir: string, flood: Flood): Promise<BenchRow[]> {
  const before = bytesIn(dataDir);
  let mostMib = 0;
  const watch = setInterval(() => {
    mostMib = Math.max(mostMib, residentMib(server.pid));
  }, 200);
  const { honest, answers } = await runFlood(server.url, flood, load);
  clearInterval(watch);
  const grown = (bytesIn(dataDir) - before) / mib;
  const home = await homeMs(server.url);
  const { times, statuses, broken } = honest;
  const [p50, p99, slowest] = [0.5, 0.99, 1].map((share) => percentile(times, share));
  const ok = broken.length === 0 && [...statuses.keys()].every((status) => status === 200);
  const same = flood.from === '127.0.0.1' ? ', from the address of the honest clients' : '';
  const figures = `${p50?.toFixed(0)}, ${p99?.toFixed(0)}, ${slowest?.toFixed(0)} ms; statuses ${show(Object.fromEntries(statuses))}`;
  if (broken[0]) console.error(`${broken.length} check-ins broke off: ${broken[0]}`);
  return [
    row(
      `flood of ${flood.kind}, ${seconds} s, ${connections} connections${same}: ${times.length} honest requests, median, 99th percentile, slowest`,
      `${figures}; the flood got ${show(answers)}; load ${loadavg()[0]?.toFixed(1)}`,
      'p99 < 250 ms, all 200',
      (p99 ?? Number.NaN) < 250 && ok,
    ),
    row(
      'then: data directory grew, memory at most, home page',
      `${grown.toFixed(1)} MiB, ${mostMib.toFixed(0)} MiB, ${home.toFixed(0)} ms`,
      `≤ ${grownMib[flood.kind]} MiB, < 1024 MiB, < 1 s`,
      grown <= grownMib[flood.kind] && mostMib < 1024 && home < 1000,
    ),
  ];
}

function afterwards(server: RunningServer, dataDir: string, home: number): BenchRow[] {
  const begun = performance.now();
  execFileSync(process.execPath, [moult, 'status', '--data-dir', dataDir], { stdio: 'ignore' });
  const status = performance.now() - begun;
  return [
    row(
      'after all floods: moult status, home page',
      `${status.toFixed(0)}, ${home.toFixed(0)} ms; memory at most ${server.peakMib().toFixed(0)} MiB`,
      '< 1 s',
      status < 1000 && home < 1000,
    ),
  ];
}

async function homeMs(url: string): Promise<number> {
  const begun = performance.now();
  const answer = await fetch(`${url}/api/home`);
  await answer.text();
  return performance.now() - begun;
}

function show(counts: Record<string, number>): string {
  const texts = Object.entries(counts).map(([what, count]) => `${count} × ${what}`);
  return texts.join(', ');
}

function percentile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function row(what: string, ours: string, wanted: string, met: boolean): BenchRow {
  return { what, ours, peer: '', ratio: Number.NaN, wanted, met };
}
