// A test of the rules, as if it were another time, and a run of them.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { change } from '../api/changes.ts';
import { goWith, hrefOf, useAddress } from '../kit/address.ts';
import { say } from '../kit/announce.tsx';
import { DataTable } from '../kit/data-table.tsx';
import { Link } from '../kit/link.tsx';
import { numberIn, sizeIn } from '../kit/numbers.ts';
import { useMay } from '../kit/session.tsx';
import { Asked } from '../kit/states.tsx';
import { SureButton } from '../kit/sure-button.tsx';
import { Moment } from '../kit/time.tsx';
import { useLanguage, useWords, type Words } from '../kit/words.tsx';

interface RuleRun {
  at: string;
  changes: {
    title: string;
    needed: number;
    change: {
      updateId: string;
      kind: keyof Words['rules']['kinds'];
      groupId?: string;
      deadline?: string;
      rule: { name: string };
    };
  }[];
  passed: { updateId: string; title: string; rule: string; why: keyof Words['rules']['whys']; says: string }[];
  totals: { updates: number; approvals: number; declines: number; installations: number; bytes: number };
}

const mostShown = 100;

export function RuleRuns(): ReactNode {
  const words = useWords();
  const mayDecide = useMay('decide');
  const { query } = useAddress();
  const asked = query.get('test');
  const [typed, setTyped] = useState(asked ?? '');
  const at = asked ? new Date(asked) : undefined;
  const isTime = at !== undefined && !Number.isNaN(at.getTime());
  const given = asked === null ? undefined : { query: isTime ? { at: at.toISOString() } : {} };
  const run = useAnswer<RuleRun>('testRules', given, { everyMs: 600_000 });
  return (
    <section className="card" aria-labelledby="test">
      <div className="card-head">
        <h2 id="test">{words.rules.test}</h2>
        {mayDecide && (
          <SureButton
            label={words.rules.run}
            title={words.rules.runTitle}
            text={words.rules.runText}
            onSure={async () => {
              const { changes } = await change<RuleRun>('runRules', {});
              say(words.rules.ran(changes.length));
            }}
          />
        )}
      </div>
      <p className="dim">{words.rules.testText}</p>
      <form
        className="filters"
        onSubmit={(event) => {
          event.preventDefault();
          goWith({ test: typed === '' ? 'now' : typed });
          run.again();
        }}
      >
        <label className="filter">
          <span>{words.rules.testAt}</span>
          <input
            type="datetime-local"
            value={typed === 'now' ? '' : typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <button type="submit">{words.rules.runTest}</button>
      </form>
      {given && <Asked kept={run}>{(found) => <Outcome run={found} />}</Asked>}
    </section>
  );
}

function Outcome({ run: { at, changes, passed, totals } }: { run: RuleRun }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const number = (amount: number) => numberIn(amount, language);
  const cut = (all: readonly unknown[]) =>
    all.length > mostShown && <p className="dim">{words.rules.first(number(mostShown), number(all.length))}</p>;
  return (
    <div className="outcome" aria-live="polite">
      <p>
        <Moment at={at} />:{' '}
        {words.rules.totals(number(totals.updates), number(totals.approvals), number(totals.declines))}{' '}
        {totals.installations > 0 && words.rules.needs(number(totals.installations), sizeIn(totals.bytes, language))}
      </p>
      <DataTable
        rows={changes.slice(0, mostShown)}
        keyOf={({ change: one }) => `${one.updateId} ${one.groupId ?? ''} ${one.kind}`}
        empty={words.rules.nothing}
        columns={[
          {
            label: words.updates.title,
            cell: ({ title, change: { updateId } }) => <UpdateLink {...{ updateId, title }} />,
          },
          { label: words.rules.action, cell: ({ change: { kind } }) => words.rules.kinds[kind] },
          { label: words.rules.rule, cell: ({ change: { rule } }) => <bdi>{rule.name}</bdi> },
          { label: words.updates.needed, isNumber: true, cell: ({ needed }) => number(needed) },
        ]}
      />
      {cut(changes)}
      {passed.length > 0 && (
        <details>
          <summary>
            {words.rules.passed} ({number(passed.length)})
          </summary>
          <DataTable
            rows={passed.slice(0, mostShown)}
            keyOf={({ updateId, rule, why, says }) => `${updateId} ${rule} ${why} ${says}`}
            empty=""
            columns={[
              { label: words.updates.title, cell: (one) => <UpdateLink {...one} /> },
              { label: words.rules.rule, cell: ({ rule }) => <bdi>{rule}</bdi> },
              {
                label: words.rules.why,
                cell: ({ why, says }) => (
                  <>
                    {words.rules.whys[why] ?? why} <bdi className="dim">{says}</bdi>
                  </>
                ),
              },
            ]}
          />
          {cut(passed)}
        </details>
      )}
    </div>
  );
}

function UpdateLink({ updateId, title }: { updateId: string; title: string }): ReactNode {
  return (
    <Link href={hrefOf(`updates/${updateId}`)}>
      <bdi>{title}</bdi>
    </Link>
  );
}
