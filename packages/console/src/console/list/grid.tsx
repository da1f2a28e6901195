// biome-ignore-all lint/a11y/noStaticElementInteractions: pointing at a cell only shows what it holds
// biome-ignore-all lint/a11y/useSemanticElements: a native table cannot leave out the rows that nobody sees
// biome-ignore-all lint/a11y/useFocusableInteractive: the rows take the focus, and not their cells
// A table of any length: only the rows that can be seen are in the page. Arrow keys move, Enter opens, the space bar
// selects. In a narrow window each row is a card with all its columns.
import {
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { go, goWith } from '../kit/address.ts';
import { numberIn } from '../kit/numbers.ts';
import { usePreferences } from '../kit/preferences.ts';
import { usePrinting } from '../kit/printing.ts';
import { useLanguage, useWords } from '../kit/words.tsx';
import type { Column, ListDefinition } from './definition.ts';
import { afterKey, rowsIn } from './rows.ts';
import type { Pages } from './use-pages.ts';

interface Props<Item> {
  list: ListDefinition<Item>;
  columns: readonly Column<Item>[];
  pages: Pages<Item>;
  sort: { name: string; order: string } | undefined;
  /** Undefined: nothing can be selected. */
  selection: { has(id: string): boolean; toggle(ids: readonly string[], on: boolean): void } | undefined;
}

export function Grid<Item>({ list, columns, pages, sort, selection }: Props<Item>): ReactNode {
  const words = useWords();
  const { density } = usePreferences();
  const place = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ height: 600, width: 1000, rem: 16 });
  const [top, setTop] = useState(0);
  const [active, setActive] = useState(0);
  /** The row that a key asked for. Effects of drawings from before the key must leave it alone. */
  const wanted = useRef<number | undefined>(undefined);
  const isPrinting = usePrinting();
  const anchor = useRef(0);
  const { items, total = 0, isMore, more } = pages;
  const isCards = size.width < 40 * size.rem;
  const lines = isCards ? 1.45 * columns.length + 1 : density === 'compact' ? 1.9 : 2.5;
  const rowHeight = Math.round(lines * size.rem);
  const last = Math.max(0, items.length - 1);
  const current = Math.min(active, last);

  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const measure = () => {
      const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
      setSize({ height: element.clientHeight, width: element.clientWidth, rem });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const headHeight = isCards ? 0 : Math.round(2.25 * size.rem);
  const inView = rowsIn({ top, height: size.height, rowHeight, rows: items.length });
  const { first, end } = isPrinting ? { first: 0, end: items.length } : inView;
  useEffect(() => {
    if (isMore && !isPrinting && end >= items.length - 40) more();
  }, [isMore, isPrinting, end, items.length, more]);

  useEffect(() => {
    if (wanted.current !== current) return;
    wanted.current = undefined;
    const element = place.current;
    if (!element) return;
    // Below the header, which does not move.
    const [from, to] = [current * rowHeight, (current + 1) * rowHeight];
    if (from < element.scrollTop) element.scrollTop = from;
    else if (to > element.scrollTop + element.clientHeight - headHeight)
      element.scrollTop = to - element.clientHeight + headHeight;
    element.querySelector<HTMLElement>(`[data-row="${current}"]`)?.focus({ preventScroll: true });
  });

  const onKeyDown = (event: KeyboardEvent) => {
    const row = (event.target as HTMLElement).closest('[data-row]');
    if (!row) return;
    const step = Math.max(1, Math.floor((size.height - headHeight) / rowHeight) - 1);
    const next = afterKey(event.key, current, { last, page: step, isControl: event.ctrlKey || event.metaKey });
    const item = items[current];
    if (next !== undefined) {
      if (event.shiftKey && selection) {
        const range = items.slice(Math.min(anchor.current, next), Math.max(anchor.current, next) + 1);
        selection.toggle(range.map(list.idOf), true);
      } else anchor.current = next;
      wanted.current = next;
      setActive(next);
    } else if (event.key === ' ' && selection && item)
      selection.toggle([list.idOf(item)], !selection.has(list.idOf(item)));
    else if (event.key === 'Enter' && item && list.hrefOf && event.target === row) go(list.hrefOf(item));
    else return;
    event.preventDefault();
  };

  const template = [...(selection ? ['2.25rem'] : []), ...columns.map(({ width }) => width)].join(' ');
  const shown = new Set<number>();
  for (let row = first; row < end; row++) shown.add(row);
  // The row that has the focus stays in the page when it is scrolled away.
  if (items.length > 0) shown.add(current);
  return (
    <div
      ref={place}
      className={`grid ${isCards ? 'grid-cards' : ''} ${pages.isAsking ? 'grid-asking' : ''}`}
      role="grid"
      tabIndex={items.length === 0 ? 0 : -1}
      aria-label={list.title(words)}
      aria-rowcount={total + 1}
      aria-colcount={columns.length + (selection ? 1 : 0)}
      aria-busy={pages.isAsking}
      aria-multiselectable={selection ? true : undefined}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
    >
      <div
        className={isCards ? 'visually-hidden' : 'grid-head'}
        role="row"
        aria-rowindex={1}
        style={isCards ? {} : { gridTemplateColumns: template }}
      >
        {selection && (
          <span role="columnheader" aria-colindex={1}>
            <span className="visually-hidden">{words.list.selected}</span>
          </span>
        )}
        {columns.map((column, at) => (
          <Head key={column.name} column={column} sort={sort} at={at + (selection ? 2 : 1)} />
        ))}
      </div>
      <div className="grid-rows" role="rowgroup" style={{ height: items.length * rowHeight }}>
        {[...shown]
          .sort((one, other) => one - other)
          .map((row) => {
            const item = items[row];
            if (item === undefined) return null;
            const id = list.idOf(item);
            const isSelected = selection?.has(id) ?? false;
            return (
              <div
                key={id}
                className={`grid-row ${isSelected ? 'grid-row-selected' : ''}`}
                role="row"
                data-row={row}
                tabIndex={row === current ? 0 : -1}
                aria-rowindex={row + 2}
                aria-selected={selection ? isSelected : undefined}
                style={{
                  height: rowHeight,
                  transform: `translateY(${row * rowHeight}px)`,
                  ...(!isCards && { gridTemplateColumns: template }),
                }}
                onFocus={() => setActive(row)}
              >
                {selection && (
                  <span role="gridcell" aria-colindex={1} className="grid-check">
                    <input
                      type="checkbox"
                      tabIndex={-1}
                      checked={isSelected}
                      aria-label={words.list.select}
                      onChange={(event) => selection.toggle([id], event.currentTarget.checked)}
                    />
                  </span>
                )}
                {columns.map((column, at) => (
                  <span
                    key={column.name}
                    role="gridcell"
                    aria-colindex={at + (selection ? 2 : 1)}
                    className={`cell ${column.isNumber ? 'amount' : ''}`}
                  >
                    {isCards && at > 0 && <span className="cell-label">{column.label(words)}</span>}
                    <span className="cell-text" onMouseEnter={showWhole}>
                      {column.cell(item)}
                    </span>
                  </span>
                ))}
              </div>
            );
          })}
      </div>
    </div>
  );
}

/** Text that does not fit appears as a tool tip. */
function showWhole({ currentTarget: cell }: MouseEvent<HTMLElement>): void {
  cell.title = cell.scrollWidth > cell.clientWidth ? (cell.textContent ?? '') : '';
}

function Head<Item>({ column, sort, at }: { column: Column<Item>; sort: Props<Item>['sort']; at: number }): ReactNode {
  const words = useWords();
  const isSorted = column.sort !== undefined && sort?.name === column.sort;
  const direction = sort?.order === 'desc' ? 'descending' : 'ascending';
  const next = isSorted ? (sort?.order === 'desc' ? 'asc' : 'desc') : column.isDescending ? 'desc' : 'asc';
  return (
    <span
      role="columnheader"
      aria-colindex={at}
      aria-sort={isSorted ? direction : undefined}
      className={column.isNumber ? 'amount' : ''}
    >
      {column.sort === undefined ? (
        column.label(words)
      ) : (
        <button type="button" className="sort" onClick={() => goWith({ sort: column.sort, order: next }, false)}>
          {column.label(words)}
          <span aria-hidden="true">{isSorted ? (sort?.order === 'desc' ? ' ▾' : ' ▴') : ''}</span>
        </button>
      )}
    </span>
  );
}

/** "Rows 1 to 40 of 12,431". */
export function Count({ shown, total }: { shown: number; total: number | undefined }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  if (total === undefined) return null;
  return (
    <span className="dim">
      {words.list.count(numberIn(total, language), numberIn(shown, language), total, shown < total)}
    </span>
  );
}
