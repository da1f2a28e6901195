// The time at which a client that gets ServerBusy may come back. Clients get different times.
import { callBounds } from '../../bounds.ts';

const leastSeconds = 20;

/** Whole seconds for Retry-After, spread evenly by `random`, a number from 0 to below 1. */
export function retryAfterSeconds(random: () => number = Math.random): number {
  return leastSeconds + Math.floor(random() * (callBounds.maxRetryAfterSeconds - leastSeconds + 1));
}
