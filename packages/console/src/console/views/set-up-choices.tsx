// Step 3: the products and classifications that are synchronised. Their lists come with the first synchronisation.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { change } from '../api/changes.ts';
import type { Choice, SetUpDocument, Whole } from '../api/documents.ts';
import { hrefOf } from '../kit/address.ts';
import { useDoing } from '../kit/doing.ts';
import { Link } from '../kit/link.tsx';
import { numberIn } from '../kit/numbers.ts';
import { Asked } from '../kit/states.tsx';
import { useLanguage, useWords } from '../kit/words.tsx';
import { isOpen, JobOf, startJob, useJobs } from './job.tsx';

export function SetUpChoices({ setUp: { source } }: { setUp: SetUpDocument }): ReactNode {
  const words = useWords();
  const doing = useDoing();
  const jobs = useJobs();
  const isRunning = jobs.document?.items.some((job) => job.operation === 'startSync' && isOpen(job)) ?? false;
  if (source === 'files')
    return (
      <p>
        {words.guide.filesChoices} <Link href={hrefOf('updates')}>{words.nav.updates}</Link>
      </p>
    );
  return (
    <>
      <div className="columns">
        <Kind kind="product" />
        <Kind kind="classification" />
      </div>
      <JobOf operations={['startSync']} />
      <p>
        <button
          type="button"
          disabled={isRunning}
          onClick={() => doing(() => startJob('startSync', { body: {} }), words.jobs.began)}
        >
          {words.sync.now}
        </button>{' '}
        <span className="dim">{words.guide.syncText}</span>
      </p>
    </>
  );
}

const mostShown = 100;
const collator = new Intl.Collator(undefined, { numeric: true });

function Kind({ kind }: { kind: 'product' | 'classification' }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const doing = useDoing();
  const [typed, setTyped] = useState('');
  const [changed, setChanged] = useState<ReadonlyMap<string, boolean>>(new Map());
  const choices = useAnswer<Whole<Choice>>('listSyncChoices', { path: { kind } });
  const isOn = ({ id, isChosen }: Choice) => changed.get(id) ?? isChosen;
  const tick = ({ id, isChosen }: Choice, on: boolean) => {
    const next = new Map(changed);
    if (on === isChosen) next.delete(id);
    else next.set(id, on);
    setChanged(next);
  };
  const save = async () => {
    const ids = (on: boolean) => [...changed].flatMap(([id, isChosen]) => (isChosen === on ? [id] : []));
    await change('changeSyncChoices', { path: { kind }, body: { add: ids(true), remove: ids(false) } });
    setChanged(new Map());
  };
  return (
    <Asked kept={choices}>
      {({ items }) => {
        const needle = typed.trim().toLowerCase();
        const found = items
          .filter((one) => [one.name, ...one.within].some((text) => text.toLowerCase().includes(needle)))
          .sort(
            (one, other) => Number(other.isChosen) - Number(one.isChosen) || collator.compare(one.name, other.name),
          );
        return (
          <div className="stack">
            <fieldset className="group-choice">
              <legend>{words.sync.tabs[kind]}</legend>
              {items.length === 0 && <p className="empty">{words.guide.noLists}</p>}
              {found.slice(0, mostShown).map((one) => (
                <label key={one.id} className="choice">
                  <input
                    type="checkbox"
                    checked={isOn(one)}
                    onChange={(event) => tick(one, event.currentTarget.checked)}
                  />
                  <bdi>{one.name || one.id}</bdi>
                </label>
              ))}
              {found.length > mostShown && (
                <p className="dim">
                  {words.sync.shown(numberIn(mostShown, language), numberIn(found.length, language))}
                </p>
              )}
            </fieldset>
            {items.length > 10 && (
              <label className="filter filter-wide">
                <span>{words.guide.findIn(words.sync.tabs[kind])}</span>
                <input value={typed} maxLength={128} onChange={(event) => setTyped(event.currentTarget.value)} />
              </label>
            )}
            {changed.size > 0 && (
              <p>
                <button
                  type="button"
                  className="primary"
                  onClick={() => doing(save, words.guide.choicesSaved(words.sync.tabs[kind]))}
                >
                  {words.sync.save(changed.size)}
                </button>
              </p>
            )}
          </div>
        );
      }}
    </Asked>
  );
}
