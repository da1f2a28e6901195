// A list to take away: all its pages as CSV or JSON, and the lines for a shell that fetch exactly the same.
import { type ReactNode, useRef, useState } from 'react';
import { addressOf, call, callForCsv, type Given, type Query } from '../api/call.ts';
import type { Page } from '../api/documents.ts';
import type { OperationName } from '../api/operations.ts';
import { say } from '../kit/announce.tsx';
import { download } from '../kit/download.ts';
import { Menu } from '../kit/menu.tsx';
import { numberIn } from '../kit/numbers.ts';
import { wordsOf } from '../kit/states.tsx';
import { useLanguage, useWords } from '../kit/words.tsx';
import { joinedCsv, shellLines } from './shell-lines.ts';

interface Props {
  operation: OperationName;
  query: Query;
  name: string;
  total: number | undefined;
  path?: Readonly<Record<string, string>>;
  /** The operation has one page, and no CSV. */
  isWhole?: boolean;
}

const pageSize = 200;

export function TakeAway({ operation, query, name, total = 0, path = {}, isWhole = false }: Props): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const [done, setDone] = useState<number | undefined>();
  const stop = useRef<AbortController>(undefined);

  const fetchAll = async (format: 'csv' | 'json') => {
    const own = new AbortController();
    stop.current = own;
    setDone(0);
    try {
      const given = { path, query: isWhole ? query : { ...query, limit: pageSize }, signal: own.signal };
      const fetched = await (format === 'csv' ? csvOf : jsonOf)(operation, given, setDone);
      download(`${name}.${format}`, fetched.text, format === 'csv' ? 'text/csv' : 'application/json');
      say(words.list.fetched(numberIn(fetched.rows, language)));
    } catch (error) {
      if (!own.signal.aborted) say(wordsOf(error, words), { isBad: true });
    } finally {
      setDone(undefined);
    }
  };

  const lines = shellLines(
    location.origin,
    addressOf(operation, { path, query: isWhole ? query : { ...query, limit: pageSize } }),
    !isWhole && total > pageSize,
  );
  return (
    <Menu label={words.list.takeAway}>
      <div className="menu-buttons">
        {!isWhole && (
          <button type="button" disabled={done !== undefined} onClick={() => void fetchAll('csv')}>
            {words.list.csv}
          </button>
        )}
        <button type="button" disabled={done !== undefined} onClick={() => void fetchAll('json')}>
          {words.list.json}
        </button>
      </div>
      {done !== undefined && (
        <p>
          <progress max={total} value={done} aria-label={words.list.takeAway} /> {numberIn(done, language)}{' '}
          <button type="button" onClick={() => stop.current?.abort()}>
            {words.kit.cancel}
          </button>
        </p>
      )}
      <p className="dim">{words.list.curl}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre className="lines" tabIndex={0}>
        {lines}
      </pre>
      <button
        type="button"
        onClick={() => void navigator.clipboard?.writeText(lines).then(() => say(words.kit.copied))}
      >
        {words.kit.copy}
      </button>
    </Menu>
  );
}

interface Fetched {
  text: string;
  rows: number;
}

async function jsonOf(operation: OperationName, given: Given, onRows: (rows: number) => void): Promise<Fetched> {
  const items: unknown[] = [];
  let cursor: string | undefined;
  do {
    const asked = { ...given, query: { ...given.query, cursor } };
    const { document: page } = await call<Page<unknown>>(operation, asked);
    items.push(...page.items);
    cursor = page.next ?? undefined;
    onRows(items.length);
  } while (cursor !== undefined);
  return { text: `${JSON.stringify(items, undefined, 2)}\n`, rows: items.length };
}

/** As the server writes it: no cell is a formula for a spreadsheet. */
async function csvOf(operation: OperationName, given: Given, onRows: (rows: number) => void): Promise<Fetched> {
  const pages: string[] = [];
  let rows = 0;
  let cursor: string | undefined;
  do {
    const page = await callForCsv(operation, { ...given, query: { ...given.query, cursor } });
    pages.push(page.text);
    // A text has no line end of its own: each line is a row, the first one apart.
    rows += page.text.split('\r\n').length - 2;
    cursor = page.next;
    onRows(rows);
  } while (cursor !== undefined);
  return { text: joinedCsv(pages), rows };
}
