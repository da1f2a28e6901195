// Long work of the server as a person sees it: where it is, how it ended, and how to cancel it.
import { type ReactNode, useEffect, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { call, type Given } from '../api/call.ts';
import { change, noteChange } from '../api/changes.ts';
import type { OperationName } from '../api/operations.ts';
import { hrefOf } from '../kit/address.ts';
import { useDoing } from '../kit/doing.ts';
import { Link } from '../kit/link.tsx';
import { ProgressBar } from '../kit/progress.tsx';
import { permits, useSession } from '../kit/session.tsx';
import { Age } from '../kit/time.tsx';
import { useWords, type Words } from '../kit/words.tsx';
import { Marked } from './marks.tsx';

export interface Job {
  jobId: string;
  operation: string;
  account: string;
  state: keyof Words['jobs']['states'];
  createdAt: string;
  endedAt?: string;
  done: number;
  of?: number;
  problem?: { code: string; detail: string };
  result?: unknown;
}

const tones = { waiting: 'pending', running: 'pending', done: 'good', failed: 'bad', cancelled: 'quiet' } as const;
const runningMs = 2_000;
const restingMs = 60_000;
const lateMs = 3_600_000;

/** Starts long work. When this ends, the server works on it, and its views find it. Throws as call does. */
export async function startJob(operation: OperationName, given: Given): Promise<Job> {
  const { document } = await call<Job>(operation, { ...given, isJob: true });
  noteChange();
  return document;
}

export function isOpen({ endedAt }: Job): boolean {
  return endedAt === undefined;
}

/** The jobs of the account, the newest first. While one runs, the server is asked often. A job that ends is a change. */
export function useJobs() {
  const [known, setKnown] = useState(0);
  const kept = useAnswer<{ items: Job[] }>('listJobs', {}, { everyMs: known > 0 ? runningMs : restingMs });
  const open = kept.document?.items.filter(isOpen).length ?? 0;
  useEffect(() => {
    setKnown(open);
    if (open < known) noteChange({ isBackground: true });
  }, [open, known]);
  return kept;
}

/** The newest job of these operations, when one runs or ended lately. */
export function JobOf({ operations }: { operations: readonly OperationName[] }): ReactNode {
  const { document: jobs } = useJobs();
  const found = jobs?.items.find(({ operation }) => operations.some((one) => one === operation));
  const isOld = found?.endedAt !== undefined && Date.now() - Date.parse(found.endedAt) > lateMs;
  return found && !isOld ? <JobLine job={found} /> : null;
}

export function JobLine({ job }: { job: Job }): ReactNode {
  return (
    <div className="job" role="status">
      <JobName job={job} /> <JobState job={job} /> <JobProgress job={job} />
      {job.problem && <span className="bad wrap">{job.problem.detail}</span>}
      <span className="dim">
        <Age at={job.endedAt ?? job.createdAt} />
      </span>
      <CancelJob job={job} />
    </div>
  );
}

export function JobName({ job: { jobId, operation } }: { job: Job }): ReactNode {
  const words = useWords();
  return <Link href={hrefOf(`jobs/${jobId}`)}>{words.jobs.names[operation] ?? operation}</Link>;
}

export function JobState({ job: { state } }: { job: Job }): ReactNode {
  const words = useWords();
  return <Marked tone={tones[state]} text={words.jobs.states[state]} />;
}

export function JobProgress({ job }: { job: Job }): ReactNode {
  const words = useWords();
  if (!isOpen(job)) return null;
  return <ProgressBar label={words.jobs.progress} done={job.done} of={job.of} />;
}

/** Nothing for a job that has ended, or that the account cannot cancel. */
export function CancelJob({ job }: { job: Job }): ReactNode {
  const words = useWords();
  const { account, roles } = useSession();
  const doing = useDoing();
  if (!isOpen(job) || (job.account !== account && !permits(roles, 'administer'))) return null;
  return (
    <button
      type="button"
      onClick={() => doing(() => change('cancelJob', { path: { job: job.jobId } }), words.jobs.cancelled)}
    >
      {words.jobs.cancel}
    </button>
  );
}
