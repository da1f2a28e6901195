// Runs the rules of approvals beside the service: after updates came, after rules or groups changed, and each hour.
import { runRules } from '@moult/administration/rules';
import type { Store } from '@moult/store';
import type { LiveCatalog } from '@moult/store/catalog';
import { createSweep } from '../housekeeping/sweep.ts';
import type { Logger } from '../log/log.ts';

interface KeptRules {
  /** Looks now. Answers how many decisions were written. */
  look(): Promise<number>;
  close(): Promise<void>;
}

interface Parts {
  store: Store;
  catalog: LiveCatalog;
  now(): Date;
  /** While the clock is not believed no rule runs: an age or a deadline could be years off. */
  isClockBelieved(): boolean;
  /** Of groups without one of their own. */
  ownZone: string;
  log: Pick<Logger, 'info' | 'error'>;
  /** Milliseconds. 0 for no runs but those that are asked for. */
  everyMs?: number;
}

const runEveryMs = 3_600_000;
const watched = ['updates', 'rules', 'groups', 'restored'] as const;

export function keepRules({ store, catalog, now, isClockBelieved, ownZone, log, everyMs = 60_000 }: Parts): KeptRules {
  let seen = '';
  let ranAt = Number.NEGATIVE_INFINITY;
  const { run, close } = createSweep({
    ...{ pauseMs: 0, everyMs },
    async work() {
      // Decisions of a replica come from its upstream server.
      if (!isClockBelieved() || (await store.loadRole()) === 'replica') return 0;
      const generations = await store.loadGenerations();
      const found = watched.map((topic) => generations.get(topic) ?? 0).join();
      const at = now();
      const isDue = Math.abs(at.getTime() - ranAt) >= runEveryMs;
      if (found === seen && !isDue) return 0;
      const { totals } = await runRules(store, { catalog, now: at, ownZone });
      seen = found;
      ranAt = at.getTime();
      const { updates, approvals, declines, takenBack } = totals;
      if (updates > 0) log.info({ updates, approvals, declines, takenBack }, 'rules changed decisions');
      return approvals + declines + takenBack;
    },
    failed: (error) => log.error({ err: error }, 'rules could not be run'),
  });
  return { look: run, close };
}
