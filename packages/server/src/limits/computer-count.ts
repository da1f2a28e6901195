// How many computers there are, without asking the store each time: counted now and then, and between by what was let in.
import { isTemporary } from '../errors.ts';
import type { Store } from '../store/index.ts';

export interface ComputerCount {
  /** False when there are as many as there may be. */
  hasRoom(): boolean;
  /** True when there is room for a tenth or less. */
  isCrowded(): boolean;
  /** Takes note of one more. */
  add(): void;
  /** Counts anew. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

export interface ComputerCountParts {
  store: Pick<Store, 'countComputers'>;
  maxComputers: number;
  failed(error: unknown): void;
  everyMs?: number;
}

const crowdedShare = 0.9;

/** Counts once before it answers; a database that is away is asked again later. Throws what else the store says. */
export async function createComputerCount(parts: ComputerCountParts): Promise<ComputerCount> {
  const { store, maxComputers, failed, everyMs = 30_000 } = parts;
  let known = 0;
  let counting: Promise<void> = Promise.resolve();
  const refresh = (): Promise<void> => {
    counting = counting
      // One that failed is no reason not to try again.
      .catch(() => undefined)
      .then(() => store.countComputers())
      .then((count) => {
        known = count;
      });
    return counting;
  };
  await refresh().catch((error) => {
    if (!isTemporary(error)) throw error;
  });
  const timer = setInterval(() => {
    counting = refresh().catch(failed);
  }, everyMs).unref();
  return {
    hasRoom: () => known < maxComputers,
    isCrowded: () => known >= maxComputers * crowdedShare,
    add: () => void known++,
    refresh,
    async close() {
      clearInterval(timer);
      await counting.catch(() => undefined);
    },
  };
}
