// Cleanup: what can go is shown first, and removed as a job then. The address holds the ages.
import { type ReactNode, type SyntheticEvent, useEffect } from 'react';
import { useAnswer } from '../api/cached.ts';
import { goWith, useAddress } from '../kit/address.ts';
import { DataTable } from '../kit/data-table.tsx';
import { textOf } from '../kit/form-dialog.tsx';
import { numberIn, sizeIn } from '../kit/numbers.ts';
import { Asked } from '../kit/states.tsx';
import { SureButton } from '../kit/sure-button.tsx';
import { ViewHead } from '../kit/view-head.tsx';
import { useLanguage, useWords, type Words } from '../kit/words.tsx';
import { isOpen, JobOf, startJob, useJobs } from './job.tsx';

interface Plan {
  parts: {
    task: keyof Words['cleanup']['tasks'];
    items: number;
    revisions?: number;
    bytes?: number;
    examples: string[];
  }[];
}

/** The names of the operation, with their defaults. Without a default, the kind is left out. */
const ages = { declinedDays: '90', revisionDays: '30', computerDays: '', eventDays: '' } as const;
type Age = keyof typeof ages;

const names = Object.keys(ages) as Age[];
/** The server works long for it. */
const planMs = 3_600_000;

export default function Cleanup(): ReactNode {
  const words = useWords();
  const { query } = useAddress();
  const jobs = useJobs();
  const days = Object.fromEntries(
    names.flatMap((name) => {
      const text = query.get(name) ?? ages[name];
      return /^[0-9]{1,4}$/.test(text) ? [[name, Number(text)]] : [];
    }),
  );
  const plan = useAnswer<Plan>('planCleanup', { query: days }, { everyMs: planMs });
  const last = jobs.document?.items.find(({ operation }) => operation === 'runCleanup');
  const ended = last?.endedAt;
  const { again } = plan;
  useEffect(() => {
    if (ended !== undefined) again();
  }, [ended, again]);
  const isRunning = last !== undefined && isOpen(last);
  return (
    <>
      <ViewHead title={words.nav.cleanup} at={plan.at} again={again}>
        <SureButton
          label={words.cleanup.run}
          title={words.cleanup.sure}
          text={words.cleanup.sureText}
          isDisabled={isRunning || !plan.document?.parts.some(({ items }) => items > 0)}
          onSure={async () => {
            await startJob('runCleanup', { body: days });
          }}
        />
      </ViewHead>
      <JobOf operations={['runCleanup']} />
      <section className="card" aria-labelledby="view-title">
        <p>{words.cleanup.text}</p>
        <Ages />
      </section>
      <section className="card" aria-labelledby="plan">
        <h2 id="plan">{words.cleanup.plan}</h2>
        <Asked kept={plan}>{(found) => <Parts plan={found} />}</Asked>
      </section>
    </>
  );
}

function Ages(): ReactNode {
  const words = useWords();
  const { query } = useAddress();
  const show = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    goWith(Object.fromEntries(names.map((name) => [name, textOf(form, name)])));
  };
  return (
    <form className="form" key={query.toString()} onSubmit={show}>
      <div className="fields">
        {names.map((name) => (
          <label key={name}>
            {words.cleanup.ages[name]}
            <input
              name={name}
              type="number"
              min={1}
              max={3650}
              required={ages[name] !== ''}
              defaultValue={query.get(name) ?? ages[name]}
            />
          </label>
        ))}
      </div>
      <button type="submit">{words.cleanup.show}</button>
    </form>
  );
}

function Parts({ plan: { parts } }: { plan: Plan }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  return (
    <DataTable
      rows={parts}
      keyOf={({ task }) => task}
      empty={words.cleanup.nothing}
      columns={[
        { label: words.cleanup.task, cell: ({ task }) => words.cleanup.tasks[task] ?? task },
        { label: words.cleanup.items, isNumber: true, cell: ({ items }) => numberIn(items, language) },
        {
          label: words.cleanup.room,
          isNumber: true,
          cell: ({ bytes }) => (bytes === undefined ? '–' : sizeIn(bytes, language)),
        },
        {
          label: words.cleanup.examples,
          cell: ({ examples }) => (examples.length === 0 ? '–' : <Examples all={examples} />),
        },
      ]}
    />
  );
}

function Examples({ all }: { all: readonly string[] }): ReactNode {
  return (
    <ul className="plain-list">
      {all.slice(0, mostExamples).map((one) => (
        <li key={one}>
          <bdi>{one}</bdi>
        </li>
      ))}
    </ul>
  );
}

const mostExamples = 3;
