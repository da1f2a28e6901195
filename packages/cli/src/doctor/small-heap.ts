// Reading logs keeps little and throws away much: a client's tally lives until the end, nearly everything else for a
// line. V8 takes the first for a reason to double its space for new objects again and again. It lets the old ones grow
// to three times their living part: more than a hundred megabytes that hold nothing by the time they are collected.
import { setFlagsFromString } from 'node:v8';

/** Beyond what is alive, in percent. */
const growthPercent = 30;

/**
 * For this whole process, from now on: the space for new objects stays as large as loading the program made it (a few
 * megabytes, from a smaller one too much is copied), that for old ones grows slowly.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
}
