// Why: the state of a computer explained, why it has not got an update, and why a group has not. The address holds the
// question. The answers are made by the same decision that the protocol sends.
import { type ReactNode, type SyntheticEvent, useEffect, useId, useRef } from 'react';
import type { Tone } from '../../mark.tsx';
import { useAnswer } from '../api/cached.ts';
import { goWith, hrefOf, useAddress } from '../kit/address.ts';
import { DataTable } from '../kit/data-table.tsx';
import { textOf } from '../kit/form-dialog.tsx';
import { Link } from '../kit/link.tsx';
import { numberIn } from '../kit/numbers.ts';
import { Asked } from '../kit/states.tsx';
import { useLanguage, useWords, type Words } from '../kit/words.tsx';
import { Marked } from './marks.tsx';
import { type Report, ReportView } from './report.tsx';

interface Node {
  question: string;
  answer: 'yes' | 'no' | 'unknown' | 'note';
  says: string;
  children?: Node[];
}

interface Explained {
  title?: string;
  updateId?: string;
  outcome: keyof Words['why']['outcomes'];
  because: string;
  questions: Node[];
  undecided: number;
  lastHeard?: string;
}

interface GroupAnswer {
  group: string;
  computers: number;
  installed: number;
  notApplicable: number;
  reasons: { reason: string; says: string; computers: number; examples: string[] }[];
}

const tones = { yes: 'good', no: 'bad', unknown: 'pending', note: 'quiet' } as const;
const ofOutcome: Record<Explained['outcome'], Tone> = {
  ...{ offered: 'good', cached: 'good', 'not-offered': 'bad', undecided: 'pending', withheld: 'pending' },
};

/** On a computer. `?why=` is an update by id, KB number or title. `?explain=true` asks about the whole computer. */
export function WhyComputer({ computerId }: { computerId: string }): ReactNode {
  const words = useWords();
  const { query } = useAddress();
  const update = query.get('why') ?? '';
  const isWhole = query.get('explain') === 'true';
  const path = { computer: computerId };
  const place = useRef<HTMLElement>(null);
  // The question may come from a row of a long list.
  useEffect(() => {
    if (update !== '') place.current?.scrollIntoView({ block: 'nearest' });
  }, [update]);
  const explained = useAnswer<Explained>(
    'explainUpdate',
    update === '' ? undefined : { path: { ...path, update } },
    rarely,
  );
  const report = useAnswer<Report>('explainComputer', isWhole ? { path } : undefined, rarely);
  return (
    <section ref={place} className="card" aria-labelledby="why">
      <h2 id="why">{words.why.title}</h2>
      <Question label={words.why.update} button={words.why.ask} value={update} onAsk={(why) => goWith({ why })} />
      {update !== '' && <Asked kept={explained}>{(answer) => <Answer answer={answer} />}</Asked>}
      <p>
        <button type="button" onClick={() => goWith({ explain: isWhole ? undefined : 'true' })} aria-expanded={isWhole}>
          {isWhole ? words.why.hide : words.why.whole}
        </button>
      </p>
      {isWhole && <Asked kept={report}>{(found) => <ReportView report={found} />}</Asked>}
    </section>
  );
}

/** Explaining costs the server more than a list. */
const rarely = { everyMs: 300_000 };

interface QuestionProps {
  label: string;
  button: string;
  value: string;
  onAsk(text: string): void;
}

function Question({ label, button, value, onAsk }: QuestionProps): ReactNode {
  const ask = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    onAsk(textOf(new FormData(event.currentTarget), 'asked'));
  };
  return (
    <form className="filters" onSubmit={ask}>
      <label className="filter filter-wide">
        <span>{label}</span>
        {/* Typed text stays until the address asks something else. */}
        <input key={value} name="asked" defaultValue={value} maxLength={256} autoComplete="off" spellCheck={false} />
      </label>
      <button type="submit">{button}</button>
    </form>
  );
}

function Answer({ answer }: { answer: Explained }): ReactNode {
  const words = useWords();
  const { outcome, because, title, updateId, questions, undecided, lastHeard } = answer;
  return (
    <div className="outcome">
      <p className="wrap">
        <strong>
          <Marked tone={ofOutcome[outcome]} text={words.why.outcomes[outcome]} />
        </strong>{' '}
        {updateId && <Link href={hrefOf(`updates/${updateId}`)}>{title ?? updateId}</Link>}
      </p>
      <p className="wrap">{because}</p>
      <Nodes nodes={questions} />
      {undecided > 0 && <p className="dim">{words.why.undecided(undecided)}</p>}
      <p className="dim wrap">{lastHeard ? words.why.heard(lastHeard) : words.why.heardNothing}</p>
    </div>
  );
}

function Nodes({ nodes }: { nodes: readonly Node[] }): ReactNode {
  const words = useWords();
  return (
    <ul className="questions">
      {nodes.map(({ question, answer, says, children = [] }) => (
        <li key={`${question} ${says}`} className="wrap">
          <Marked tone={tones[answer]} text={words.why.answers[answer]} /> <strong>{question}</strong> <bdi>{says}</bdi>
          {children.length > 0 && <Nodes nodes={children} />}
        </li>
      ))}
    </ul>
  );
}

/** On an update. `?whyGroup=` is a group by its name. */
export function WhyGroup({ updateId }: { updateId: string }): ReactNode {
  const words = useWords();
  const listId = useId();
  const { query } = useAddress();
  const group = query.get('whyGroup') ?? '';
  const groups = useAnswer<{ items: { name: string }[] }>('listGroups', { query: { limit: 200 } });
  const given = group === '' ? undefined : { path: { group, update: updateId } };
  const answer = useAnswer<GroupAnswer>('explainGroup', given, rarely);
  const ask = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    goWith({ whyGroup: textOf(new FormData(event.currentTarget), 'group') });
  };
  return (
    <section className="card" aria-labelledby="why">
      <h2 id="why">{words.why.groupTitle}</h2>
      <form className="filters" onSubmit={ask}>
        <label className="filter filter-wide">
          <span>{words.decide.group}</span>
          <input key={group} name="group" defaultValue={group} list={listId} maxLength={256} autoComplete="off" />
        </label>
        <datalist id={listId}>
          {groups.document?.items.map(({ name }) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <button type="submit">{words.why.ask}</button>
      </form>
      {group !== '' && <Asked kept={answer}>{(found) => <Reasons answer={found} updateId={updateId} />}</Asked>}
    </section>
  );
}

function Reasons({ answer, updateId }: { answer: GroupAnswer; updateId: string }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const { computers, installed, notApplicable, reasons } = answer;
  const text = (amount: number) => numberIn(amount, language);
  return (
    <div className="outcome">
      <p>{words.why.counted(text(computers), text(installed), text(notApplicable))}</p>
      <DataTable
        rows={reasons}
        keyOf={({ says }) => says}
        empty={words.why.noReasons}
        columns={[
          { label: words.why.reason, cell: ({ says }) => <bdi>{says}</bdi> },
          { label: words.nav.computers, isNumber: true, cell: (reason) => text(reason.computers) },
          {
            label: words.why.examples,
            cell: ({ examples }) => (
              <span className="wrap">
                {examples.map((name, at) => (
                  <span key={name}>
                    {at > 0 && ', '}
                    <Link href={hrefOf(`computers/${encodeURIComponent(name)}`, { why: updateId })}>
                      <bdi>{name}</bdi>
                    </Link>
                  </span>
                ))}
              </span>
            ),
          },
        ]}
      />
    </div>
  );
}
