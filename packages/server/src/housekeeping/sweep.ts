// The frame of every sweep that takes away what is too much or too old: one at a time, beside the service, in small
// steps with a pause after each. It runs now and then by itself, and ends after the running step.
import { setTimeout as pause } from 'node:timers/promises';

export interface SweepStep {
  /** Waits a little, so that the service gets its turn. Answers at once if the sweep must end. */
  rest(): Promise<void>;
  /** True once the sweep must end after this step. */
  isEnding(): boolean;
}

interface Sweep {
  /** Runs now, or waits for the one that runs. Answers how much was taken away. Rejects with what failed. */
  run(): Promise<number>;
  /** Ends after the step that is running. */
  close(): Promise<void>;
}

interface SweepParts {
  /** Takes away. Answers how much. */
  work(step: SweepStep): Promise<number>;
  /** Milliseconds between two steps. */
  pauseMs: number;
  /** Milliseconds between two sweeps. 0: only those that are asked for. */
  everyMs: number;
  /** Called after a sweep that came by itself. The reason that it rejects with is `failed`. */
  done?(removed: number): unknown;
  failed(error: unknown): void;
}

export function createSweep({ work, pauseMs, everyMs, done, failed }: SweepParts): Sweep {
  const ending = new AbortController();
  let running: Promise<number> | undefined;
  const step: SweepStep = {
    rest: () => pause(pauseMs, undefined, { signal: ending.signal, ref: false }).catch(() => undefined),
    isEnding: () => ending.signal.aborted,
  };
  const run = (): Promise<number> => {
    running ??= work(step).finally(() => {
      running = undefined;
    });
    return running;
  };
  const timer = everyMs > 0 ? setInterval(() => run().then(done).catch(failed), everyMs).unref() : undefined;
  return {
    run,
    async close() {
      clearInterval(timer);
      ending.abort();
      await running?.catch(() => undefined);
    },
  };
}
