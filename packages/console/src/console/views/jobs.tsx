// Jobs: long work that goes on after its page was left.
import { type ReactNode, useEffect, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { hrefOf } from '../kit/address.ts';
import { DataTable } from '../kit/data-table.tsx';
import { Link } from '../kit/link.tsx';
import { Asked } from '../kit/states.tsx';
import { Age, Moment } from '../kit/time.tsx';
import { ViewHead } from '../kit/view-head.tsx';
import { useWords } from '../kit/words.tsx';
import { CancelJob, isOpen, type Job, JobName, JobProgress, JobState, useJobs } from './job.tsx';

export default function Jobs({ id }: { id: string | undefined }): ReactNode {
  return id === undefined ? <JobList /> : <OneJob jobId={id} />;
}

function JobList(): ReactNode {
  const words = useWords();
  const jobs = useJobs();
  return (
    <>
      <ViewHead title={words.nav.jobs} at={jobs.at} again={jobs.again} />
      <section className="card" aria-labelledby="view-title">
        <Asked kept={jobs}>
          {({ items }) => (
            <DataTable
              rows={items}
              keyOf={({ jobId }) => jobId}
              empty={words.jobs.empty}
              columns={[
                { label: words.jobs.job, cell: (job) => <JobName job={job} /> },
                { label: words.jobs.state, cell: (job) => <JobState job={job} /> },
                { label: words.jobs.progress, cell: (job) => <JobProgress job={job} /> },
                { label: words.jobs.account, cell: ({ account }) => <bdi>{account}</bdi> },
                { label: words.jobs.started, cell: ({ createdAt }) => <Age at={createdAt} /> },
                { label: words.jobs.ended, cell: ({ endedAt }) => (endedAt ? <Age at={endedAt} /> : '–') },
                { label: words.jobs.cancel, cell: (job) => <CancelJob job={job} /> },
              ]}
            />
          )}
        </Asked>
        <p className="dim">{words.jobs.kept}</p>
      </section>
    </>
  );
}

const runningMs = 2_000;
/** The result of a job that ended does not change. */
const endedMs = 3_600_000;

function OneJob({ jobId }: { jobId: string }): ReactNode {
  const words = useWords();
  const [isEnded, setIsEnded] = useState(false);
  const everyMs = isEnded ? endedMs : runningMs;
  const job = useAnswer<Job>('showJob', { path: { job: jobId } }, { everyMs });
  const hasEnded = job.document !== undefined && !isOpen(job.document);
  useEffect(() => setIsEnded(hasEnded), [hasEnded]);
  return (
    <>
      <p className="back">
        <Link href={hrefOf('jobs')}>{words.nav.jobs}</Link>
      </p>
      <Asked kept={job}>
        {(found) => (
          <>
            <ViewHead title={words.jobs.names[found.operation] ?? found.operation} at={job.at} again={job.again}>
              <CancelJob job={found} />
            </ViewHead>
            <section className="card" aria-labelledby="view-title">
              <p>
                <JobState job={found} /> <JobProgress job={found} />
              </p>
              {found.problem && <p className="bad wrap">{found.problem.detail}</p>}
              <dl className="facts">
                <div>
                  <dt>{words.jobs.account}</dt>
                  <dd>
                    <bdi>{found.account}</bdi>
                  </dd>
                </div>
                <div>
                  <dt>{words.jobs.started}</dt>
                  <dd>
                    <Moment at={found.createdAt} />
                  </dd>
                </div>
                {found.endedAt && (
                  <div>
                    <dt>{words.jobs.ended}</dt>
                    <dd>
                      <Moment at={found.endedAt} />
                    </dd>
                  </div>
                )}
              </dl>
              {!isOpen(found) && <Result result={found.result} />}
            </section>
          </>
        )}
      </Asked>
    </>
  );
}

const mostText = 100_000;

/** As the API answers it: what a view of its own does not show. */
function Result({ result }: { result: unknown }): ReactNode {
  const words = useWords();
  if (result === undefined || result === null) return <p className="dim">{words.jobs.noResult}</p>;
  const text = JSON.stringify(result, undefined, 2);
  return (
    <>
      <h2>{words.jobs.result}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre className="lines" tabIndex={0}>
        {text.length > mostText ? `${text.slice(0, mostText)}…` : text}
      </pre>
    </>
  );
}
