// moult doctor logs on a large IIS log, against wc -l and grep in the same run. One core each; memory is the peak of
// the whole process. The log is made here: three quarters of its lines are about updating, as on a busy WSUS site.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchRow } from '../scripts/bench.ts';

const megabytes = 768;
const clients = 3000;
const wantedRate = 300;
const wantedMemory = 200;

/** Two rows: rate and memory. */
export async function bench(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'moult-bench-doctor-'));
  try {
    const file = join(folder, 'u_ex261120.log');
    writeLog(file, megabytes * 2 ** 20);
    const size = statSync(file).size / 2 ** 20;
    const wc = rateOf(size, () => run('wc', ['-l', file]));
    const grep = rateOf(size, () => run('grep', ['-c', '-i', 'selfupdate', file]));
    const doctor = measure(file);
    const rate = size / doctor.cpuSeconds;
    const what = `moult doctor logs, IIS log of ${size.toFixed(0)} MB, ${clients.toLocaleString('en')} clients in mixed order`;
    return [
      {
        what,
        ours: `${rate.toFixed(0)} MB/s per core`,
        peer: `wc -l ${wc.toFixed(0)} MB/s, grep -ci ${grep.toFixed(0)} MB/s`,
        ratio: rate / grep,
        wanted: `at least ${wantedRate} MB/s`,
        met: rate >= wantedRate,
      },
      {
        what: `${what}, memory`,
        ours: `${doctor.peakMegabytes.toFixed(0)} MB`,
        peer: '',
        ratio: Number.NaN,
        wanted: `under ${wantedMemory} MB`,
        met: doctor.peakMegabytes < wantedMemory,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads the log in a process of its own and asks it for its own processor time and peak memory. */
function measure(file: string): { cpuSeconds: number; peakMegabytes: number } {
  const readLogs = fileURLToPath(new URL('../packages/cli/src/doctor/logs/read-logs.ts', import.meta.url));
  const program = `
    const { readLogs } = await import(${JSON.stringify(readLogs)});
    const before = process.cpuUsage();
    const facts = await readLogs([${JSON.stringify(file)}], () => {});
    const { user, system } = process.cpuUsage(before);
    const { maxRSS } = process.resourceUsage();
    console.log(JSON.stringify({ cpu: (user + system) / 1e6, peak: maxRSS / 1024, records: facts.tally.records }));`;
  const best = [1, 2].map(() => {
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    return JSON.parse(stdout) as { cpu: number; peak: number; records: number };
  });
  if (best.some(({ records }) => records < 1000)) throw new Error('the log was not read');
  return {
    cpuSeconds: Math.min(...best.map(({ cpu }) => cpu)),
    peakMegabytes: Math.max(...best.map(({ peak }) => peak)),
  };
}

function rateOf(size: number, work: () => void): number {
  const started = performance.now();
  work();
  return size / ((performance.now() - started) / 1000);
}

function run(command: string, args: string[]): void {
  // Into a pipe: grep stops at the first match when nobody reads.
  spawnSync(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
}

function writeLog(path: string, target: number): void {
  const file = openSync(path, 'w');
  writeSync(
    file,
    '#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-11-20 00:00:00\r\n' +
      '#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n',
  );
  let size = 0;
  for (let first = 0; size < target; first += 20_000) {
    const lines = Array.from({ length: 20_000 }, (_, index) => lineOf(first + index)).join('');
    size += writeSync(file, lines);
  }
  closeSync(file);
}

const wsus10 = 'Windows-Update-Agent/10.0.10011.16384+Client-Protocol/2.50';
const browser =
  'Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/120.0.0.0+Safari/537.36';

/** As good as random, the same in each run. */
function mixed(number: number): number {
  const half = Math.imul(number ^ (number >>> 16), 0x7feb352d);
  const more = Math.imul(half ^ (half >>> 15), 0x846ca68b);
  return (more ^ (more >>> 16)) >>> 0;
}

/** Clients in mixed order: mostly scans and content, some self-update, a broken package, a browser. */
function lineOf(number: number): string {
  const at = new Date(Date.UTC(2026, 10, 20) + ((number * 37) % 86_400_000)).toISOString();
  const who = mixed(number) % clients;
  const client = `10.0.${who >>> 8}.${who & 255}`;
  const stamp = at.replaceAll(/\D/g, '').slice(2, 12);
  const kind = number % 40;
  const prefix = `${at.slice(0, 10)} ${at.slice(11, 19)} 10.0.0.2`;
  const hash = (Math.imul(number, 2654435761) >>> 0).toString(16).toUpperCase().padStart(8, '0').repeat(5);
  if (kind < 22)
    return `${prefix} POST /ClientWebService/client.asmx - 8530 - ${client} ${wsus10} - 200 0 0 ${number % 90}\r\n`;
  if (kind < 30)
    return `${prefix} GET /Content/${hash.slice(38)}/${hash}.cab - 8530 - ${client} Microsoft+BITS/7.8 - 206 0 0 ${number % 900}\r\n`;
  if (kind < 34)
    return `${prefix} HEAD /selfupdate/wuident.cab ${stamp} 8530 - ${client} Windows-Update-Agent/7.9.9600.18756+Client-Protocol/1.21 - 200 0 0 0\r\n`;
  if (kind < 37)
    return `${prefix} POST /ReportingWebService/ReportingWebService.asmx - 8530 - ${client} ${wsus10} - 200 0 0 12\r\n`;
  if (kind < 38)
    return `${prefix} GET /selfupdate/AU/x86/XP/sv/wuaucomp.cab ${stamp} 80 - ${client} Industry+Update+Control - 404 0 3 1\r\n`;
  return `${prefix} GET /aspnet_client/system_web/4_0_30319/x.js - 80 - ${client} ${browser} http://intranet/ 304 0 0 1\r\n`;
}
