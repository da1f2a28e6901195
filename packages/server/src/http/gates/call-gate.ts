// So many calls at once, so many waiting, and each at most as long as its connection lives. The rest must come again: a
// storm of clients costs bounded memory, and no client waits for an answer that cannot reach it. Lanes take turns, so
// that a flood in one of them makes only itself wait. Large calls begin in different turns of the event loop, so that
// small ones are read and answered between them.
import { callBounds } from '../../bounds.ts';

export interface CallGate {
  /** Runs `work` when it is its turn, or `refuse` when too many wait already or the wait was too long. */
  enter<T>(work: () => Promise<T>, refuse: () => T, caller?: Caller): Promise<T>;
  /** False if a call in this lane is refused now: to be asked before its body is read. */
  hasRoom(lane: string): boolean;
  readonly inFlight: number;
  readonly waiting: number;
}

export interface Caller {
  /** Calls of one lane wait behind each other. Lanes take turns. */
  lane: string;
  /** Size of the request: larger ones use up the turns of their lane faster. */
  bytes: number;
}

interface CallGateLimits {
  maxInFlight: number;
  maxWaiting: number;
  maxWaitMs: number;
  /** After each call its place rests for as long as the call took. So it leaves half of the time to others. */
  rests?: boolean;
}

interface Waiting {
  turns: number;
  /** Called when its wait is over. */
  end(isItsTurn: boolean): void;
}

interface Lane {
  waiting: Set<Waiting>;
  turns: number;
}

const anybody: Caller = { lane: '', bytes: 0 };

export function createCallGate({ maxInFlight, maxWaiting, maxWaitMs, rests = false }: CallGateLimits): CallGate {
  /** Those with somebody in them, in the order of their turns. */
  const lanes = new Map<string, Lane>();
  let waiting = 0;
  let inFlight = 0;
  let later: NodeJS.Immediate | undefined;

  const remove = (name: string, lane: Lane, one: Waiting): boolean => {
    if (!lane.waiting.delete(one)) return false;
    waiting--;
    if (lane.waiting.size === 0) lanes.delete(name);
    return true;
  };

  /** Deficit round robin: each lane is given one turn in a round and goes on when they reach for its first call. */
  const takeNext = (): Waiting | undefined => {
    for (;;) {
      const [first] = lanes;
      if (!first) return undefined;
      const [name, lane] = first;
      const [one] = lane.waiting;
      if (!one) return undefined;
      if (lane.turns >= one.turns) {
        lane.turns -= one.turns;
        remove(name, lane, one);
        return one;
      }
      lane.turns++;
      lanes.delete(name);
      lanes.set(name, lane);
    }
  };

  const admitWaiting = (): void => {
    while (later === undefined && inFlight < maxInFlight) {
      const next = takeNext();
      if (!next) return;
      inFlight++;
      next.end(true);
      if (next.turns > 1) admitLater();
    }
  };
  const admitLater = (): void => {
    later = setImmediate(() => {
      later = undefined;
      admitWaiting();
    });
  };

  const longestLane = (): [string, Lane] | undefined => {
    let longest: [string, Lane] | undefined;
    for (const entry of lanes) if (!longest || entry[1].waiting.size > longest[1].waiting.size) longest = entry;
    return longest;
  };

  const longerThan = (name: string): [string, Lane] | undefined => {
    const longest = longestLane();
    return longest && longest[1].waiting.size > (lanes.get(name)?.waiting.size ?? 0) + 1 ? longest : undefined;
  };

  /** If all places to wait are taken, the last of the longest lane gives way to a shorter lane. */
  const makeRoom = (name: string): boolean => {
    if (waiting < maxWaiting) return true;
    const longest = longerThan(name);
    const last = longest && [...longest[1].waiting].at(-1);
    last?.end(false);
    return last !== undefined;
  };

  const wait = ({ lane: name, bytes }: Caller): Promise<boolean> => {
    if (!makeRoom(name)) return Promise.resolve(false);
    const lane = lanes.get(name) ?? { waiting: new Set(), turns: 0 };
    lanes.set(name, lane);
    waiting++;
    return new Promise((resolve) => {
      const one: Waiting = {
        turns: Math.ceil(Math.max(1, bytes) / callBounds.smallBytes),
        end(isItsTurn) {
          clearTimeout(patience);
          remove(name, lane, one);
          resolve(isItsTurn);
        },
      };
      const patience = setTimeout(() => one.end(false), maxWaitMs).unref();
      lane.waiting.add(one);
      if (later === undefined && inFlight < maxInFlight) admitLater();
    });
  };

  const turn = (caller: Caller): boolean | Promise<boolean> => {
    // A place is only free while others wait if these are large. They wait for the next turn of the event loop.
    if (inFlight >= maxInFlight || caller.bytes > callBounds.smallBytes) return wait(caller);
    inFlight++;
    return true;
  };

  const leave = (): void => {
    inFlight--;
    admitWaiting();
  };

  return {
    async enter(work, refuse, caller = anybody) {
      if (!(await turn(caller))) return refuse();
      const begun = performance.now();
      try {
        return await work();
      } finally {
        if (rests) setTimeout(leave, Math.min(callBounds.maxRestMs, performance.now() - begun)).unref();
        else leave();
      }
    },
    hasRoom: (lane) => waiting < maxWaiting || inFlight < maxInFlight || longerThan(lane) !== undefined,
    get inFlight() {
      return inFlight;
    },
    get waiting() {
      return waiting;
    },
  };
}
