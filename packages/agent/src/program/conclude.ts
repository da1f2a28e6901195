// Writes the end of a detection to the registry: the time of the next one, and the result of this one. The same for
// both generations.
import { AgentError } from '../errors.ts';
import type { Outcome } from '../host/messages.ts';
import {
  auState,
  detectionAt,
  nextDetectionAfterFailure,
  nextRegularDetection,
  resultOf,
  stateIs,
} from '../machine/au-state.ts';
import { outcomeOf } from './outcome.ts';
import { isUnreachable } from './session.ts';
import type { ProgramContext } from './shell.ts';

/** A detection begins: its wait is over now. */
export function noteDetectionStart({ registry, now, release }: ProgramContext): void {
  registry.change([...stateIs(auState.detectionPending), ...detectionAt(now(), release.generation)]);
}

/** It went well. Answers when the next one is. */
export function concludeWell({ registry, now, random, release }: ProgramContext, frequencyHours: number): Date {
  const next = nextRegularDetection(now(), frequencyHours, random());
  registry.change([...detectionAt(next, release.generation), ...resultOf('Detect', now(), 0)]);
  return next;
}

/**
 * It failed. Answers how, and when the next one is: when a busy server said, or 24 hours after one that could not be
 * contacted.
 */
export function concludeFailed(
  context: ProgramContext,
  error: unknown,
): { outcome: Outcome; next: Date; unreachable: boolean } {
  const { registry, now, random, release } = context;
  const outcome = outcomeOf(error);
  const retryAfterMs = error instanceof AgentError ? error.retryAfterMs : undefined;
  const unreachable = isUnreachable(error) && retryAfterMs === undefined;
  const next = nextDetectionAfterFailure(now(), unreachable, random(), retryAfterMs);
  try {
    registry.change([
      ...(outcome.code === 'AGENT_CONFIG_DISABLED' ? stateIs(auState.disabled) : []),
      ...detectionAt(next, release.generation),
      ...resultOf('Detect', now(), outcome.hresult),
    ]);
  } catch {
    // A registry that cannot be written may be why it failed. How it failed is told all the same.
  }
  return { outcome, next, unreachable };
}
