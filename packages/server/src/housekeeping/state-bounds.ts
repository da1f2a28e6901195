// However much computers report, the store holds so many states of updates. Beyond that those with the most give way:
// all are cut to the largest number that fits, so that computers with few states keep all of theirs. States of
// computers that were removed, and reported once more with a cookie of before, go as well.

import type { CountedStates, Store } from '@moult/store';
import type { Logger } from '../log/log.ts';
import { createSweep, type SweepStep } from './sweep.ts';

export interface StateBounds {
  /** Takes note of a report of so many bytes. Soon after it could be the one too many, the states are counted. */
  note(reportBytes: number): void;
  /** Counts, and removes what is too much now. Answers how many states went. */
  sweep(): Promise<number>;
  /** Ends after the step that is running. */
  close(): Promise<void>;
}

export interface StateBoundsParts {
  store: Pick<Store, 'countStatesByComputer' | 'trimStatesOf' | 'limitStatesPerComputer'>;
  maxStates: number;
  maxStatesPerComputer: number;
  log: Logger;
  /** Milliseconds. 0 for no sweeps but those that are asked for or due by what was reported. */
  everyMs?: number;
  /** At least this long between two sweeps that are due by what was reported. */
  restMs?: number;
  pauseMs?: number;
}

/** Down to this share of the bound, so that not every new state removes an old one. */
const keptShare = 0.9;
/** Below this share of the bound each computer may have more again. */
const roomyShare = 0.6;
/** An id of an update and a semicolon. */
const leastBytesOfState = 37;
/** States that one step counts, about: on SQLite nothing else runs meanwhile. */
const statesPerStep = 20_000;
const computersPerStep = { first: 4, most: 500 };

export function createStateBounds(parts: StateBoundsParts): StateBounds {
  const { store, maxStates, maxStatesPerComputer, log } = parts;
  const { everyMs = 3_600_000, restMs = 60_000, pauseMs = 20 } = parts;
  let sweptAt = Number.NEGATIVE_INFINITY;
  let perComputer = maxStatesPerComputer;
  /** As counted last, and what may have come since. */
  let mayBe = 0;

  const limit = (most: number): void => {
    perComputer = most;
    store.limitStatesPerComputer(most);
  };

  const walk = async (step: SweepStep, visit: (counted: CountedStates) => Promise<void> | void): Promise<void> => {
    let after = '';
    let computers = computersPerStep.first;
    while (!step.isEnding()) {
      const counted = await store.countStatesByComputer(after, computers);
      for (const one of counted) await visit(one);
      const last = counted.at(-1);
      if (!last || counted.length < computers) return;
      after = last.computerId;
      const average = counted.reduce((sum, { states }) => sum + states, 0) / counted.length;
      computers = Math.max(1, Math.min(computersPerStep.most, Math.floor(statesPerStep / average)));
      await step.rest();
    }
  };

  const sweepAll = async (step: SweepStep): Promise<number> => {
    const computersWith = new Map<number, number>();
    let total = 0;
    mayBe = 0;
    let ofNobody = 0;
    await walk(step, async ({ computerId, states, isKnown }) => {
      if (!isKnown) {
        ofNobody += await store.trimStatesOf(computerId, 0);
        return;
      }
      computersWith.set(states, (computersWith.get(states) ?? 0) + 1);
      total += states;
    });
    mayBe += total;
    if (step.isEnding()) return ofNobody;
    if (total < maxStates * roomyShare && perComputer < maxStatesPerComputer) {
      limit(Math.min(maxStatesPerComputer, perComputer * 2));
    }
    if (total <= maxStates) return ofNobody;
    limit(Math.min(perComputer, fairShare(computersWith, maxStates * keptShare)));
    let removed = 0;
    await walk(step, async ({ computerId, states }) => {
      if (states > perComputer) removed += await store.trimStatesOf(computerId, perComputer);
    });
    mayBe -= removed;
    log.warn({ removed, maxStates, perComputer }, 'states of updates beyond the bound of the store were removed');
    return ofNobody + removed;
  };

  let isRunning = false;
  const work = (step: SweepStep): Promise<number> => {
    isRunning = true;
    return sweepAll(step).finally(() => {
      isRunning = false;
      sweptAt = performance.now();
    });
  };
  const failed = (error: unknown) => log.error({ err: error }, 'the states of updates could not be bounded');
  const { run, close } = createSweep({ pauseMs, everyMs, work, failed });
  return {
    note(reportBytes) {
      mayBe += reportBytes / leastBytesOfState;
      if (mayBe > maxStates && !isRunning && performance.now() - sweptAt >= restMs) run().catch(failed);
    },
    sweep: run,
    close,
  };
}

/**
 * The largest number of states that each computer may have so that all fit. At least 1. `computersWith`: states →
 * computers.
 */
export function fairShare(computersWith: ReadonlyMap<number, number>, room: number): number {
  let left = room;
  let computers = [...computersWith.values()].reduce((sum, count) => sum + count, 0);
  for (const [states, count] of [...computersWith].sort(([one], [other]) => one - other)) {
    if (states * computers > left) return Math.max(1, Math.floor(left / computers));
    left -= states * count;
    computers -= count;
  }
  return Number.MAX_SAFE_INTEGER;
}
