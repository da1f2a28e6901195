// When the next detection is due, as the registry says. Written there when it says nothing.
import { programBounds } from '../bounds.ts';
import { auState, detectionAt, detectionDelayMs, readWaitTimeout, stateIs } from '../machine/au-state.ts';
import type { ProgramContext } from './shell.ts';

/**
 * The end of the wait. Without LastWaitTimeout (first start, or deleted by hand), or with an impossible one, detection
 * starts now, in five minutes. Both values are written.
 */
export function nextWait({ registry, release, now }: ProgramContext): Date {
  const time = now();
  const noted = readWaitTimeout(registry.read());
  if (noted && noted.getTime() - time.getTime() <= programBounds.maxWaitMs) return noted;
  const due = new Date(time.getTime() + detectionDelayMs);
  registry.change([...stateIs(auState.detectionPending), ...detectionAt(due, release.generation)]);
  return due;
}
