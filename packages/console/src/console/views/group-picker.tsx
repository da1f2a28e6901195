// Groups to choose from, found by a part of their names: a server can have more of them than fit into a dialog.
import { type ReactNode, useEffect, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import type { Group, Page } from '../api/documents.ts';
import { numberIn } from '../kit/numbers.ts';
import { Asked } from '../kit/states.tsx';
import { useLanguage, useWords } from '../kit/words.tsx';

export type ChosenGroup = Pick<Group, 'groupId' | 'name'> & { computers?: number };

interface Props {
  chosen: readonly ChosenGroup[];
  onChange(chosen: readonly ChosenGroup[]): void;
}

const shown = 100;
const pauseMs = 150;

export function GroupPicker({ chosen, onChange }: Props): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const [typed, setTyped] = useState('');
  const [asked, setAsked] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setAsked(typed.trim()), pauseMs);
    return () => clearTimeout(timer);
  }, [typed]);
  const groups = useAnswer<Page<Group>>('listGroups', { query: { search: asked, limit: shown } });
  const has = ({ groupId }: ChosenGroup) => chosen.some((one) => one.groupId === groupId);
  const change = ({ groupId, name }: ChosenGroup, on: boolean) =>
    onChange(on ? [...chosen, { groupId, name }] : chosen.filter((one) => one.groupId !== groupId));
  return (
    <Asked kept={groups}>
      {({ items, total }) => (
        <fieldset className="group-choice">
          <legend>{words.decide.groups}</legend>
          {(total > items.length || typed !== '') && (
            <label className="filter group-search">
              <span>{words.groups.find(numberIn(total, language))}</span>
              <input value={typed} maxLength={200} onChange={(event) => setTyped(event.currentTarget.value)} />
            </label>
          )}
          {[...chosen.filter((one) => !items.some(({ groupId }) => groupId === one.groupId)), ...items].map((group) => (
            <label key={group.groupId} className="choice">
              <input
                type="checkbox"
                checked={has(group)}
                onChange={(event) => change(group, event.currentTarget.checked)}
              />
              <bdi>{group.name}</bdi>{' '}
              {group.computers !== undefined && <span className="dim">{numberIn(group.computers, language)}</span>}
            </label>
          ))}
        </fieldset>
      )}
    </Asked>
  );
}
