// Report events and status pings are kept for a time, routine reports for a shorter one. The sweep runs beside the
// service, a small step at a time with pauses between, and remembers how far it came.
import { setTimeout as pause } from 'node:timers/promises';
import { routineReports } from '@moult/protocol/reporting';
import type { ServerClock } from './clock/index.ts';
import type { Logger } from './log.ts';
import type { Store } from './store/index.ts';

export interface EventRetention {
  /** Takes away what is too old now; answers how many events went. */
  sweep(): Promise<number>;
  /** Ends after the step that is running. */
  close(): Promise<void>;
}

export interface EventRetentionParts {
  store: Pick<
    Store,
    'removeOldEvents' | 'removeOldSelfUpdateEvents' | 'removeRoutineEvents' | 'loadSetting' | 'saveSetting'
  >;
  eventDays: number;
  routineEventDays: number;
  /** The clock by which events age, and the time beyond which no stamp is believed (clock/). */
  clock: Pick<ServerClock, 'ageingNow' | 'newestBelievable'>;
  log: Logger;
  /** Milliseconds; 0 for no sweeps but those that are asked for. */
  everyMs?: number;
  pauseMs?: number;
  eventsPerStep?: number;
}

const dayMs = 86_400_000;
const placeSetting = 'event-sweep-after';

export function createEventRetention(parts: EventRetentionParts): EventRetention {
  const { store, clock, log, everyMs = 3_600_000, pauseMs = 100, eventsPerStep = 500 } = parts;
  const ending = new AbortController();
  let running: Promise<number> | undefined;

  const rest = () => pause(pauseMs, undefined, { signal: ending.signal, ref: false }).catch(() => undefined);
  const daysAgo = (days: number) => new Date(clock.ageingNow().getTime() - days * dayMs);

  type RemoveOld = (before: Date, limit: number) => Promise<number>;
  const sweepOld = async (removeOld: RemoveOld): Promise<number> => {
    let removed = 0;
    for (;;) {
      const step = await removeOld(daysAgo(parts.eventDays), eventsPerStep);
      removed += step;
      if (step < eventsPerStep || ending.signal.aborted) return removed;
      await rest();
    }
  };

  const sweepRoutine = async (): Promise<number> => {
    const eventNumbers = routineReports();
    let after = Number(await store.loadSetting(placeSetting)) || 0;
    let removed = 0;
    for (;;) {
      const receivedBefore = daysAgo(parts.routineEventDays);
      const newestBelievable = clock.newestBelievable();
      const bounds = { receivedBefore, newestBelievable };
      const step = await store.removeRoutineEvents({ after, count: eventsPerStep, eventNumbers, ...bounds });
      removed += step.removed;
      if (step.after !== after) await store.saveSetting(placeSetting, String(step.after));
      after = step.after;
      if (step.isDone || ending.signal.aborted) return removed;
      await rest();
    }
  };

  const sweepAll = async (): Promise<number> => {
    const reports = await sweepOld((before, limit) => store.removeOldEvents(before, limit));
    const pings = await sweepOld((before, limit) => store.removeOldSelfUpdateEvents(before, limit));
    return reports + pings + (await sweepRoutine());
  };
  const sweep = (): Promise<number> => {
    running ??= sweepAll().finally(() => {
      running = undefined;
    });
    return running;
  };

  const timer =
    everyMs > 0
      ? setInterval(() => {
          sweep().then(
            (removed) => removed > 0 && log.info({ removed }, 'old events removed'),
            (error) => log.error({ err: error }, 'old events could not be removed'),
          );
        }, everyMs).unref()
      : undefined;

  return {
    sweep,
    async close() {
      clearInterval(timer);
      ending.abort();
      await running?.catch(() => undefined);
    },
  };
}
