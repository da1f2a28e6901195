// Known issues that keep updates from computers, and the emergency stop.
import { type ReactNode, useState } from 'react';
import { call } from '../api/call.ts';
import { change, noteChange } from '../api/changes.ts';
import { goWith } from '../kit/address.ts';
import { say } from '../kit/announce.tsx';
import { FormDialog, linesOf, momentOf, textOf } from '../kit/form-dialog.tsx';
import { useMay } from '../kit/session.tsx';
import { SureButton } from '../kit/sure-button.tsx';
import { Age, Moment } from '../kit/time.tsx';
import { WebLink } from '../kit/web-link.tsx';
import { useWords } from '../kit/words.tsx';
import type { ListDefinition } from '../list/definition.ts';
import { ListView } from '../list/list-view.tsx';
import { Marked } from './marks.tsx';
import { StopCard } from './stop.tsx';

interface Hold {
  holdId: string;
  effect: 'hold' | 'advise';
  says: string;
  link?: string;
  endsAt?: string;
  condition: {
    articles: string[];
    updates: string[];
    buildFrom?: string;
    buildTo?: string;
    manufacturer?: string;
    model?: string;
  };
  source?: string;
  addedBy: string;
  addedAt: string;
}

const updatesOf = ({ condition: { articles, updates } }: Hold) =>
  [...articles.map((article) => `KB${article}`), ...updates].join(', ');

const list: ListDefinition<Hold> = {
  operation: 'listHolds',
  title: (words) => words.nav.holds,
  empty: (words) => words.holds.empty,
  idOf: ({ holdId }) => holdId,
  columns: [
    {
      ...{ name: 'says', label: (words) => words.holds.says, width: 'minmax(13rem, 4fr)' },
      cell: ({ says, link }) => (
        <WebLink href={link}>
          <bdi>{says}</bdi>
        </WebLink>
      ),
    },
    {
      ...{ name: 'effect', label: (words) => words.holds.effect, width: 'minmax(13rem, 1fr)' },
      cell: ({ effect }) => <Effect effect={effect} />,
    },
    {
      ...{ name: 'updates', label: (words) => words.holds.updates, width: 'minmax(8rem, 2fr)' },
      cell: (hold) => <bdi>{updatesOf(hold)}</bdi>,
    },
    {
      ...{ name: 'computers', label: (words) => words.holds.computers, width: 'minmax(9rem, 2fr)' },
      cell: ({ condition }) => <Computers condition={condition} />,
    },
    {
      ...{ name: 'ends', label: (words) => words.holds.ends, width: 'minmax(7rem, 1fr)' },
      cell: ({ endsAt }) => <End at={endsAt} />,
    },
    {
      ...{ name: 'by', label: (words) => words.holds.by, width: 'minmax(8rem, 1fr)', isExtra: true },
      cell: ({ addedBy }) => <bdi>{addedBy}</bdi>,
    },
    {
      ...{ name: 'at', label: (words) => words.holds.at, width: 'minmax(8rem, 1fr)', isExtra: true },
      cell: ({ addedAt }) => <Age at={addedAt} />,
    },
    {
      ...{ name: 'source', label: (words) => words.holds.source, width: 'minmax(8rem, 1fr)', isExtra: true },
      cell: ({ source }) => <bdi>{source ?? ''}</bdi>,
    },
  ],
  filters: [],
};

export default function Holds(): ReactNode {
  const words = useWords();
  const mayDecide = useMay('decide');
  const [isAdding, setIsAdding] = useState(false);
  return (
    <ListView
      list={list}
      withSelected={mayDecide ? (ids) => <Lift ids={ids} /> : undefined}
      actions={
        mayDecide && (
          <button type="button" className="primary" onClick={() => setIsAdding(true)}>
            {words.holds.add}
          </button>
        )
      }
    >
      <StopCard />
      {isAdding && <NewHold onClose={() => setIsAdding(false)} />}
    </ListView>
  );
}

function Effect({ effect }: Pick<Hold, 'effect'>): ReactNode {
  const words = useWords();
  return <Marked tone={effect === 'hold' ? 'pending' : 'quiet'} text={words.holds.effects[effect]} />;
}

function End({ at }: { at: string | undefined }): ReactNode {
  const words = useWords();
  return at === undefined ? <span className="dim">{words.holds.noEnd}</span> : <Moment at={at} />;
}

function Computers({ condition: { buildFrom, buildTo, manufacturer, model } }: Pick<Hold, 'condition'>): ReactNode {
  const words = useWords();
  const build = [buildFrom, buildTo].some(Boolean) ? `${buildFrom ?? '…'} – ${buildTo ?? '…'}` : undefined;
  const parts = [build, manufacturer, model].filter((part) => part !== undefined);
  return parts.length === 0 ? <span className="dim">{words.holds.all}</span> : <bdi>{parts.join(', ')}</bdi>;
}

function Lift({ ids }: { ids: readonly string[] }): ReactNode {
  const words = useWords();
  const lift = async () => {
    try {
      for (const hold of ids) await call('liftHold', { path: { hold } });
      say(words.holds.lifted(ids.length));
      goWith({ selected: undefined });
    } finally {
      noteChange();
    }
  };
  return (
    <SureButton
      label={words.holds.lift}
      title={words.holds.liftTitle(ids.length)}
      text={words.holds.liftText}
      isDisabled={ids.length === 0}
      onSure={lift}
    />
  );
}

const machineFields = [
  ['buildFrom', 'from', 40],
  ['buildTo', 'to', 40],
  ['manufacturer', 'manufacturer', 1000],
  ['model', 'model', 1000],
] as const;

function NewHold({ onClose }: { onClose(): void }): ReactNode {
  const words = useWords();
  const save = async (form: FormData) => {
    const given = (name: string) => (textOf(form, name) === '' ? {} : { [name]: textOf(form, name) });
    const endsAt = momentOf(form, 'endsAt');
    await change('addHold', {
      body: {
        ...{ updates: linesOf(form, 'updates'), says: textOf(form, 'says'), effect: textOf(form, 'effect') },
        ...given('link'),
        ...(endsAt !== undefined && { endsAt }),
        ...Object.assign({}, ...machineFields.map(([name]) => given(name))),
      },
    });
    say(words.holds.added);
  };
  return (
    <FormDialog title={words.holds.add} isWide onSave={save} onClose={onClose}>
      <label>
        {words.holds.updatesField}
        <textarea name="updates" required rows={3} maxLength={20_000} spellCheck={false} />
      </label>
      <label>
        {words.holds.says}
        <input name="says" required maxLength={1000} autoComplete="off" />
      </label>
      <div className="fields">
        <label>
          {words.holds.effect}
          <select name="effect" defaultValue="hold">
            {(['hold', 'advise'] as const).map((effect) => (
              <option key={effect} value={effect}>
                {words.holds.effects[effect]}
              </option>
            ))}
          </select>
        </label>
        <label>
          {words.holds.ends}
          <input name="endsAt" type="datetime-local" />
        </label>
        <label>
          {words.holds.link}
          <input name="link" type="url" maxLength={1000} autoComplete="off" />
        </label>
        {machineFields.map(([name, label, most]) => (
          <label key={name}>
            {words.holds[label]}
            <input name={name} maxLength={most} autoComplete="off" />
          </label>
        ))}
      </div>
    </FormDialog>
  );
}
