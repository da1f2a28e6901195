// The pages of a list, one after the other. A page begins at the end of the one before. So no row is skipped or shown
// twice while the list changes.
import { useCallback, useEffect, useRef, useState } from 'react';
import { addressOf, call, type Query } from '../api/call.ts';
import { isBackgroundChange } from '../api/changes.ts';
import type { Page } from '../api/documents.ts';
import type { OperationName } from '../api/operations.ts';
import { restAfter } from '../api/pace.ts';

export interface Pages<Item> {
  items: readonly Item[];
  /** Of the whole list, as the server counted it. Undefined before its first answer. */
  total: number | undefined;
  isMore: boolean;
  isAsking: boolean;
  error: Error | undefined;
  /** Milliseconds since 1970, of the last answer. */
  at: number;
  /** Fetches the next page. */
  more(): void;
  /** Fetches again what is shown. */
  again(): void;
}

type State<Item> = Omit<Pages<Item>, 'more' | 'again' | 'isMore'> & { next: string | null; key: string };

const pageSize = 200;
const none = { items: [], total: undefined, next: null, isAsking: true, error: undefined, at: 0 };

export function usePages<Item>(operation: OperationName, query: Query, changes: number): Pages<Item> {
  const key = addressOf(operation, { query });
  const [state, setState] = useState<State<Item>>({ ...none, key: '' });
  const asked = useRef<AbortController>(undefined);
  const running = useRef(Promise.resolve());
  const restUntil = useRef(0);
  const latest = useRef(query);
  latest.current = query;

  /** `until`: fetches pages from the start until there are so many rows. */
  const load = useCallback(
    async (from: string | null, before: readonly Item[], until: number, isBackground = false) => {
      asked.current?.abort();
      const own = new AbortController();
      asked.current = own;
      const started = performance.now();
      setState((now) => (now.key === key ? { ...now, isAsking: true } : { ...none, key }));
      try {
        let items = before;
        let next = from;
        let total: number | undefined;
        do {
          const given = { ...latest.current, limit: pageSize, ...(next !== null && { cursor: next }) };
          const { document } = await call<Page<Item>>(operation, { query: given, signal: own.signal, isBackground });
          items = [...items, ...document.items];
          ({ next, total } = document);
        } while (next !== null && items.length < until);
        setState({ items, total, next, isAsking: false, error: undefined, at: Date.now(), key });
        const ended = performance.now();
        restUntil.current = ended + restAfter(ended - started, Math.ceil((items.length - before.length) / pageSize));
      } catch (error) {
        if (own.signal.aborted) return;
        setState((now) => ({ ...now, isAsking: false, error: error as Error, key }));
      }
    },
    [operation, key],
  );

  // `changes` counts what this console changed: the rows are asked for again.
  const rows = useRef(0);
  rows.current = state.key === key ? state.items.length : 0;
  useEffect(() => {
    const isBackground = rows.current > 0 && changes > 0 && isBackgroundChange();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const begin = () => {
      running.current = load(null, [], Math.min(rows.current, mostAgain), isBackground);
    };
    if (!isBackground) begin();
    else if (rows.current <= mostAgain)
      // A fetch that is under way ends first. Otherwise a slow one never ends.
      void running.current.then(() => {
        if (!isOver) timer = setTimeout(begin, Math.max(0, restUntil.current - performance.now()));
      });
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [load, changes]);
  useEffect(() => () => asked.current?.abort(), [load]);

  const isCurrent = state.key === key;
  const shown = isCurrent ? state : { ...none, key };
  const { items, next, isAsking } = shown;
  const more = useCallback(() => {
    if (next !== null && !isAsking) void load(next, items, 0);
  }, [load, next, items, isAsking]);
  const again = useCallback(() => void load(null, [], Math.min(rows.current, mostAgain)), [load]);
  const { total, error, at } = shown;
  return { items, total, isMore: next !== null, isAsking, error, at, more, again };
}

/** Rows that are fetched again at a time. With more of them, only when somebody asks for it. */
const mostAgain = 1000;
