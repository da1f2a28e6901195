// npm run bench: every figure the docs quote, as a ratio against a named peer in the same run. Never part of the tests.
// Arguments narrow it to bench files whose name holds one of them. Writes nothing: docs/benchmarks.md is kept by hand.
import { globSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildCommand } from './build-command.ts';

export interface BenchRow {
  /** The work, with its size. */
  what: string;
  /** Our figure with its unit. */
  ours: string;
  /** The peer's name and its figure. */
  peer: string;
  /** Ours against the peer's, above 1 meaning better. NaN where the wish is an absolute one. */
  ratio: number;
  /** The wish, as written in the issue. */
  wanted: string;
  met: boolean;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const filters = process.argv.slice(2);

const files = globSync('bench/*.ts', { cwd: root })
  .filter((file) => filters.length === 0 || filters.some((filter) => basename(file).includes(filter)))
  .sort();
if (files.length === 0) {
  console.error(`bench: nothing in bench/ matches ${filters.join(' ')}`);
  process.exit(2);
}

// The bench measures the program that administrators start.
await buildCommand(root);
process.env.MOULT_BUNDLE = '1';

const gibibytes = (totalmem() / 2 ** 30).toFixed(0);
console.log(
  `${new Date().toISOString()}  Node ${process.version}  ${cpus().length} × ${cpus()[0]?.model}  ${gibibytes} GiB\n`,
);
console.log('| what | ours | peer | ratio | wanted | met |\n|---|---|---|---|---|---|');
let missed = 0;
for (const file of files) {
  const { bench } = (await import(pathToFileURL(join(root, file)).href)) as { bench(): Promise<BenchRow[]> };
  for (const row of await bench()) {
    if (!row.met) missed++;
    const ratio = Number.isNaN(row.ratio) ? '' : row.ratio.toFixed(2);
    console.log(`| ${row.what} | ${row.ours} | ${row.peer} | ${ratio} | ${row.wanted} | ${row.met ? 'yes' : 'no'} |`);
  }
}
process.exitCode = missed === 0 ? 0 : 1;
