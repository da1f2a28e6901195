// moult doctor logs on large logs, the whole command in a process of its own: start, reading, report. Rates are by the
// processor time of the whole process, and memory is its peak. wc -l and grep read the same IIS log in the same run,
// and are measured in the same way. The logs are made here.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchRow } from '../scripts/bench.ts';
import { writeClientLog } from './doctor/client-log.ts';
import { writeIisLog } from './doctor/iis-log.ts';
import { writeWindowsEvents } from './doctor/windows-events.ts';

const moultPath = fileURLToPath(new URL('../packages/cli/bin/moult.js', import.meta.url));
const mebibyte = 2 ** 20;
const iisBytes = 768 * mebibyte;
const clientBytes = 192 * mebibyte;
const eventBytes = 96 * mebibyte;
const wantedRate = 300;
/** No requirement sets this rate. An administrator with a log of 2 GB waits half a minute for it. */
const wantedClientRate = 50;
const wantedMemory = 200;
const turns = 2;

export async function bench(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'moult-bench-doctor-'));
  try {
    return [
      ...iisRows(join(folder, 'u_ex261120.log'), 3_000),
      ...iisRows(join(folder, 'u_ex261121.log'), 10_000),
      ...clientRows(join(folder, 'WindowsUpdate.log'), 'utf8', 'UTF-8'),
      ...clientRows(join(folder, 'WindowsUpdate16.log'), 'utf16le', 'UTF-16'),
      eventRow(join(folder, 'events.xml'), 'XML'),
      eventRow(join(folder, 'events.csv'), 'CSV'),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function iisRows(file: string, clients: number): BenchRow[] {
  writeIisLog(file, iisBytes, clients);
  const size = statSync(file).size / mebibyte;
  // Through a pipe: without a reader grep stops at the first match.
  const wc = size / processorSeconds('wc -l "$1" | cat > /dev/null', file);
  const grep = size / processorSeconds('grep -ci selfupdate "$1" | cat > /dev/null', file);
  const what = `moult doctor logs, IIS log of ${size.toFixed(0)} MB, ${clients.toLocaleString('en')} clients in mixed order`;
  const rows = rowsOf(what, file, size, wantedRate, {
    peer: `wc -l ${wc.toFixed(0)} MB/s, grep -ci ${grep.toFixed(0)} MB/s`,
    rate: grep,
  });
  rmSync(file);
  return rows;
}

function clientRows(file: string, encoding: 'utf8' | 'utf16le', name: string): BenchRow[] {
  writeClientLog(file, clientBytes, encoding);
  const size = statSync(file).size / mebibyte;
  const rows = rowsOf(
    `moult doctor logs, WindowsUpdate.log of ${size.toFixed(0)} MB in ${name}`,
    file,
    size,
    wantedClientRate,
  );
  rmSync(file);
  return rows;
}

/** Memory alone: each event is read as the document that it is. */
function eventRow(file: string, form: 'XML' | 'CSV'): BenchRow {
  writeWindowsEvents(file, eventBytes, form);
  const { peakMegabytes } = measure(file);
  rmSync(file);
  const what = `moult doctor logs, Windows events of ${eventBytes / mebibyte} MB as ${form}, memory`;
  return memoryRow(what, peakMegabytes);
}

/** Two rows: rate and memory. */
function rowsOf(
  what: string,
  file: string,
  size: number,
  wanted: number,
  against: { peer: string; rate: number } = { peer: '', rate: Number.NaN },
): BenchRow[] {
  const { cpuSeconds, peakMegabytes } = measure(file);
  const rate = size / cpuSeconds;
  return [
    {
      what,
      ours: `${rate.toFixed(0)} MB/s per core`,
      peer: against.peer,
      ratio: rate / against.rate,
      wanted: `at least ${wanted} MB/s`,
      met: rate >= wanted,
    },
    memoryRow(`${what}, memory`, peakMegabytes),
  ];
}

function memoryRow(what: string, peakMegabytes: number): BenchRow {
  return {
    what,
    ours: `${peakMegabytes.toFixed(0)} MB`,
    peer: '',
    ratio: Number.NaN,
    wanted: `under ${wantedMemory} MB`,
    met: peakMegabytes < wantedMemory,
  };
}

/** The command as an administrator gives it. It tells its own processor time and peak memory at its end. */
function measure(file: string): { cpuSeconds: number; peakMegabytes: number } {
  const hook =
    "data:text/javascript,process.on('exit',()=>{const{user,system}=process.cpuUsage();" +
    "console.error('used',user+system,process.resourceUsage().maxRSS)})";
  const results = Array.from({ length: turns }, () => {
    const args = ['--import', hook, moultPath, 'doctor', 'logs', file, '--json'];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 64 * mebibyte });
    const { stories } = JSON.parse(stdout) as { stories: { events: unknown[] }[] };
    if (!stories.some(({ events }) => events.length > 0)) throw new Error(`${file} was not read: ${stderr}`);
    const [, cpu = 0, peak = 0] = (/used (\d+) (\d+)/.exec(stderr) ?? []).map(Number);
    return { cpu: cpu / 1e6, peak: peak / 1024 };
  });
  return {
    cpuSeconds: Math.min(...results.map(({ cpu }) => cpu)),
    peakMegabytes: Math.max(...results.map(({ peak }) => peak)),
  };
}

/** Processor seconds of a shell command, the best of some turns. */
function processorSeconds(command: string, file: string): number {
  const seconds = Array.from({ length: turns }, () => {
    const { stdout } = spawnSync('sh', ['-c', `${command}; times`, 'sh', file], { encoding: 'utf8' });
    const [user = 0, system = 0] = [...(stdout.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)].map(
      ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
    );
    return user + system;
  });
  return Math.min(...seconds);
}
