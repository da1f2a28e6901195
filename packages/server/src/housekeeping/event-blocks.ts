// Notes which updates the stored report events are about, beside the service: see store/event-blocks.ts.
import { setTimeout as pause } from 'node:timers/promises';
import type { Store } from '@moult/store';
import type { Logger } from '../log/log.ts';

interface EventBlocksParts {
  store: Pick<Store, 'noteEventBlock'>;
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
      while (!isClosed && (await store.noteEventBlock())) await pause(pauseMs, undefined, { ref: false });
    } catch (error) {
      log.debug({ err: error }, 'which updates events are about was not noted');
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
