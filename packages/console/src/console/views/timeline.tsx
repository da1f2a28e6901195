// The history of a computer, newest first: its self-update, and its reports of checks, downloads and installations.
import type { ReactNode } from 'react';
import { Mark } from '../../mark.tsx';
import { useAnswer } from '../api/cached.ts';
import type { Page, Ping, Report } from '../api/documents.ts';
import { hrefOf } from '../kit/address.ts';
import { Link } from '../kit/link.tsx';
import { Asked } from '../kit/states.tsx';
import { Moment } from '../kit/time.tsx';
import { useWords } from '../kit/words.tsx';
import { type Step, stepsOf } from './steps.ts';

export function Timeline({ computerId }: { computerId: string }): ReactNode {
  const words = useWords();
  const query = { query: { computer: computerId, limit: 60 } };
  const reports = useAnswer<Page<Report>>('listReports', query, { everyMs: 30_000 });
  const pings = useAnswer<Page<Ping>>('listPings', query, { everyMs: 30_000 });
  return (
    <section className="card" aria-labelledby="timeline">
      <h2 id="timeline">{words.computers.timeline}</h2>
      <Asked kept={reports}>
        {({ items }) => {
          const steps = stepsOf(items, pings.document?.items ?? []);
          if (steps.length === 0) return <p className="empty">{words.computers.noTimeline}</p>;
          return (
            <ol className="timeline">
              {steps.map((step) => (
                <OneStep key={step.key} step={step} />
              ))}
            </ol>
          );
        }}
      </Asked>
    </section>
  );
}

function OneStep({ step: { at, tone, kind, text, updateId, code } }: { step: Step }): ReactNode {
  const words = useWords();
  return (
    <li>
      <Moment at={at} />
      <span className="wrap">
        <Mark tone={tone} word={words.tones[tone]} />
        <strong>{words.steps[kind][tone]}</strong>{' '}
        {updateId === undefined ? text : <Link href={hrefOf(`updates/${updateId}`)}>{text || updateId}</Link>}{' '}
        {code !== '' && <a href={`/docs/codes#${code.toLowerCase()}`}>{code}</a>}
      </span>
    </li>
  );
}
