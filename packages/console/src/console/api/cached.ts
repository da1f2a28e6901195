// Answers of the API as React state, kept by address. A view that is opened again shows its answer at once. The console
// asks again if the answer grows old, if a person looks again, or after a change.
import { useCallback, useEffect, useSyncExternalStore } from 'react';
import { addressOf, call, type Given } from './call.ts';
import type { OperationName } from './operations.ts';
import { restAfter } from './pace.ts';

export interface Kept<Document> {
  document: Document | undefined;
  etag: string | undefined;
  /** Milliseconds since 1970 by this browser, of the last answer. */
  at: number;
  error: Error | undefined;
  isAsking: boolean;
}

interface Entry extends Kept<unknown> {
  /** Milliseconds to rest at least after an answer, before it is asked for in the background. */
  leastRestMs: number;
  ask(): void;
  /** In the background, as soon as the rest after the last answer is over. */
  askSoon(): void;
  listeners: Set<() => void>;
}

const mostKept = 60;
const entries = new Map<string, Entry>();

/**
 * The answer of a reading operation. Undefined `given` asks for nothing. Some answers are asked for seldom, because the
 * server works long for them or they hardly change. A change of something else does not hurry them.
 */
export function useAnswer<Document>(
  operation: OperationName,
  given: Omit<Given, 'body' | 'ifMatch' | 'signal'> | undefined,
  { everyMs = usualMs }: { everyMs?: number } = {},
): Kept<Document> & { again(): void } {
  const key = given === undefined ? '' : addressOf(operation, given);
  if (given !== undefined && !entries.has(key)) entries.set(key, makeEntry(operation, given, key));
  const subscribe = useCallback(
    (listener: () => void) => {
      const entry = entries.get(key);
      entry?.listeners.add(listener);
      return () => entry?.listeners.delete(listener);
    },
    [key],
  );
  const entry = useSyncExternalStore(subscribe, () => snapshots.get(key) ?? nothing);
  useEffect(() => {
    if (key === '') return undefined;
    const look = () => {
      const found = entries.get(key);
      if (!document.hidden && found && Date.now() - found.at >= everyMs - 50) found.askSoon();
    };
    // A view that is opened again shows what is known, and asks.
    const found = entries.get(key);
    if (found) found.leastRestMs = everyMs > usualMs ? everyMs : 0;
    if (found && Date.now() - found.at > freshMs) found.ask();
    const timer = setInterval(look, everyMs);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [key, everyMs]);
  const again = useCallback(() => entries.get(key)?.ask(), [key]);
  return { ...(entry as Kept<Document>), again };
}

/** Asks again for everything that somebody looks at, and forgets the rest: after a change. */
export function askAllAgain({ isBackground }: { isBackground: boolean }): void {
  for (const [key, entry] of entries) {
    if (entry.listeners.size > 0) {
      if (isBackground) entry.askSoon();
      else entry.ask();
    } else {
      entries.delete(key);
      snapshots.delete(key);
    }
  }
}

/** Forgets everything: another account must not see it. */
export function forgetAll(): void {
  entries.clear();
  snapshots.clear();
}

const usualMs = 60_000;
const freshMs = 2_000;
const nothing: Kept<unknown> = { document: undefined, etag: undefined, at: 0, error: undefined, isAsking: true };
const snapshots = new Map<string, Kept<unknown>>();

function makeEntry(operation: OperationName, given: Given, key: string): Entry {
  const entry: Entry = { ...nothing, leastRestMs: 0, listeners: new Set(), ask, askSoon };
  let turn = 0;
  let restUntil = 0;
  let isDue = false;
  let planned: ReturnType<typeof setTimeout> | undefined;
  snapshots.set(key, nothing);
  for (const [old, { listeners }] of entries) {
    if (entries.size < mostKept) break;
    if (listeners.size > 0) continue;
    entries.delete(old);
    snapshots.delete(old);
  }
  return entry;

  function ask({ isBackground = false } = {}): void {
    const own = ++turn;
    const started = performance.now();
    isDue = false;
    change({ isAsking: true });
    call<unknown>(operation, { ...given, isBackground })
      .then(
        (answered): Partial<Kept<unknown>> => ({ ...answered, at: Date.now(), error: undefined }),
        (error) => ({ error }),
      )
      .then((ended) => {
        if (own !== turn) return;
        // An answer that did not come is asked for again soon.
        const least = 'error' in ended && ended.error ? 0 : entry.leastRestMs;
        restUntil = performance.now() + Math.max(least, restAfter(performance.now() - started, 1));
        change({ ...ended, isAsking: false });
        if (isDue) plan();
      });
  }

  function askSoon(): void {
    isDue = true;
    if (!entry.isAsking) plan();
  }

  function plan(): void {
    if (planned !== undefined) return;
    planned = setTimeout(
      () => {
        planned = undefined;
        if (isDue && !entry.isAsking && entry.listeners.size > 0) ask({ isBackground: true });
      },
      Math.max(0, restUntil - performance.now()),
    );
  }

  function change(changed: Partial<Kept<unknown>>): void {
    Object.assign(entry, changed);
    const { document: known, etag, at, error, isAsking } = entry;
    if (entries.get(key) !== entry) return;
    snapshots.set(key, { document: known, etag, at, error, isAsking });
    for (const listener of entry.listeners) listener();
  }
}
