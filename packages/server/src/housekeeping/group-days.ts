// Notes once an hour how far each group is. So the last note of a day stays, also of a server that ends at night.
import type { Store } from '@moult/store';
import { fleetReads, homeReads } from '@moult/store/bounds';
import type { ServerClock } from '@moult/store/clock';
import type { Logger } from '../log/log.ts';
import { createSweep } from './sweep.ts';

interface GroupDaysParts {
  store: Pick<Store, 'noteGroupDay'>;
  clock: Pick<ServerClock, 'now' | 'state'>;
  log: Logger;
  /** Milliseconds until the first note, and between two. 0 for no notes but those that are asked for. */
  firstMs?: number;
  everyMs?: number;
}

/** It waits while the clock is not believed, because a wrong day stays. */
export function createGroupDays({ store, clock, log, firstMs = 60_000, everyMs = 3_600_000 }: GroupDaysParts) {
  const failed = (error: unknown) => log.error({ err: error }, 'the groups of this day could not be noted');
  const sweep = createSweep({
    ...{ pauseMs: 0, everyMs, failed },
    async work() {
      if (clock.state().kind !== 'right') return 0;
      const now = clock.now();
      const silentSince = new Date(now.getTime() - homeReads.silentDays * 86_400_000);
      return store.noteGroupDay({ now, silentSince, keptDays: fleetReads.keptDays });
    },
  });
  // A server that runs for less than an hour on a day is noted too.
  const first = firstMs > 0 ? setTimeout(() => sweep.run().catch(failed), firstMs).unref() : undefined;
  return {
    run: sweep.run,
    async close(): Promise<void> {
      clearTimeout(first);
      await sweep.close();
    },
  };
}
