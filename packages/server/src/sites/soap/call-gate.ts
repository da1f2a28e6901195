// So many calls at once, so many waiting and none for longer than its connection lives, the rest is told to come back: a
// storm of clients costs bounded memory, and nobody waits for an answer that cannot reach him.

export interface CallGate {
  /** Runs `work` when it is its turn, or `refuse` when too many wait already or the wait was too long. */
  enter<T>(work: () => Promise<T>, refuse: () => T): Promise<T>;
  readonly inFlight: number;
  readonly waiting: number;
}

export interface CallGateLimits {
  maxInFlight: number;
  maxWaiting: number;
  maxWaitMs: number;
}

export function createCallGate({ maxInFlight, maxWaiting, maxWaitMs }: CallGateLimits): CallGate {
  const queue = new Set<() => void>();
  let inFlight = 0;

  const leave = () => {
    const [next] = queue;
    // The place is handed over, not given back and taken again: nobody can slip in between.
    if (next) next();
    else inFlight--;
  };
  const turn = async (): Promise<boolean> => {
    if (inFlight < maxInFlight) {
      inFlight++;
      return true;
    }
    if (queue.size >= maxWaiting) return false;
    return new Promise((resolve) => {
      const end = (isItsTurn: boolean) => {
        clearTimeout(patience);
        queue.delete(admit);
        resolve(isItsTurn);
      };
      const admit = () => end(true);
      const patience = setTimeout(() => end(false), maxWaitMs).unref();
      queue.add(admit);
    });
  };

  return {
    async enter(work, refuse) {
      if (!(await turn())) return refuse();
      try {
        return await work();
      } finally {
        leave();
      }
    },
    get inFlight() {
      return inFlight;
    },
    get waiting() {
      return queue.size;
    },
  };
}
