// However many events come, the store holds so many and so large: beyond that the oldest routine ones go first, then
// the oldest. It is looked at once a minute. In between the rates of strangers (limits/) bound what can come.
import { routineReports } from '@moult/protocol/reporting';
import type { EventTable, EventVolume, Store } from '@moult/store';
import type { Logger } from '../log/log.ts';
import { createSweep, type SweepStep } from './sweep.ts';

interface EventBounds {
  /** Removes what is too much now. Answers how many events went. */
  sweep(): Promise<number>;
  /** Ends after the step that is running. */
  close(): Promise<void>;
}

export interface EventBoundsParts {
  store: Pick<Store, 'estimateEvents' | 'removeOldestEvents'>;
  maxEvents: number;
  maxEventBytes: number;
  maxPings: number;
  log: Logger;
  /** Milliseconds. 0 for no sweeps but those that are asked for. */
  everyMs?: number;
  pauseMs?: number;
  eventsPerStep?: number;
  random?: () => number;
}

/** Down to this share of a bound, so that not every new event removes an old one. */
const keptShare = 0.95;
const samples = { samples: 200, eventsPerSample: 50 };

export function createEventBounds(parts: EventBoundsParts): EventBounds {
  const { store, log, everyMs = 60_000, pauseMs = 20, eventsPerStep = 500, random = Math.random } = parts;
  /** A routine event with this id or a smaller one does not exist any more: ids only rise. */
  let routineAfter = 0;

  /** Removes from the oldest on until `excess` is gone. Takes it off. Answers how many went. */
  const removeUntil = async (
    step: SweepStep,
    table: EventTable,
    excess: EventVolume,
    eventNumbers?: readonly number[],
  ): Promise<number> => {
    let after = eventNumbers ? routineAfter : 0;
    let removed = 0;
    while ((excess.events > 0 || excess.bytes > 0) && !step.isEnding()) {
      const gone = await store.removeOldestEvents({ table, after, count: eventsPerStep, eventNumbers });
      removed += gone.events;
      excess.events -= gone.events;
      excess.bytes -= gone.bytes;
      after = gone.after;
      if (eventNumbers) routineAfter = after;
      if (gone.isDone) break;
      await step.rest();
    }
    return removed;
  };

  const excessOf = async (table: EventTable, most: EventVolume): Promise<EventVolume | undefined> => {
    const { events, bytes } = await store.estimateEvents(table, { ...samples, random });
    if (events <= most.events && bytes <= most.bytes) return undefined;
    return { events: events - most.events * keptShare, bytes: bytes - most.bytes * keptShare };
  };

  const sweepReports = async (step: SweepStep): Promise<number> => {
    const table = 'reporting_events';
    const excess = await excessOf(table, { events: parts.maxEvents, bytes: parts.maxEventBytes });
    if (!excess) return 0;
    const routine = await removeUntil(step, table, excess, routineReports());
    const others = await removeUntil(step, table, excess);
    log.warn({ routine, others, ...limitsOf(parts) }, 'events beyond the bounds of the store were removed');
    return routine + others;
  };

  const sweepPings = async (step: SweepStep): Promise<number> => {
    const table = 'self_update_events';
    const excess = await excessOf(table, { events: parts.maxPings, bytes: Number.POSITIVE_INFINITY });
    if (!excess) return 0;
    const removed = await removeUntil(step, table, { ...excess, bytes: 0 });
    log.warn({ removed, maxPings: parts.maxPings }, 'status pings beyond the bounds of the store were removed');
    return removed;
  };

  const { run, close } = createSweep({
    ...{ pauseMs, everyMs },
    work: async (step) => (await sweepReports(step)) + (await sweepPings(step)),
    failed: (error) => log.error({ err: error }, 'the events of the store could not be bounded'),
  });
  return { sweep: run, close };
}

function limitsOf({ maxEvents, maxEventBytes }: EventBoundsParts) {
  return { maxEvents, maxEventBytes };
}
