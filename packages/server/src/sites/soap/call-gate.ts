// So many calls at once, so many waiting, the rest is told to come back: a storm of clients costs bounded memory.

export interface CallGate {
  /** Runs `work` when it is its turn; undefined, at once, when too many wait already. */
  enter<T>(work: () => Promise<T>): Promise<T> | undefined;
  readonly inFlight: number;
  readonly waiting: number;
}

export function createCallGate({ maxInFlight, maxWaiting }: { maxInFlight: number; maxWaiting: number }): CallGate {
  const queue: (() => void)[] = [];
  let inFlight = 0;

  const leave = () => {
    const next = queue.shift();
    // The place is handed over, not given back and taken again: nobody can slip in between.
    if (next) next();
    else inFlight--;
  };
  const turn = (): Promise<void> | undefined => {
    if (inFlight < maxInFlight) {
      inFlight++;
      return Promise.resolve();
    }
    if (queue.length >= maxWaiting) return undefined;
    return new Promise((resolve) => queue.push(resolve));
  };

  return {
    enter(work) {
      return turn()?.then(work).finally(leave);
    },
    get inFlight() {
      return inFlight;
    },
    get waiting() {
      return queue.length;
    },
  };
}
