// Memory for answers that their clients have not taken yet: one budget for all. A call whose answer does not fit waits,
// and the queue behind it. An answer that stays for longer than patience allows makes room for one that waits. It may
// not be slower than any line that agents still use.

export interface AnswerRoom {
  /**
   * Resolves when there is room. The answer counts the octets out. `evict` is called when they have to go before that.
   */
  enter(bytes: number, evict: () => void): Promise<() => void>;
  readonly usedBytes: number;
}

interface AnswerRoomLimits {
  budgetBytes: number;
  /** An answer that was not taken within so long makes room when another needs it. */
  patienceMs: number;
  /** So long may any answer take, and each octet this much longer. */
  graceMs: number;
  bytesPerSecond: number;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
}

interface Held {
  bytes: number;
  since: number;
  evict(): void;
  slowest: NodeJS.Timeout;
}

export function createAnswerRoom(limits: AnswerRoomLimits): AnswerRoom {
  const { budgetBytes, patienceMs, graceMs, bytesPerSecond, now = () => performance.now() } = limits;
  /** The oldest first. */
  const held = new Set<Held>();
  const waiting: { bytes: number; admit: () => void }[] = [];
  let used = 0;
  let patience: NodeJS.Timeout | undefined;

  // An answer that is larger than the budget comes alone: it waits for ever otherwise.
  const fits = (bytes: number) => used === 0 || used + bytes <= budgetBytes;

  const leave = (one: Held): void => {
    if (!held.delete(one)) return;
    clearTimeout(one.slowest);
    used -= one.bytes;
    admit();
  };
  const expel = (one: Held): void => {
    if (!held.has(one)) return;
    one.evict();
    leave(one);
  };
  const admit = (): void => {
    clearTimeout(patience);
    for (let next = waiting[0]; next && fits(next.bytes); next = waiting[0]) {
      waiting.shift();
      next.admit();
    }
    const [oldest] = held;
    if (waiting.length === 0 || !oldest) return;
    const left = oldest.since + patienceMs - now();
    patience = setTimeout(() => expel(oldest), Math.max(0, left)).unref();
  };
  const hold = (bytes: number, evict: () => void): (() => void) => {
    const mostMs = graceMs + (bytes / bytesPerSecond) * 1000;
    const slowest = setTimeout(() => expel(one), mostMs).unref();
    const one: Held = { bytes, since: now(), evict, slowest };
    held.add(one);
    used += bytes;
    return () => leave(one);
  };

  return {
    async enter(bytes, evict) {
      if (waiting.length === 0 && fits(bytes)) return hold(bytes, evict);
      return new Promise((resolve) => {
        waiting.push({ bytes, admit: () => resolve(hold(bytes, evict)) });
        if (waiting.length === 1) admit();
      });
    },
    get usedBytes() {
      return used;
    },
  };
}
