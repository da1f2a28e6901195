// How long work still takes, by what it did since somebody looks at it.

export interface Progress {
  done: number;
  of: number;
  /** Milliseconds since 1970. */
  at: number;
}

const leastMs = 5_000;

/** Milliseconds until the end, at the pace since `first`. Undefined while the pace cannot be told. */
export function timeLeft(first: Progress, now: Progress): number | undefined {
  const tookMs = now.at - first.at;
  const did = now.done - first.done;
  if (tookMs < leastMs || did <= 0 || now.of <= now.done) return undefined;
  return ((now.of - now.done) * tookMs) / did;
}
