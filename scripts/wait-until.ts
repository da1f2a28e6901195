// For tests: waits until something is so, and not for ever. A wait without an end hides the reason why a test fails.
import { setTimeout as pause } from 'node:timers/promises';

interface Patience {
  /** Default 60 s, for a busy machine. */
  patienceMs?: number;
  everyMs?: number;
  /** Called when it took too long, for more about the reason. */
  why?: () => string;
}

/** Resolves when `isSo` answers true. Throws an Error with `what` after `patienceMs`. */
export async function waitUntil(
  what: string,
  isSo: () => boolean | undefined | Promise<boolean>,
  { patienceMs = 60_000, everyMs = 20, why = () => '' }: Patience = {},
): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not within ${patienceMs / 1000} s: ${what} ${why()}`.trimEnd());
    await pause(everyMs);
  }
}
