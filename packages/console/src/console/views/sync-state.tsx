// The state of the synchronisation, the questions of the next one, and the revisions that were passed over.
import type { ReactNode } from 'react';
import { useAnswer } from '../api/cached.ts';
import { hrefOf } from '../kit/address.ts';
import { DataTable } from '../kit/data-table.tsx';
import { useDoing } from '../kit/doing.ts';
import { Link } from '../kit/link.tsx';
import { numberIn, sizeIn } from '../kit/numbers.ts';
import { ProgressBar } from '../kit/progress.tsx';
import { useMay } from '../kit/session.tsx';
import { Asked } from '../kit/states.tsx';
import { Moment } from '../kit/time.tsx';
import { ViewHead } from '../kit/view-head.tsx';
import { useLanguage, useWords } from '../kit/words.tsx';
import { isOpen, JobOf, startJob, useJobs } from './job.tsx';
import { RunState, type SyncRun } from './sync-runs.tsx';

export interface SyncDocument {
  upstream: string;
  run?: SyncRun;
  isRunning: boolean;
  wanted: number;
  failures: { updateId: string; code: string; message: string }[];
  products: number;
  classifications: number;
  languages: number;
}

interface Plan {
  continues?: SyncRun;
  updates?: { changesOf: string[]; allOf: string[] };
}

const runningMs = 2_000;

export function SyncState({ tabs }: { tabs: ReactNode }): ReactNode {
  const words = useWords();
  const mayAdminister = useMay('administer');
  const jobs = useJobs();
  const isStarted = jobs.document?.items.some((job) => job.operation === 'startSync' && isOpen(job)) ?? false;
  const sync = useAnswer<SyncDocument>('readSync', {}, { everyMs: isStarted ? runningMs : 15_000 });
  const plan = useAnswer<Plan>('planSync', {});
  const doing = useDoing();
  const isRunning = isStarted || (sync.document?.isRunning ?? false);
  return (
    <>
      <ViewHead
        title={words.nav.sync}
        at={sync.at}
        again={() => [sync, plan, jobs].forEach(({ again }) => void again())}
      >
        {mayAdminister && (
          <button
            type="button"
            className="primary"
            disabled={isRunning || !sync.document}
            onClick={() => doing(() => startJob('startSync', { body: {} }), words.jobs.began)}
          >
            {words.sync.now}
          </button>
        )}
      </ViewHead>
      {tabs}
      <JobOf operations={['startSync']} />
      <Asked kept={sync}>
        {(document) => (
          <>
            <div className="columns">
              <Run sync={document} />
              <section className="card" aria-labelledby="plan">
                <h2 id="plan">{words.sync.plan}</h2>
                <Asked kept={plan}>{(known) => <PlanOf plan={known} sync={document} />}</Asked>
              </section>
            </div>
            {document.failures.length > 0 && <Failures sync={document} />}
          </>
        )}
      </Asked>
    </>
  );
}

function Run({ sync: { run, isRunning, wanted, upstream } }: { sync: SyncDocument }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const text = (amount: number) => numberIn(amount, language);
  return (
    <section className="card" aria-labelledby="run">
      <h2 id="run">{words.sync.lastRun}</h2>
      <p className="wrap">
        <span className="dim">{words.sync.upstream}:</span> <bdi>{upstream}</bdi>
      </p>
      {run === undefined ? (
        <p className="empty">{words.sync.never}</p>
      ) : (
        <>
          <p>
            <RunState run={run} isRunning={isRunning} /> {isRunning && (words.sync.steps[run.step] ?? run.step)}
          </p>
          {isRunning && run.listed > 0 && (
            <ProgressBar
              label={words.nav.sync}
              done={run.fetched + run.failed}
              of={run.listed}
              text={words.sync.progress(text(run.fetched + run.failed), text(run.listed))}
            />
          )}
          {run.error && <p className="bad wrap">{run.error.message}</p>}
          <dl className="figures">
            {(['added', 'fetched', 'failed', 'calls'] as const).map((name) => (
              <div key={name}>
                <dt>{words.sync.counts[name]}</dt>
                <dd className={`figure ${name === 'failed' && run.failed > 0 ? 'bad' : ''}`}>{text(run[name])}</dd>
              </div>
            ))}
            {wanted > 0 && (
              <div>
                <dt>{words.sync.counts.wanted}</dt>
                <dd className="figure">{text(wanted)}</dd>
              </div>
            )}
          </dl>
          <p className="dim">
            {words.sync.started} <Moment at={run.startedAt} />
            {run.endedAt && (
              <>
                {' · '}
                {words.sync.ended} <Moment at={run.endedAt} />
              </>
            )}
            {` · ${words.sync.size} ${sizeIn(run.bytes, language)}`}
          </p>
        </>
      )}
    </section>
  );
}

function PlanOf({ plan, sync }: { plan: Plan; sync: SyncDocument }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const { changesOf = [], allOf = [] } = plan.updates ?? {};
  const text = (amount: number) => numberIn(amount, language);
  return (
    <>
      {plan.continues && <p>{words.sync.continues}</p>}
      {!plan.updates && <p>{words.sync.needsChoice}</p>}
      {changesOf.length > 0 && <p>{words.sync.changes(changesOf.length, text(changesOf.length))}</p>}
      {allOf.length > 0 && <p>{words.sync.all(allOf.length, text(allOf.length))}</p>}
      <p>
        <span className="dim">{words.sync.chosen}:</span>{' '}
        <Link href={hrefOf('sync/product')}>
          {words.sync.chosenOf(text(sync.products), text(sync.classifications), text(sync.languages))}
        </Link>
      </p>
    </>
  );
}

function Failures({ sync: { failures } }: { sync: SyncDocument }): ReactNode {
  const words = useWords();
  return (
    <section className="card" aria-labelledby="failures">
      <h2 id="failures">{words.sync.failures}</h2>
      <DataTable
        rows={failures}
        keyOf={({ updateId }) => updateId}
        empty=""
        columns={[
          { label: words.sync.update, cell: ({ updateId }) => <code>{updateId}</code> },
          { label: words.sync.reason, cell: ({ message }) => <bdi>{message}</bdi> },
          { label: words.events.code, cell: ({ code }) => <a href={`/docs/errors#${code.toLowerCase()}`}>{code}</a> },
        ]}
      />
    </section>
  );
}
