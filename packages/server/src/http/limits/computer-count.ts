// The number of computers without asking the store each time: counted now and then, and in between by the computers
// that were let in.

import type { Store } from '@moult/store';
import { isTemporary } from '@moult/store/errors';

export interface ComputerCount {
  /** False when there are as many as there may be. */
  hasRoom(): boolean;
  /** True when there is room for a tenth or less. */
  isCrowded(): boolean;
  /** Takes note of one more. */
  add(): void;
  /** Counts again. A failure leaves what is known. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

interface ComputerCountParts {
  store: Pick<Store, 'countComputers'>;
  maxComputers: number;
  failed(error: unknown): void;
  everyMs?: number;
}

const crowdedShare = 0.9;

/** Counts every now and then. Until the store was asked once (refresh) there is room. */
export function createComputerCount(parts: ComputerCountParts): ComputerCount {
  const { store, maxComputers, failed, everyMs = 30_000 } = parts;
  let known = 0;
  let counting: Promise<void> = Promise.resolve();
  const count = async (): Promise<void> => {
    try {
      known = await store.countComputers();
    } catch (error) {
      // While the database is away, that is said elsewhere.
      if (!isTemporary(error)) failed(error);
    }
  };
  const refresh = (): Promise<void> => {
    counting = counting.then(count);
    return counting;
  };
  const timer = setInterval(refresh, everyMs).unref();
  return {
    hasRoom: () => known < maxComputers,
    isCrowded: () => known >= maxComputers * crowdedShare,
    add: () => void known++,
    refresh,
    async close() {
      clearInterval(timer);
      await counting;
    },
  };
}
