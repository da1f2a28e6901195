// The signed list of releases and updates, its pins, and the dialogs that change them.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { change } from '../api/changes.ts';
import { goWith } from '../kit/address.ts';
import { say } from '../kit/announce.tsx';
import { DataTable } from '../kit/data-table.tsx';
import { FormDialog, textOf } from '../kit/form-dialog.tsx';
import { useMay } from '../kit/session.tsx';
import { Size } from '../kit/size.tsx';
import { SureButton } from '../kit/sure-button.tsx';
import { useWords } from '../kit/words.tsx';
import type { ListDefinition } from '../list/definition.ts';
import { Marked } from './marks.tsx';

interface Target {
  role: string;
  path: string;
  length: number;
  sha256?: string;
  what: string;
  recalled?: string;
  staged: boolean;
}

interface Changed {
  isPublished: boolean;
  waiting: string[];
}

export const targets: ListDefinition<Target> = {
  operation: 'listReleases',
  title: (words) => words.releases.tabs.list,
  empty: (words) => words.releases.none,
  idOf: ({ path }) => path,
  columns: [
    {
      ...{ name: 'what', label: (words) => words.releases.what, width: 'minmax(12rem, 3fr)' },
      cell: ({ what }) => <bdi>{what}</bdi>,
    },
    {
      ...{ name: 'state', label: (words) => words.releases.state, width: 'minmax(10rem, 2fr)' },
      cell: (target) => <TargetState target={target} />,
    },
    {
      ...{ name: 'size', label: (words) => words.content.size, width: 'minmax(6rem, 1fr)', isNumber: true },
      cell: ({ length }) => <Size bytes={length} />,
    },
    {
      ...{ name: 'path', label: (words) => words.releases.path, width: 'minmax(14rem, 4fr)' },
      cell: ({ path }) => <code>{path}</code>,
    },
    {
      ...{ name: 'role', label: (words) => words.releases.role, width: 'minmax(6rem, 1fr)', isExtra: true },
      cell: ({ role }) => <code>{role}</code>,
    },
    {
      ...{ name: 'sha256', label: () => 'SHA-256', width: 'minmax(34rem, 3fr)', isExtra: true },
      cell: ({ sha256 }) => <code>{sha256 ?? ''}</code>,
    },
  ],
  filters: [],
};

function TargetState({ target: { recalled, staged } }: { target: Target }): ReactNode {
  const words = useWords();
  if (recalled !== undefined) return <Marked tone="bad" text={`${words.releases.states.recalled}: ${recalled}`} />;
  return <Marked tone={staged ? 'pending' : 'good'} text={staged ? words.releases.staged : words.releases.listed} />;
}

function useTold(): (changed: Changed) => void {
  const words = useWords();
  return ({ isPublished, waiting }) =>
    say(isPublished ? words.releases.published : `${words.releases.notPublished} ${waiting.join(' ')}`);
}

export function WithTargets({ paths }: { paths: readonly string[] }): ReactNode {
  const words = useWords();
  const told = useTold();
  const [isOpen, setIsOpen] = useState(false);
  const [path] = paths;
  const recall = async (form: FormData) => {
    const replacement = textOf(form, 'replacement');
    const body = { path, reason: textOf(form, 'reason'), ...(replacement !== '' && { replacement }) };
    told(await change<Changed>('recallRelease', { body }));
    goWith({ selected: undefined });
  };
  return (
    <>
      <button type="button" disabled={paths.length !== 1} onClick={() => setIsOpen(true)}>
        {words.releases.recall}
      </button>
      {isOpen && (
        <FormDialog
          title={words.releases.recall}
          save={words.releases.recall}
          isDanger
          onSave={recall}
          onClose={() => setIsOpen(false)}
        >
          <p className="wrap">
            {words.releases.recallText} <code>{path}</code>
          </p>
          <label>
            {words.releases.reason}
            <input name="reason" required maxLength={1000} autoComplete="off" />
          </label>
          <label>
            {words.releases.replacement}
            <input name="replacement" maxLength={64} placeholder="7.9.0.2" autoComplete="off" />
          </label>
        </FormDialog>
      )}
    </>
  );
}

export function PinDialog({ onClose }: { onClose(): void }): ReactNode {
  const words = useWords();
  const told = useTold();
  const pin = async (form: FormData) => {
    const of = (name: string) => (textOf(form, name) === '' ? {} : { [name]: textOf(form, name) });
    const body = { version: textOf(form, 'version'), ...of('group'), ...of('computer') };
    told(await change<Changed>('pinRelease', { body }));
  };
  return (
    <FormDialog title={words.releases.pin} onSave={pin} onClose={onClose}>
      <p>{words.releases.pinText}</p>
      {(['version', 'group', 'computer'] as const).map((name) => (
        <label key={name}>
          {words.releases.pinFields[name]}
          <input name={name} required={name === 'version'} maxLength={256} autoComplete="off" />
        </label>
      ))}
    </FormDialog>
  );
}

/** Shows pins only if the list has some. */
export function Pins(): ReactNode {
  const words = useWords();
  const mayAdminister = useMay('administer');
  const told = useTold();
  const { document: list } = useAnswer<{ pins: { who: string; version: string }[] }>('listReleases', {
    query: { limit: 1 },
  });
  if (!list || list.pins.length === 0) return null;
  const unpin = async (who: string) => {
    const [, kind = 'Group', name = who] = /^(Group|Computer) (.*)$/.exec(who) ?? [];
    told(await change<Changed>('unpinRelease', { query: { [kind.toLowerCase()]: name } }));
  };
  return (
    <section className="card" aria-labelledby="pins">
      <h2 id="pins">{words.releases.pins}</h2>
      <DataTable
        rows={list.pins}
        keyOf={({ who }) => who}
        empty=""
        isSmall
        columns={[
          { label: words.releases.pinned, cell: ({ who }) => <bdi>{who}</bdi> },
          { label: words.home.version, cell: ({ version }) => version },
          mayAdminister && {
            label: words.releases.unpin,
            cell: ({ who }) => (
              <SureButton
                label={words.releases.unpin}
                title={words.releases.unpin}
                text={words.releases.unpinText}
                onSure={() => unpin(who)}
              />
            ),
          },
        ]}
      />
    </section>
  );
}
