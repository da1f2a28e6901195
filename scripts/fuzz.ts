// npm run fuzz: mutations over every decoder, for a time. Exits 1 if one crashed, hung, or threw a forbidden error. The
// input is kept in fixtures/fuzz/<target>/ and fails every run from then on, until the decoder is fixed.
//   --seconds N       how long (default 900: above a million also on two busy cores)
//   --target NAME     only this one. May be given again
//   --seed N          other mutations. The summary prints the one used
//   --input FILE      run one input through --target and say what came out
//   --keep N          keep up to N inputs per target that led somewhere new
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { keepInput } from './fuzz/corpus.ts';
import { targets } from './fuzz/targets.ts';
import { maxInputBytes, sharedHeadBytes, type TargetSummary, type WorkerOrders } from './fuzz/worker.ts';

const hangMs = 30_000;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '900' },
    target: { type: 'string', multiple: true, default: Object.keys(targets) },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    input: { type: 'string' },
    keep: { type: 'string', default: '0' },
  },
});
const unknown = values.target.filter((name) => !targets[name]);
if (unknown.length > 0 || !(Number(values.seconds) > 0)) {
  console.error(`fuzz: no such target: ${unknown.join(', ')}; there are ${Object.keys(targets).join(', ')}`);
  process.exit(2);
}
if (values.input === undefined) await fuzz();
else await runOne(values.input);

async function runOne(file: string): Promise<void> {
  for (const name of values.target)
    console.log(`${name}: ${await targets[name]?.(new Uint8Array(readFileSync(file)))}`);
}

async function fuzz(): Promise<void> {
  const begun = Date.now();
  const untilMs = begun + Number(values.seconds) * 1000;
  const threads = Math.min(availableParallelism(), values.target.length);
  const shares = Array.from({ length: threads }, (_, thread) =>
    values.target.filter((_name, index) => index % threads === thread),
  );
  const summaries = await Promise.all(
    shares.map((share, thread) => runThread({ targets: share, untilMs, seed: Number(values.seed) + thread })),
  );
  report(summaries.flat(), (Date.now() - begun) / 1000);
}

/** Runs a thread to its end. One that hangs is stopped, and the input it hung on becomes a failure. */
function runThread(orders: Omit<WorkerOrders, 'shared'>): Promise<TargetSummary[]> {
  const shared = new SharedArrayBuffer(sharedHeadBytes + maxInputBytes);
  const words = new Int32Array(shared, 0, 3);
  const worker = new Worker(new URL('./fuzz/worker.ts', import.meta.url), { workerData: { ...orders, shared } });
  return new Promise((resolve, reject) => {
    let before = -1;
    const watch = setInterval(() => {
      if (words[0] === before) stopAs(`hung for ${hangMs / 1000} s`);
      before = words[0] ?? 0;
    }, hangMs);
    const stopAs = (why: string) => {
      clearInterval(watch);
      void worker.terminate();
      const target = orders.targets[words[1] ?? 0] ?? '';
      const input = new Uint8Array(new Uint8Array(shared, sharedHeadBytes, words[2] ?? 0));
      const failures = [{ why, input }];
      resolve([{ target, executions: words[0] ?? 0, outcomes: 0, slowestMs: hangMs, news: [], failures }]);
    };
    worker.on('message', (summary: TargetSummary[]) => {
      clearInterval(watch);
      resolve(summary);
    });
    worker.on('error', (error) => {
      clearInterval(watch);
      if (words[0] === 0) reject(error);
      else stopAs(error.stack ?? error.message);
    });
  });
}

function report(summaries: readonly TargetSummary[], seconds: number): void {
  console.log('target               executions  outcomes  slowest ms  failures');
  let executions = 0;
  let failures = 0;
  for (const summary of summaries.toSorted((a, b) => a.target.localeCompare(b.target))) {
    executions += summary.executions;
    failures += summary.failures.length;
    const { target, outcomes, slowestMs } = summary;
    const columns = [summary.executions, outcomes, slowestMs.toFixed(0), summary.failures.length];
    const widths = [10, 8, 10, 8];
    console.log(
      `${target.padEnd(19)}${columns.map((one, at) => `  ${String(one).padStart(widths[at] ?? 0)}`).join('')}`,
    );
    for (const input of summary.news.slice(0, Number(values.keep))) keepInput(target, input);
  }
  for (const { target, failures } of summaries) {
    for (const { why, input } of failures.slice(0, 5)) {
      console.error(`\nfuzz: ${target} failed on ${keepInput(target, input)}\n${why}`);
    }
  }
  console.log(`${executions} executions in ${seconds.toFixed(0)} s, seed ${values.seed}: ${failures} failures`);
  process.exitCode = failures === 0 ? 0 : 1;
}
