// Cabinets and Xpress compared with other programs for them, on the same files in the same run. Each figure is the best
// of five turns. The programs take turns, so that a busy moment of the machine hurts both sides.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeXpress, encodeXpress } from '@moult/formats/xpress';
import type { BenchRow } from '../scripts/bench.ts';
import { categoryList } from './formats/category-list.ts';

const moultPath = fileURLToPath(new URL('../packages/cli/bin/moult.js', import.meta.url));
const megabyte = 1_000_000;

export async function bench(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'moult-bench-'));
  try {
    writeMixedFile(join(folder, 'mixed.bin'), 100 * megabyte);
    return [
      ...createAgainstGcab(folder),
      extractAgainstCabextract(folder, 'mszip', 1),
      extractAgainstCabextract(folder, 'lzx', 0.5),
      ...xpress(),
      peakMemory(folder),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function createAgainstGcab(folder: string): BenchRow[] {
  const ours = join(folder, 'mszip.cab');
  const theirs = join(folder, 'gcab.cab');
  const [mine, peer] = race(
    () => moult(['cab', 'create', ours, 'mixed.bin', '--compress', 'mszip'], folder),
    () => run('gcab', ['-cz', theirs, 'mixed.bin'], folder),
  );
  const sizes = [statSync(ours).size, statSync(theirs).size] as const;
  return [
    timeRow('create a 100 MB MSZIP cabinet', mine, `gcab ${seconds(peer)}`, peer / mine, 'as fast as gcab', 1),
    {
      what: 'size of that cabinet',
      ours: `${(sizes[0] / megabyte).toFixed(1)} MB`,
      peer: `gcab ${(sizes[1] / megabyte).toFixed(1)} MB`,
      ratio: sizes[1] / sizes[0],
      wanted: 'at most 5 % larger',
      met: sizes[0] <= sizes[1] * 1.05,
    },
  ];
}

function extractAgainstCabextract(folder: string, method: 'mszip' | 'lzx', least: number): BenchRow {
  const cabinet = join(folder, `${method}.cab`);
  moult(['cab', 'create', cabinet, 'mixed.bin', '--compress', method], folder);
  // Into a new folder each time: what replaces a file pays for the old one too.
  const clean = () => {
    for (const name of ['ours', 'theirs']) rmSync(join(folder, name), { recursive: true, force: true });
  };
  const [mine, peer] = raceFrom(
    clean,
    () => moult(['cab', 'extract', cabinet, '--to', join(folder, 'ours')], folder),
    () => run('cabextract', ['-q', '-d', join(folder, 'theirs'), cabinet], folder),
  );
  const same = Buffer.compare(readFileSync(join(folder, 'ours', 'mixed.bin')), readFileSync(join(folder, 'mixed.bin')));
  if (same !== 0) throw new Error(`${method}: what was extracted is not what went in`);
  const wanted = least === 1 ? 'as fast as cabextract' : 'half as fast as cabextract, target as fast';
  const what = `extract a 100 MB ${method.toUpperCase()} cabinet`;
  return timeRow(what, mine, `cabextract ${seconds(peer)}`, peer / mine, wanted, least);
}

function xpress(): BenchRow[] {
  const plain = categoryList(32 * megabyte);
  const packed = encodeXpress(plain);
  const [encodeMs] = race(() => encodeXpress(plain));
  const [decodeMs] = race(() => decodeXpress(packed, { maxBytes: plain.length }));
  const ratio = plain.length / packed.length;
  return [
    rateRow('Xpress encode, 32 MB of SyncUpdates XML', plain.length, encodeMs, 50),
    rateRow('Xpress decode, the same', plain.length, decodeMs, 150),
    {
      what: 'Xpress ratio on category lists',
      ours: `${ratio.toFixed(2)} : 1`,
      peer: 'a real server 3.6 : 1',
      ratio: ratio / 3.6,
      wanted: 'within 5 %, or better',
      met: ratio >= 3.6 * 0.95,
    },
  ];
}

function peakMemory(folder: string): BenchRow {
  const big = join(folder, 'big');
  mkdirSync(big);
  writeMixedFile(join(big, 'gigabyte.bin'), 1000 * megabyte);
  const cabinet = join(folder, 'big.cab');
  moult(['cab', 'create', cabinet, 'gigabyte.bin'], big);
  rmSync(big, { recursive: true });
  const hook = `data:text/javascript,process.on('exit',()=>console.error('maxRSS '+process.resourceUsage().maxRSS))`;
  const args = ['--import', hook, moultPath, 'cab', 'extract', cabinet, '--to', big];
  const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const megabytes = (Number(/maxRSS (\d+)/.exec(stderr)?.[1]) * 1024) / megabyte;
  if (statSync(join(big, 'gigabyte.bin')).size !== 1000 * megabyte) throw new Error('the gigabyte was not extracted');
  return {
    what: 'peak memory, extracting a 1 GB MSZIP cabinet',
    ours: `${megabytes.toFixed(0)} MB`,
    peer: '',
    ratio: Number.NaN,
    wanted: 'under 150 MB',
    met: megabytes < 150,
  };
}

/** Half machine code (this Node), half XML: as update cabinets are. */
function writeMixedFile(file: string, sizeBytes: number): void {
  const xml = categoryList(10 * megabyte);
  const code = Buffer.alloc(10 * megabyte);
  const program = openSync(process.execPath, 'r');
  const out = openSync(file, 'w');
  try {
    for (let at = 0; at < sizeBytes; at += code.length + xml.length) {
      readSync(program, code, 0, code.length, (at / 2) % (80 * megabyte));
      writeSync(out, code);
      writeSync(out, xml);
    }
  } finally {
    closeSync(program);
    closeSync(out);
  }
}

const turns = 5;

/** Milliseconds of each, best of some alternating turns. */
function race(...runners: (() => unknown)[]): [number, number] {
  return raceFrom(() => undefined, ...runners);
}

/** The same, each turn begun by what `prepare` does, which does not count. */
function raceFrom(prepare: () => void, ...runners: (() => unknown)[]): [number, number] {
  const best = runners.map(() => Number.POSITIVE_INFINITY);
  for (let turn = 0; turn < turns; turn++) {
    prepare();
    for (const [index, runner] of runners.entries()) {
      const begun = performance.now();
      runner();
      best[index] = Math.min(best[index] ?? 0, performance.now() - begun);
    }
  }
  return [best[0] ?? 0, best[1] ?? 0];
}

function moult(args: readonly string[], cwd: string): void {
  run(process.execPath, [moultPath, ...args], cwd);
}

function run(program: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

function timeRow(what: string, ms: number, peer: string, ratio: number, wanted: string, least: number): BenchRow {
  return { what, ours: seconds(ms), peer, ratio, wanted, met: ratio >= least };
}

function rateRow(what: string, bytes: number, ms: number, wantedRate: number): BenchRow {
  const rate = bytes / 1000 / ms;
  return {
    what,
    ours: `${rate.toFixed(0)} MB/s`,
    peer: '',
    ratio: Number.NaN,
    wanted: `${wantedRate} MB/s`,
    met: rate >= wantedRate,
  };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
