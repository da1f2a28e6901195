// One thread of the fuzzer: a target at a time, for a slice of time. Its present input is in shared memory, so that the
// main thread can tell which input hung it.
import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { loadCorpus } from './corpus.ts';
import { createRandom, mutate, type Random } from './mutate.ts';
import { isAllowed, type Target, targets } from './targets.ts';

export interface WorkerOrders {
  targets: string[];
  untilMs: number;
  seed: number;
  /** Executions (0), target index (1), length (2), then the bytes. */
  shared: SharedArrayBuffer;
}

export interface TargetSummary {
  target: string;
  executions: number;
  /** Different outcomes seen: kinds of answer and kinds of error. */
  outcomes: number;
  slowestMs: number;
  /** Inputs that led to an outcome for the first time. */
  news: Uint8Array[];
  failures: { why: string; input: Uint8Array }[];
}

export const maxInputBytes = 2 ** 16;
export const sharedHeadBytes = 12;
const maxRssBytes = 3 * 2 ** 30;
const sliceMs = 250;

class TargetRun {
  readonly summary: TargetSummary;
  readonly #target: Target;
  readonly #corpus: Uint8Array[];
  readonly #random: Random;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #index: number;
  readonly #seen = new Set<string>();

  constructor(name: string, index: number, shared: SharedArrayBuffer, random: Random) {
    this.summary = { target: name, executions: 0, outcomes: 0, slowestMs: 0, news: [], failures: [] };
    this.#target = targets[name] as Target;
    this.#corpus = loadCorpus(name);
    this.#random = random;
    this.#words = new Int32Array(shared, 0, 3);
    this.#bytes = new Uint8Array(shared, sharedHeadBytes);
    this.#index = index;
  }

  async replayCorpus(): Promise<void> {
    for (const input of [...this.#corpus]) await this.#run(input, false);
  }

  async fuzzUntil(moment: number): Promise<void> {
    while (Date.now() < moment) {
      for (let count = 0; count < 20; count++) {
        const [parent, other] = [this.#pick(), this.#pick()];
        await this.#run(mutate(parent, other, this.#random, maxInputBytes), true);
      }
    }
    if (process.memoryUsage.rss() > maxRssBytes) this.#fail('memory grew beyond 3 GB', new Uint8Array());
  }

  #pick(): Uint8Array {
    return this.#corpus[this.#random.below(this.#corpus.length)] as Uint8Array;
  }

  async #run(input: Uint8Array, isMutant: boolean): Promise<void> {
    this.#words[1] = this.#index;
    this.#words[2] = input.length;
    this.#bytes.set(input.subarray(0, maxInputBytes));
    Atomics.add(this.#words, 0, 1);
    const begun = performance.now();
    const outcome = await this.#outcomeOf(input);
    const tookMs = performance.now() - begun;
    this.summary.executions++;
    this.summary.slowestMs = Math.max(this.summary.slowestMs, tookMs);
    if (tookMs > 5000) this.#fail(`took ${tookMs.toFixed(0)} ms`, input);
    if (this.#seen.has(outcome)) return;
    this.#seen.add(outcome);
    this.summary.outcomes++;
    if (!isMutant || this.#corpus.length > 3000) return;
    this.#corpus.push(input);
    this.summary.news.push(input);
  }

  /** A description that is the same for inputs that go the same way, roughly: numbers count by their magnitude. */
  async #outcomeOf(input: Uint8Array): Promise<string> {
    try {
      const answer = this.#target(input);
      return roughly(typeof answer === 'string' ? answer : await answer);
    } catch (error) {
      if (!isAllowed(error, input)) {
        this.#fail(error instanceof Error ? (error.stack ?? error.message) : String(error), input);
      }
      const { code, message, offset } = error as { code?: string; message: string; offset?: number };
      return `${code} ${roughly(message)} ${roughly(String(offset ?? 0))}`;
    }
  }

  /** One input for each way to fail. */
  #fail(why: string, input: Uint8Array): void {
    const kind = `failure ${roughly(why)}`;
    if (this.#seen.has(kind)) return;
    this.#seen.add(kind);
    this.summary.failures.push({ why, input });
  }
}

function roughly(text: string): string {
  return text
    .replaceAll(/\d+/g, (digits) => `2^${Math.floor(Math.log2(Number(digits) + 1))}`)
    .replaceAll(/"[^"]*"/g, '""')
    .slice(0, 300);
}

// At the end, for classes are not there before their line has been passed.
if (parentPort) {
  const orders = workerData as WorkerOrders;
  const random = createRandom(orders.seed);
  const runs = orders.targets.map((name, index) => new TargetRun(name, index, orders.shared, random));
  for (const run of runs) await run.replayCorpus();
  while (Date.now() < orders.untilMs && runs.every((run) => run.summary.failures.length < 20)) {
    for (const run of runs) {
      await run.fuzzUntil(Math.min(Date.now() + sliceMs, orders.untilMs));
      // Lets the event loop turn: some garbage waits for that.
      await setImmediate();
    }
  }
  parentPort.postMessage(runs.map((run) => run.summary));
}
