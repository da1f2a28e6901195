// Runs test files, each in a process of its own, in the order in which they are named. `node --test` sorts them by name: then
// a long file that comes last keeps one processor busy while the others wait.
import { relative } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

export interface TestRun {
  /** Whole paths. */
  files: readonly string[];
  concurrency: number;
  /** For each test. */
  timeoutMs: number;
  /** Arguments of Node for each process. */
  execArgv: readonly string[];
  out: NodeJS.WritableStream;
}

/** Resolves with whether all tests passed. Reports to `out`, at the end with the files that took longest. */
export async function runTestFiles({ files, concurrency, timeoutMs, execArgv, out }: TestRun): Promise<boolean> {
  let passed = true;
  const times: FileTime[] = [];
  const events = run({ files: [...files], concurrency, timeout: timeoutMs, execArgv: [...execArgv] });
  events.on('test:fail', ({ todo, skip }) => {
    if (todo === undefined && skip === undefined) passed = false;
  });
  events.on('test:summary', ({ file, duration_ms, counts }) => {
    if (file !== undefined) times.push({ file: relative(process.cwd(), file), seconds: duration_ms / 1000 });
    // The summary of the whole run names no file. A run of nothing shows nothing.
    else if (counts.tests === 0) passed = false;
  });
  const report = events.compose(spec());
  report.pipe(out, { end: false });
  await finished(report);
  out.write(slowestFiles(times));
  return passed;
}

interface FileTime {
  file: string;
  /** Wall clock, with whatever ran at the same time. */
  seconds: number;
}

const shown = 20;

function slowestFiles(files: readonly FileTime[]): string {
  const slowest = files.toSorted((a, b) => b.seconds - a.seconds).slice(0, shown);
  const sum = files.reduce((total, { seconds }) => total + seconds, 0);
  const lines = slowest.map(({ file, seconds }) => `${seconds.toFixed(1).padStart(8)} s  ${file}\n`);
  return `\nThe ${lines.length} longest of ${files.length} files (${sum.toFixed(0)} s together):\n${lines.join('')}\n`;
}
