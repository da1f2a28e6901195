// At the start: decisions on updates that their publisher expired, which a version of before left in force.
import type { Store } from '@moult/store';
import { isTemporary } from '@moult/store/errors';
import type { Logger } from './log/log.ts';

/** Each in the log. A database that is damaged inside keeps no server from its start: what can be served is served. */
export async function takeOffExpired(store: Store, at: Date, log: Pick<Logger, 'warn'>): Promise<void> {
  try {
    for (const { updateId, title, decisions } of await store.takeOffExpired({ name: 'server', at }))
      log.warn({ updateId, title, decisions }, 'an update is expired: it is declined, and its decisions are taken off');
  } catch (error) {
    if (isTemporary(error)) throw error;
    log.warn({ err: error }, 'expired updates could not be looked for');
  }
}
