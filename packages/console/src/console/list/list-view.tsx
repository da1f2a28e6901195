// A list as a view: filters, what may be done with what is chosen, the table, and the ways to take it away.
import { type ReactNode, useEffect } from 'react';
import type { Query } from '../api/call.ts';
import { useChanges } from '../api/changes.ts';
import { goWith, useAddress } from '../kit/address.ts';
import { sayToScreenReader } from '../kit/announce.tsx';
import { Menu } from '../kit/menu.tsx';
import { numberIn } from '../kit/numbers.ts';
import { choicesOf, prefer, usePreferences } from '../kit/preferences.ts';
import { Failed, isSaidByFrame } from '../kit/states.tsx';
import { useLanguage, useWords } from '../kit/words.tsx';
import { type ListDefinition, mostSelected, queryOf, selectionIn, shownColumns } from './definition.ts';
import { Filters } from './filters.tsx';
import { Count, Grid } from './grid.tsx';
import { TakeAway } from './take-away.tsx';
import { usePages } from './use-pages.ts';

interface Props<Item> {
  list: ListDefinition<Item>;
  /** Beside the title. */
  actions?: ReactNode;
  /** The actions for selected items. Undefined: items cannot be selected. */
  withSelected?: ((ids: readonly string[]) => ReactNode) | undefined;
  /** Actions for all items of the list, as the server counted them. */
  withAll?: ((total: number, asked: Query) => ReactNode) | undefined;
  children?: ReactNode;
}

export function ListView<Item>({ list, actions, withSelected, withAll, children }: Props<Item>): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const { query } = useAddress();
  const changes = useChanges();
  const asked = queryOf(list, query);
  const pages = usePages<Item>(list.operation, asked, changes);
  const selected = withSelected ? selectionIn(query) : [];
  const columns = shownColumns(list, query);
  const { total, items, error, isAsking } = pages;
  const sort = 'sort' in asked ? { name: String(asked.sort), order: String(asked.order) } : undefined;

  useEffect(() => {
    if (total !== undefined && !isAsking) sayToScreenReader(words.list.found(numberIn(total, language), total));
  }, [total, isAsking, words, language]);

  const toggle = (ids: readonly string[], on: boolean) => {
    const next = on ? [...new Set([...selected, ...ids])] : selected.filter((id) => !ids.includes(id));
    goWith({ selected: next.slice(0, mostSelected).join(',') });
  };
  return (
    <section className="list" aria-labelledby="view-title">
      <div className="view-head">
        <h1 id="view-title" tabIndex={-1}>
          {list.title(words)}
        </h1>
        {actions}
      </div>
      {children}
      {list.filters.length > 0 && <Filters filters={list.filters} />}
      <div className="list-bar">
        <span>
          <Count shown={items.length} total={total} />
          {selected.length > 0 && (
            <strong className="chosen">
              {words.list.chosen(numberIn(selected.length, language))}
              {selected.length === mostSelected && ` ${words.list.mostChosen(mostSelected)}`}
            </strong>
          )}
        </span>
        <span className="list-tools">
          {withSelected?.(selected)}
          {total !== undefined && selected.length === 0 && withAll?.(total, asked)}
          {withSelected && <Choosing selected={selected} ids={items.map(list.idOf)} toggle={toggle} />}
          <button type="button" onClick={pages.again} disabled={isAsking} data-shortcut="refresh">
            {words.list.refresh}
          </button>
          <Columns list={list} />
          <TakeAway
            operation={list.operation}
            query={asked}
            name={list.operation.replace(/^list|^report/, '').toLowerCase()}
            total={total}
          />
        </span>
      </div>
      {error && !(pages.at > 0 && isSaidByFrame(error)) && (
        <Failed error={error} again={pages.again} {...(pages.at > 0 && { since: new Date(pages.at).toISOString() })} />
      )}
      {total === 0 && !error ? (
        <p className="empty">
          {Object.keys(asked).some((name) => name !== 'sort' && name !== 'order')
            ? words.list.nothingFound
            : list.empty(words)}
        </p>
      ) : (
        <Grid
          {...{ list, columns, pages, sort }}
          selection={withSelected && { has: (id) => selected.includes(id), toggle }}
        />
      )}
      {isAsking && total === undefined && !error && <p className="loading">{words.states.loading}</p>}
    </section>
  );
}

interface ChoosingProps {
  selected: readonly string[];
  ids: readonly string[];
  toggle(ids: readonly string[], on: boolean): void;
}

function Choosing({ selected, ids, toggle }: ChoosingProps): ReactNode {
  const words = useWords();
  if (selected.length > 0)
    return (
      <button type="button" onClick={() => goWith({ selected: undefined })}>
        {words.list.chooseNone}
      </button>
    );
  return (
    <button type="button" disabled={ids.length === 0} onClick={() => toggle(ids, true)}>
      {words.list.chooseShown}
    </button>
  );
}

function Columns<Item>({ list }: { list: ListDefinition<Item> }): ReactNode {
  const words = useWords();
  const { query } = useAddress();
  const { density } = usePreferences();
  const shown = shownColumns(list, query).map(({ name }) => name);
  const change = (name: string, on: boolean) => {
    const wanted = list.columns.map((column) => column.name).filter((one) => (one === name ? on : shown.includes(one)));
    const usual = list.columns.filter(({ isExtra }) => !isExtra).map((column) => column.name);
    goWith({ columns: wanted.join() === usual.join() ? undefined : wanted.join(',') });
  };
  return (
    <Menu label={words.list.columns}>
      <fieldset>
        <legend>{words.list.columns}</legend>
        {list.columns.map((column, at) => (
          <label key={column.name} className="choice">
            <input
              type="checkbox"
              checked={shown.includes(column.name)}
              disabled={at === 0}
              onChange={(event) => change(column.name, event.currentTarget.checked)}
            />
            {column.label(words)}
          </label>
        ))}
      </fieldset>
      <fieldset>
        <legend>{words.preferences.density}</legend>
        {choicesOf('density').map((one) => (
          <label key={one} className="choice">
            <input type="radio" name="density" checked={density === one} onChange={() => prefer({ density: one })} />
            {words.preferences.densities[one]}
          </label>
        ))}
      </fieldset>
    </Menu>
  );
}
