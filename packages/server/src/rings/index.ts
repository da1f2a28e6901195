// Steps the updates that go through rings, beside the service.
import { type ReleaseDoor, stepReleases, stepRollouts } from '@moult/administration/rings';
import type { Store } from '@moult/store';
import { createSweep } from '../housekeeping/sweep.ts';
import type { Logger } from '../log/log.ts';

interface Parts {
  store: Store;
  /** Agent releases go through rings too. */
  releases?: ReleaseDoor | undefined;
  now(): Date;
  /** While the clock is not believed nothing goes on. */
  isClockBelieved(): boolean;
  log: Pick<Logger, 'info' | 'error'>;
  /** Milliseconds. 0 for no steps but those that are asked for. */
  everyMs?: number;
}

interface KeptRings {
  /** Steps now. Answers how many updates went on, halted or ended. */
  step(): Promise<number>;
  close(): Promise<void>;
}

export function keepRings({ store, releases, now, isClockBelieved, log, everyMs = 300_000 }: Parts): KeptRings {
  const { run, close } = createSweep({
    ...{ pauseMs: 0, everyMs },
    async work() {
      if (!isClockBelieved() || (await store.loadRole()) === 'replica') return 0;
      const transitions = await stepRollouts(store, now());
      for (const { updateId, action, reason, fromRing, toRing, status } of transitions)
        log.info({ updateId, action, reason, fromRing, toRing, status }, 'an update on its way through rings changed');
      const steps = releases ? await stepReleases(store, releases, now()) : [];
      for (const { release, action, reason, fromRing, toRing, status } of steps)
        log.info(
          { release, action, reason, fromRing, toRing, status },
          'an agent release on its way through rings changed',
        );
      return transitions.length + steps.length;
    },
    failed: (error) => log.error({ err: error }, 'rings could not be stepped'),
  });
  return { step: run, close };
}
