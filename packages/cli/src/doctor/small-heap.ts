// Reading logs keeps little and throws away much: a client's tally lives until the end, nearly everything else for a
// line. V8 takes the first for a reason to double its space for new objects again and again. It lets the old ones grow
// to three times their living part: more than a hundred megabytes that hold nothing by the time they are collected.
import { setFlagsFromString } from 'node:v8';

/** Beyond what is alive, in percent. */
const growthPercent = 30;

/**
 * Holds for this whole process from now on. The space for old objects grows slowly. The space for new objects keeps the
 * size that it had after loading the program (a few megabytes). V8 copies too much with a smaller one.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
}
