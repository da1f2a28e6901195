// Runs side by side: each lane has a folder and a network of its own. Results are written down as they come, so that a
// run that is broken off goes on where it was.
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openHostileNetwork } from './hostile-network.ts';
import type { Lane } from './inflict.ts';
import type { Laboratory } from './laboratory.ts';
import { type Performed, perform } from './perform.ts';
import { parseSeed, type RunResult } from './run.ts';

export interface LaneOptions {
  /** Runs that keep a processor busy, at once. */
  busy: number;
  /** Runs that mostly wait (a server that hangs, a release that hangs), beside those. */
  waiting: number;
  /** No run begins after so many milliseconds, or once `stop` is aborted. */
  untilMs: number;
  stop: AbortSignal;
  say(line: string): void;
  done(result: Performed): void;
}

/** Performs the runs of `seeds`, as far as the time goes. */
export async function performAll(seeds: readonly string[], lab: Laboratory, options: LaneOptions): Promise<void> {
  const until = performance.now() + options.untilMs;
  const waiting = seeds.filter(waits);
  const busy = seeds.filter((seed) => !waits(seed));
  const lanes = [
    ...Array.from({ length: options.busy }, (_, index) => lane(`busy-${index + 1}`, busy, waiting)),
    ...Array.from({ length: options.waiting }, (_, index) => lane(`waiting-${index + 1}`, waiting, [])),
  ];
  const ends = await Promise.allSettled(lanes);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;

  async function lane(name: string, own: string[], then: string[]): Promise<void> {
    const { good, older } = lab.servers;
    const network = await openHostileNetwork({ now: good, older });
    try {
      while (performance.now() < until && !options.stop.aborted) {
        const seed = own.shift() ?? then.shift();
        if (seed === undefined) return;
        options.done(await performAgain(seed, { folder: join(lab.folder, 'lanes', name), lab, network }, options.say));
      }
    } finally {
      await network.close();
    }
  }
}

/** Each time in a folder of its own: what a failed run holds open must not be in the way of the next. */
async function performAgain(seed: string, lane: Lane, say: LaneOptions['say']): Promise<Performed> {
  for (let attempt = 1; ; attempt++) {
    runs += 1;
    try {
      return await perform(seed, { ...lane, folder: `${lane.folder}-${runs}` });
    } catch (error) {
      say(`faults: ${seed} could not be run: ${error instanceof Error ? error.stack : String(error)}`);
      if (attempt === 3) throw error;
    }
  }
}

let runs = 0;

/** Whether a run is long because somebody waits for a time limit. */
function waits(text: string): boolean {
  const { kind, rest } = parseSeed(text);
  return kind === 'release' || (/network|proxy/.test(kind) && /slow|silent|endless/.test(rest[0] ?? ''));
}

export interface ResultFile {
  known: ReadonlyMap<string, RunResult>;
  add(result: Performed): void;
}

/** Earlier results for these programs. Another build begins again. */
export function openResults(file: string, digest: string): ResultFile {
  const known = new Map<string, RunResult>();
  const [head = '', ...lines] = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  if (head === digest) {
    for (const line of lines.filter((one) => one.endsWith('}'))) {
      const result = JSON.parse(line) as RunResult;
      known.set(result.seed, result);
    }
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${digest}\n`);
  }
  return {
    known,
    add({ logs: _, ...result }) {
      known.set(result.seed, result);
      appendFileSync(file, `${JSON.stringify(result)}\n`);
    },
  };
}
