// Report events and status pings are kept for a time, routine reports for a shorter one. The sweep runs beside the
// service, a small step at a time with pauses between. It remembers how far it came.
import { routineReports } from '@moult/protocol/reporting';
import type { Store } from '@moult/store';
import type { ServerClock } from '@moult/store/clock';
import type { Logger } from '../log/log.ts';
import { createSweep, type SweepStep } from './sweep.ts';

interface EventRetention {
  /** Takes away what is too old now. Answers how many events went. */
  sweep(): Promise<number>;
  /** Ends after the step that is running. */
  close(): Promise<void>;
}

interface EventRetentionParts {
  store: Pick<
    Store,
    'removeOldEvents' | 'removeOldSelfUpdateEvents' | 'removeRoutineEvents' | 'loadSetting' | 'saveSetting'
  >;
  eventDays: number;
  routineEventDays: number;
  /** The clock of the ages of events, and the time beyond which no stamp is believed (clock/). */
  clock: Pick<ServerClock, 'ageingNow' | 'newestBelievable'>;
  log: Logger;
  /** Milliseconds. 0 for no sweeps but those that are asked for. */
  everyMs?: number;
  pauseMs?: number;
  eventsPerStep?: number;
}

const dayMs = 86_400_000;
const placeSetting = 'event-sweep-after';

export function createEventRetention(parts: EventRetentionParts): EventRetention {
  const { store, clock, log, everyMs = 3_600_000, pauseMs = 100, eventsPerStep = 500 } = parts;
  const daysAgo = (days: number) => new Date(clock.ageingNow().getTime() - days * dayMs);

  type RemoveOld = (before: Date, limit: number, newest: Date) => Promise<number>;
  const sweepOld = async ({ rest, isEnding }: SweepStep, removeOld: RemoveOld): Promise<number> => {
    let removed = 0;
    for (;;) {
      const step = await removeOld(daysAgo(parts.eventDays), eventsPerStep, clock.newestBelievable());
      removed += step;
      if (step < eventsPerStep || isEnding()) return removed;
      await rest();
    }
  };

  const sweepRoutine = async ({ rest, isEnding }: SweepStep): Promise<number> => {
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
      if (step.isDone || isEnding()) return removed;
      await rest();
    }
  };

  const { run, close } = createSweep({
    ...{ pauseMs, everyMs },
    async work(step) {
      const reports = await sweepOld(step, (...bounds) => store.removeOldEvents(...bounds));
      const pings = await sweepOld(step, (...bounds) => store.removeOldSelfUpdateEvents(...bounds));
      return reports + pings + (await sweepRoutine(step));
    },
    done: (removed) => removed > 0 && log.info({ removed }, 'old events removed'),
    failed: (error) => log.error({ err: error }, 'old events could not be removed'),
  });
  return { sweep: run, close };
}
