// The choice of products, classifications and languages. Ticks are kept until they are saved together.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { change } from '../api/changes.ts';
import type { Choice, Whole } from '../api/documents.ts';
import { goWith, useAddress } from '../kit/address.ts';
import { say } from '../kit/announce.tsx';
import { DataTable } from '../kit/data-table.tsx';
import { numberIn } from '../kit/numbers.ts';
import { useMay } from '../kit/session.tsx';
import { Asked, wordsOf } from '../kit/states.tsx';
import { ViewHead } from '../kit/view-head.tsx';
import { useLanguage, useWords } from '../kit/words.tsx';
import { TakeAway } from '../list/take-away.tsx';

export type ChoiceKind = 'product' | 'classification' | 'language';

interface Product {
  id: string;
  contents?: { updates: number };
}

const mostShown = 200;
/** Of one call of the API. */
const mostChanges = 1000;

export function SyncChoices({ kind, tabs }: { kind: ChoiceKind; tabs: ReactNode }): ReactNode {
  const words = useWords();
  const mayAdminister = useMay('administer');
  const choices = useAnswer<Whole<Choice>>('listSyncChoices', { path: { kind } });
  const products = useAnswer<Whole<Product>>('explainSync', kind === 'product' ? {} : undefined);
  /** Those that a person ticked or unticked, by id. */
  const [changed, setChanged] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [isSaving, setIsSaving] = useState(false);
  const save = async () => {
    setIsSaving(true);
    const ids = (on: boolean) => [...changed].flatMap(([id, isChosen]) => (isChosen === on ? [id] : []));
    const body = { add: ids(true), remove: ids(false) };
    try {
      await change('changeSyncChoices', { path: { kind }, body });
      say(words.sync.saved(body.add.length, body.remove.length));
      setChanged(new Map());
    } catch (error) {
      say(wordsOf(error, words), { isBad: true });
    }
    setIsSaving(false);
  };
  return (
    <>
      <ViewHead title={words.sync.tabs[kind]} at={choices.at} again={choices.again}>
        {mayAdminister && changed.size > 0 && (
          <>
            <button type="button" disabled={isSaving} onClick={() => setChanged(new Map())}>
              {words.sync.discard}
            </button>
            <button
              type="button"
              className="primary"
              disabled={isSaving || changed.size > mostChanges}
              onClick={() => void save()}
            >
              {isSaving ? words.decide.saving : words.sync.save(changed.size)}
            </button>
          </>
        )}
      </ViewHead>
      {tabs}
      <Asked kept={choices}>
        {({ items }) => (
          <Table
            kind={kind}
            items={items}
            counts={new Map(products.document?.items.map(({ id, contents }) => [id, contents?.updates ?? 0]))}
            changed={changed}
            onChange={(id, on, was) => {
              const next = new Map(changed);
              if (on === was) next.delete(id);
              else next.set(id, on);
              setChanged(next);
            }}
          />
        )}
      </Asked>
    </>
  );
}

const collator = new Intl.Collator(undefined, { numeric: true });
const byName = (one: Choice, other: Choice) => collator.compare(one.name, other.name);

interface TableProps {
  kind: ChoiceKind;
  items: readonly Choice[];
  /** Updates in the catalog, by id. */
  counts: ReadonlyMap<string, number>;
  changed: ReadonlyMap<string, boolean>;
  onChange(id: string, on: boolean, was: boolean): void;
}

function Table({ kind, items, counts, changed, onChange }: TableProps): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const mayAdminister = useMay('administer');
  const { query } = useAddress();
  const search = query.get('search') ?? '';
  const isOnlyChosen = query.get('chosen') === 'true';
  const needle = search.toLowerCase();
  const isOn = ({ id, isChosen }: Choice) => changed.get(id) ?? isChosen;
  const found = items.filter(
    (one) =>
      (!isOnlyChosen || one.isChosen || isOn(one)) &&
      [one.name, one.id, ...one.within].some((text) => text.toLowerCase().includes(needle)),
  );
  const tick = (choice: Choice) => (
    <label className="choice">
      <input
        type="checkbox"
        checked={isOn(choice)}
        disabled={!mayAdminister}
        onChange={(event) => onChange(choice.id, event.currentTarget.checked, choice.isChosen)}
      />
      <span className="wrap">
        <bdi>{choice.name || choice.id}</bdi>
        {choice.name === '' && <span className="dim"> {words.sync.gone}</span>}
      </span>
    </label>
  );
  if (items.length === 0) return <p className="empty">{words.sync.noChoices}</p>;
  return (
    <section className="card" aria-labelledby="view-title">
      <div className="card-head">
        {/* biome-ignore lint/a11y/useSemanticElements: `search` is younger than the browsers that we serve */}
        <form className="filters" role="search" aria-label={words.list.filters} onSubmit={(e) => e.preventDefault()}>
          <label className="filter filter-wide">
            <span>{words.sync.find}</span>
            <input
              data-first-filter=""
              value={search}
              maxLength={128}
              spellCheck={false}
              onChange={(event) => goWith({ search: event.currentTarget.value })}
            />
          </label>
          <label className="filter-flag">
            <input
              type="checkbox"
              checked={isOnlyChosen}
              onChange={(event) => goWith({ chosen: event.currentTarget.checked ? 'true' : undefined })}
            />
            {words.sync.onlyChosen}
          </label>
        </form>
        <TakeAway operation="listSyncChoices" path={{ kind }} query={{}} name={kind} total={items.length} isWhole />
      </div>
      <p className="dim">{words.sync.stay}</p>
      <DataTable
        rows={found.sort(byName).slice(0, mostShown)}
        keyOf={({ id }) => id}
        empty={words.sync.noneFits}
        columns={[
          { label: words.sync.name, cell: tick },
          { label: words.sync.within, cell: ({ within }) => <bdi>{within.join(', ')}</bdi> },
          kind === 'product' && {
            label: words.sync.inCatalog,
            isNumber: true,
            cell: ({ id }) => numberIn(counts.get(id) ?? 0, language),
          },
        ]}
      />
      {found.length > mostShown && (
        <p className="dim">{words.sync.shown(numberIn(mostShown, language), numberIn(found.length, language))}</p>
      )}
    </section>
  );
}
