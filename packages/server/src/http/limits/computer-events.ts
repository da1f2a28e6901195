// Bounds the report events of one computer. The number is looked up by chance, more often the more the computer sends.
// So no memory of senders is needed, and a computer that sends little is hardly ever looked at.

import type { Store } from '@moult/store';
import { rateBounds } from '../../bounds.ts';
import type { Logger } from '../../log/log.ts';

export interface ComputerEvents {
  /** Takes note of what a computer reported. Events beyond the bound go soon after. */
  note(computerId: string, reported: { events: number; bytes: number }): void;
  /** Ends after the trimming that is running. */
  close(): Promise<void>;
}

interface ComputerEventsParts {
  store: Pick<Store, 'trimEventsOf'>;
  maxEvents: number;
  log: Logger;
  /** From 0 to below 1. */
  random?: () => number;
}

/** A computer is looked up once for so large a part of what it may have, on average. */
const lookedUpShare = 0.1;

export function createComputerEvents({
  store,
  maxEvents,
  log,
  random = Math.random,
}: ComputerEventsParts): ComputerEvents {
  const waiting = new Set<string>();
  let trimming: Promise<void> | undefined;

  const trimAll = async (): Promise<void> => {
    for (const computerId of waiting) {
      waiting.delete(computerId);
      try {
        const removed = await store.trimEventsOf(computerId, {
          events: maxEvents,
          bytes: rateBounds.maxEventBytesPerComputer,
        });
        if (removed > 0)
          log.warn({ computerId, removed, maxEvents }, 'a computer reported more events than it may have');
      } catch (error) {
        log.error({ err: error, computerId }, 'the events of a computer could not be bounded');
      }
    }
  };

  return {
    note(computerId, { events, bytes }) {
      const share = Math.max(events / maxEvents, bytes / rateBounds.maxEventBytesPerComputer);
      if (random() >= share / lookedUpShare) return;
      waiting.add(computerId);
      trimming ??= trimAll().finally(() => {
        trimming = undefined;
      });
    },
    async close() {
      await trimming;
    },
  };
}
