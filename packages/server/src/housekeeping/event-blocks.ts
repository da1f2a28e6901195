// Notes which updates the stored report events are about (store/event-blocks.ts). Adds up how many computers need each update
// (store/update-figures.ts). Computes what computers are sorted by (store/lists/computer-keys.ts).
import { setTimeout as pause } from 'node:timers/promises';
import type { Store } from '@moult/store';
import type { Logger } from '../log/log.ts';

interface EventBlocksParts {
  store: Pick<Store, 'noteEventBlock' | 'addUpFigures' | 'sortComputers'>;
  log: Logger;
  /** Milliseconds between two looks, and between two blocks of one. */
  everyMs?: number;
  pauseMs?: number;
}

/** Works until it is closed. A failure is tried again with the next look. */
export function noteEventBlocks({ store, log, everyMs = 5000, pauseMs = 20 }: EventBlocksParts) {
  let isClosed = false;
  let running: Promise<void> | undefined;

  const work = async () => {
    try {
      await store.addUpFigures();
      await store.sortComputers();
      while (!isClosed && (await store.noteEventBlock())) await pause(pauseMs, undefined, { ref: false });
    } catch (error) {
      log.debug({ err: error }, 'figures of updates and the order of computers were not brought up to date');
    }
  };
  const timer = setInterval(() => {
    running ??= work().finally(() => {
      running = undefined;
    });
  }, everyMs).unref();
  return {
    async close(): Promise<void> {
      isClosed = true;
      clearInterval(timer);
      await running;
    },
  };
}
