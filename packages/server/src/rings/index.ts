// Steps the updates that go through rings, beside the service.
import { stepRollouts } from '@moult/administration/rings';
import type { Store } from '@moult/store';
import { createSweep } from '../housekeeping/sweep.ts';
import type { Logger } from '../log/log.ts';

interface Parts {
  store: Store;
  now(): Date;
  /** While the clock is not believed nothing goes on. */
  isClockBelieved(): boolean;
  log: Pick<Logger, 'info' | 'error'>;
}

const stepEveryMs = 300_000;

export function keepRings({ store, now, isClockBelieved, log }: Parts): { close(): Promise<void> } {
  return createSweep({
    ...{ pauseMs: 0, everyMs: stepEveryMs },
    async work() {
      if (!isClockBelieved()) return 0;
      const transitions = await stepRollouts(store, now());
      for (const { action, reason, fromRing, toRing, status } of transitions)
        log.info({ action, reason, fromRing, toRing, status }, 'an update on its way through rings changed');
      return transitions.length;
    },
    failed: (error) => log.error({ err: error }, 'rings could not be stepped'),
  });
}
