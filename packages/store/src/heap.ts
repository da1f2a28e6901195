// Bounds how far the memory of a server grows before garbage is collected. By itself V8 lets the heap of a busy process
// grow to several times of what is alive in it. A service of many small answers gains nothing from that. The bound is a
// share of the living memory, not a fixed limit. So a large catalog gets the memory that it needs.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Beyond what was alive after the last full collection, in percent. With 75, check-ins were fewer (docs/benchmarks.md).
 */
const growthPercent = 200;

/** The same where memory is scarce: more collections, and a young generation that stays small. */
const smallGrowthPercent = 40;

/** For this whole process, from its next full collection on. `isSmall` where there is little memory. */
export function limitHeapGrowth({ isSmall = false } = {}): void {
  setFlagsFromString(`--heap-growing-percent=${isSmall ? smallGrowthPercent : growthPercent}`);
  if (isSmall) setFlagsFromString('--semi-space-growth-factor=1');
  youngMayGrow = !isSmall;
}

let youngMayGrow = true;

/**
 * Runs `load`, which makes little but what stays, with the young generation as small as it is. V8 makes it larger when
 * much of it stays, up to three times 16 MB. All of that is memory never touched before, and behind the processor's
 * caches.
 */
export async function whileYoungStaysSmall<T>(load: () => Promise<T>): Promise<T> {
  setFlagsFromString('--semi-space-growth-factor=1');
  try {
    return await load();
  } finally {
    if (youngMayGrow) setFlagsFromString('--semi-space-growth-factor=2'); // V8's own.
  }
}

/**
 * A full collection now, after loading a catalog: growth is measured from the rest after it. Without this, it is
 * measured from half a gigabyte, which every process may fill first.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
