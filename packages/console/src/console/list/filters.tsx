// The filters of a list as a form. Typed text takes effect after a pause, and is in the address.
import { type ReactNode, useEffect, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import type { Group, Page } from '../api/documents.ts';
import { goWith, useAddress } from '../kit/address.ts';
import { useWords } from '../kit/words.tsx';
import type { Filter } from './definition.ts';

export function Filters({ filters }: { filters: readonly Filter[] }): ReactNode {
  const words = useWords();
  const { query } = useAddress();
  const set = filters.filter(({ name }) => query.has(name));
  // A filter that is set is never hidden. A field keeps its place while a person types into it.
  const [first] = useState(() => new Set(set.map(({ name }) => name)));
  const isShown = ({ name }: Filter, at: number) => at < usual || first.has(name);
  const shown = filters.filter(isShown);
  const more = filters.filter((filter, at) => !isShown(filter, at));
  return (
    // biome-ignore lint/a11y/useSemanticElements: `search` is younger than the browsers that we serve
    <form
      className="filters"
      role="search"
      aria-label={words.list.filters}
      onSubmit={(event) => event.preventDefault()}
    >
      {shown.map((filter, at) => (
        <OneFilter key={filter.name} filter={filter} isFirst={at === 0} />
      ))}
      {more.length > 0 && (
        <details className="more-filters">
          <summary>{words.list.moreFilters}</summary>
          <div className="filters">
            {more.map((filter) => (
              <OneFilter key={filter.name} filter={filter} isFirst={false} />
            ))}
          </div>
        </details>
      )}
      {set.length > 0 && (
        <button
          type="button"
          className="quiet"
          onClick={() => goWith(Object.fromEntries(set.map(({ name }) => [name, undefined])))}
        >
          {words.list.clear}
        </button>
      )}
    </form>
  );
}

/** So many are always shown. */
const usual = 5;

function OneFilter({ filter, isFirst }: { filter: Filter; isFirst: boolean }): ReactNode {
  const words = useWords();
  const { query } = useAddress();
  const value = query.get(filter.name) ?? '';
  const label = filter.label(words);
  if (filter.kind === 'flag')
    return (
      <label className="filter-flag">
        <input
          type="checkbox"
          checked={value === 'true'}
          onChange={(event) => goWith({ [filter.name]: event.currentTarget.checked ? 'true' : undefined })}
        />
        {label}
      </label>
    );
  if (filter.kind === 'choice')
    return (
      <label className="filter">
        <span>{label}</span>
        <select value={value} onChange={(event) => goWith({ [filter.name]: event.currentTarget.value })}>
          <option value="">{words.list.any}</option>
          {filter.choices(words).map(([one, text]) => (
            <option key={one} value={one}>
              {text}
            </option>
          ))}
        </select>
      </label>
    );
  if (filter.kind === 'group') return <GroupFilter name={filter.name} label={label} value={value} />;
  return <TypedFilter key={filter.name} filter={filter} value={value} label={label} isFirst={isFirst} />;
}

/** A choice of groups. It contains the group that the address names, also beyond the first ones. */
function GroupFilter({ name, label, value }: { name: string; label: string; value: string }): ReactNode {
  const words = useWords();
  const { document: groups } = useAnswer<Page<Group>>('listGroups', { query: { limit: 200 } });
  const names = groups?.items.map((group) => group.name) ?? [];
  return (
    <label className="filter">
      <span>{label}</span>
      <select value={value} onChange={(event) => goWith({ [name]: event.currentTarget.value })}>
        <option value="">{words.list.any}</option>
        {[...(value !== '' && !names.includes(value) ? [value] : []), ...names].map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}

const pauseMs = 250;

function TypedFilter({
  filter,
  value,
  label,
  isFirst,
}: {
  filter: Filter;
  value: string;
  label: string;
  isFirst: boolean;
}): ReactNode {
  const [typed, setTyped] = useState(value);
  const [known, setKnown] = useState(value);
  // The address changed by other means.
  if (known !== value) {
    setKnown(value);
    if (typed.trim() !== value) setTyped(value);
  }
  useEffect(() => {
    const wanted = typed.trim();
    if (wanted === value) return undefined;
    const timer = setTimeout(() => goWith({ [filter.name]: wanted }), pauseMs);
    return () => clearTimeout(timer);
  }, [typed, value, filter.name]);
  const type = filter.kind === 'number' ? 'number' : filter.kind === 'day' ? 'date' : 'text';
  return (
    <label className={`filter ${filter.kind === 'text' && filter.isWide ? 'filter-wide' : ''}`}>
      <span>{label}</span>
      <input
        type={type}
        value={typed}
        {...(filter.kind === 'number' && { min: 1, max: 36_500 })}
        maxLength={256}
        spellCheck={false}
        autoComplete="off"
        {...(isFirst && { 'data-first-filter': '' })}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
    </label>
  );
}
