// Computers that were here once and never again age: strangers after days, and sooner when there are nearly as many
// computers as there may be. The sweep runs beside the service, a small step at a time, by a clock that does not jump.

import type { Store } from '@moult/store';
import type { ServerClock } from '@moult/store/clock';
import type { ComputerCount } from '../http/limits/computer-count.ts';
import type { Logger } from '../log/log.ts';
import { createSweep } from './sweep.ts';

interface ComputerAgeing {
  /** Takes away what is too old now. Answers how many computers went. */
  sweep(): Promise<number>;
  /** Ends after the step that is running. */
  close(): Promise<void>;
}

export interface ComputerAgeingParts {
  store: Pick<Store, 'ageComputers' | 'recordChange'>;
  count: Pick<ComputerCount, 'isCrowded' | 'refresh'>;
  /** Days after which a stranger goes. 0: never. */
  strangerDays: number;
  /** Days after which any computer goes. 0: never. */
  silentComputerDays: number;
  /** Whether clients say themselves in which groups they are. */
  clientSideTargeting: boolean;
  clock: Pick<ServerClock, 'now' | 'ageingNow' | 'newestBelievable' | 'state'>;
  log: Logger;
  /** Milliseconds. 0 for no sweeps but those that are asked for. */
  everyMs?: number;
  crowdedEveryMs?: number;
  pauseMs?: number;
  computersPerStep?: number;
}

const dayMs = 86_400_000;
/** When there are nearly too many computers, a stranger that has said nothing for so long makes room. */
const crowdedStrangerMs = 600_000;
/** So does one that synchronised on its first day and was not here since. */
const crowdedOnceMs = dayMs;
const never = new Date(0);

export function createComputerAgeing(parts: ComputerAgeingParts): ComputerAgeing {
  const { store, count, clock, log, pauseMs = 100, computersPerStep = 500 } = parts;
  const { everyMs = 3_600_000, crowdedEveryMs = 60_000 } = parts;
  let unsaid = { strangers: 0, silent: 0 };

  const ago = (ms: number) => new Date(clock.ageingNow().getTime() - ms);
  const daysAgo = (days: number) => (days === 0 ? undefined : ago(days * dayMs));
  const limits = () => {
    const isCrowded = count.isCrowded();
    return {
      strangersBefore: (isCrowded ? ago(crowdedStrangerMs) : daysAgo(parts.strangerDays)) ?? never,
      onceBefore: isCrowded ? ago(crowdedOnceMs) : undefined,
      silentBefore: daysAgo(parts.silentComputerDays),
      groupsKeep: !parts.clientSideTargeting,
      believed: clock.state().kind === 'right' ? { now: clock.now(), newest: clock.newestBelievable() } : undefined,
    };
  };

  /** One record an hour, however often there is something to take away. */
  const say = async (): Promise<void> => {
    if (unsaid.strangers + unsaid.silent === 0) return;
    const said = unsaid;
    unsaid = { strangers: 0, silent: 0 };
    log.info(said, 'computers that never came back were removed');
    await store.recordChange(
      { name: 'ageing', at: clock.ageingNow() },
      { action: 'remove silent computers', subject: 'computers', after: said },
    );
  };

  const failed = (error: unknown) => log.error({ err: error }, 'silent computers could not be removed');
  const ageing = createSweep({
    ...{ pauseMs, everyMs, failed },
    async work({ rest, isEnding }) {
      let after = '';
      let removed = 0;
      for (;;) {
        const step = await store.ageComputers({ after, count: computersPerStep, ...limits() });
        after = step.after;
        removed += step.strangers + step.silent;
        unsaid = { strangers: unsaid.strangers + step.strangers, silent: unsaid.silent + step.silent };
        if (step.isDone || isEnding()) break;
        await rest();
      }
      if (removed > 0) await count.refresh();
      return removed;
    },
    done: say,
  });
  const crowdTimer =
    everyMs > 0
      ? setInterval(() => count.isCrowded() && ageing.run().catch(failed), crowdedEveryMs).unref()
      : undefined;

  return {
    async sweep() {
      const removed = await ageing.run();
      await say();
      return removed;
    },
    async close() {
      clearInterval(crowdTimer);
      await ageing.close();
      await say().catch(failed);
    },
  };
}
