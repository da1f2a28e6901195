// A reporter of node:test: at the end of a run, the files that took longest, beside what the other reporter says.
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

const shown = 15;

/** Yields one table, behind everything else. Durations are wall clock, with whatever ran at the same time. */
export default async function* slowestFiles(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const files: { file: string; seconds: number }[] = [];
  for await (const { type, data } of events) {
    // The summary of the whole run names no file.
    if (type !== 'test:summary' || data.file === undefined) continue;
    files.push({ file: relative(process.cwd(), data.file), seconds: data.duration_ms / 1000 });
  }
  files.sort((a, b) => b.seconds - a.seconds);
  const sum = files.reduce((total, { seconds }) => total + seconds, 0);
  const lines = files.slice(0, shown).map(({ file, seconds }) => `${seconds.toFixed(1).padStart(8)} s  ${file}`);
  yield ['', `The ${lines.length} longest of ${files.length} files (${sum.toFixed(0)} s together):`, ...lines, ''].join(
    '\n',
  );
}
