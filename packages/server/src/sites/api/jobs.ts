// Long work of the API. A job goes on after its request was answered, and tells how far it is. It can be cancelled, and
// it keeps its result for a while. Jobs are in memory: a restart ends them, and the audit records say what they
// changed.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { jsonText } from '@moult/formats/text';
import type { jobBounds } from '../../bounds.ts';
import { ApiError, type Problem } from './errors.ts';

type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

/** As the API shows it. */
export interface Job {
  jobId: string;
  /** The id of the operation. */
  operation: string;
  account: string;
  state: JobState;
  createdAt: Date;
  endedAt?: Date;
  /** Steps that are done, and of how many, once that is known. */
  done: number;
  of?: number;
  /** The answer of the operation. */
  result?: unknown;
  /** Why it failed. */
  problem?: Problem;
}

/** How far the work is, and whether it should end. */
export interface Course {
  onProgress(done: number, of: number): void;
  signal: AbortSignal;
}

interface Owner {
  accountId: string;
  /** That the account reaches. Empty: the whole server. */
  groupIds: readonly string[];
  name: string;
  /** Whether the account and the token behind the job may still do this. */
  mayGoOn(): Promise<boolean>;
}

type JobViewer = Pick<Owner, 'accountId' | 'groupIds'>;

interface JobParts {
  now(): Date;
  /** The problem document for a failure. */
  problemOf(error: unknown): Problem;
  /** Told of each change of a job. */
  changed(accountId: string, job: Job): void;
  /** Told when the store could not be asked for the owner of a job. The next look may do better. */
  notAsked(error: unknown): void;
  limits: typeof jobBounds;
}

export interface Jobs {
  /** Starts the work now or as soon as others have ended. Throws ApiError API_BUSY when too many wait. */
  start(owner: Owner, operation: string, work: (course: Course) => Promise<unknown>): Job;
  /** The newest first. `viewer`: only those of this account, from while it reached the same groups. */
  list(viewer: JobViewer | undefined): Job[];
  /** Undefined when it is not there, or not for this viewer. */
  find(jobId: string, viewer: JobViewer | undefined): Job | undefined;
  /** Ends the work at its next step. Without effect for a job that has ended. */
  cancel(jobId: string): void;
  /** Cancels all, and waits until the work has ended, but not for long. */
  close(): Promise<void>;
}

interface Entry {
  job: Job;
  owner: Owner;
  controller: AbortController;
  /** Undefined once it has begun: what it was asked to do is kept no longer. */
  work: ((course: Course) => Promise<unknown>) | undefined;
  toldAt: number;
  resultBytes: number;
}

export function createJobs({ now, problemOf, changed, notAsked, limits }: JobParts): Jobs {
  /** In the order of their start. */
  const entries = new Map<string, Entry>();
  const running = new Set<Promise<void>>();

  const tell = (entry: Entry): void => {
    entry.toldAt = performance.now();
    changed(entry.owner.accountId, shown(entry));
  };

  const begin = (): void => {
    for (const entry of entries.values()) {
      if (running.size >= limits.atOnce) return;
      if (entry.job.state !== 'waiting') continue;
      const run = carryOut(entry).finally(() => {
        running.delete(run);
        begin();
      });
      running.add(run);
    }
  };

  const carryOut = async (entry: Entry): Promise<void> => {
    const { job, controller, work } = entry;
    entry.work = undefined;
    job.state = 'running';
    tell(entry);
    const asking = setInterval(() => void endUnlessGood(entry), limits.askedMs).unref();
    try {
      // It may have waited for long.
      await endUnlessGood(entry);
      controller.signal.throwIfAborted();
      const result = await work?.({ onProgress: (done, of) => note(entry, done, of), signal: controller.signal });
      job.state = controller.signal.aborted && isCut(result) ? 'cancelled' : 'done';
      // A result that is larger is in the lists.
      const { length } = jsonText(result ?? null);
      if (length <= limits.maxResultBytes) {
        job.result = result;
        entry.resultBytes = length;
      }
    } catch (error) {
      job.state = controller.signal.aborted ? 'cancelled' : 'failed';
      if (job.state === 'failed') job.problem = problemOf(error);
    } finally {
      clearInterval(asking);
    }
    end(entry);
  };

  /** A job ends with its account, its role and its token, as the calls of these do. */
  const endUnlessGood = async ({ owner, controller }: Entry): Promise<void> => {
    try {
      if (!(await owner.mayGoOn())) controller.abort();
    } catch (error) {
      // The database is away: that ends no account.
      notAsked(error);
    }
  };

  const note = (entry: Entry, done: number, of: number): void => {
    Object.assign(entry.job, { done, of });
    if (performance.now() - entry.toldAt >= limits.toldMs) tell(entry);
  };

  const end = (entry: Entry): void => {
    entry.job.endedAt = now();
    entry.work = undefined;
    tell(entry);
    forgetOld();
  };

  const forgetOld = (): void => {
    const ended = [...entries.values()].filter(({ job }) => job.endedAt !== undefined);
    const old = now().getTime() - limits.keptMs;
    const surplus = ended.length - limits.maxKept;
    ended.forEach(({ job }, at) => {
      if (at < surplus || (job.endedAt?.getTime() ?? 0) < old) entries.delete(job.jobId);
    });
    let bytes = 0;
    for (const entry of [...entries.values()].reverse()) {
      bytes += entry.resultBytes;
      if (bytes > limits.maxResultsBytes) delete entry.job.result;
    }
  };

  const cancel = (jobId: string): void => {
    const entry = entries.get(jobId);
    if (!entry || entry.job.endedAt) return;
    entry.controller.abort();
    if (entry.job.state !== 'waiting') return;
    entry.job.state = 'cancelled';
    end(entry);
  };

  const own =
    (viewer: JobViewer | undefined) =>
    ({ owner }: Entry) =>
      viewer === undefined ||
      (owner.accountId === viewer.accountId && owner.groupIds.join() === viewer.groupIds.join());

  return {
    start(owner, operation, work) {
      forgetOld();
      const open = [...entries.values()].filter(({ job }) => job.endedAt === undefined).length;
      if (open >= limits.maxOpen)
        throw new ApiError('API_BUSY', 'Too many jobs wait. Try again later.', { headers: { 'retry-after': '30' } });
      const job: Job = {
        jobId: randomUUID(),
        operation,
        account: owner.name,
        state: 'waiting',
        createdAt: now(),
        done: 0,
      };
      const entry = {
        job,
        owner,
        work,
        controller: new AbortController(),
        toldAt: Number.NEGATIVE_INFINITY,
        resultBytes: 0,
      };
      entries.set(job.jobId, entry);
      // The caller gets a waiting job as its answer. The job may end before the answer is sent.
      const answer = shown(entry);
      queueMicrotask(begin);
      return answer;
    },
    list: (viewer) => [...entries.values()].filter(own(viewer)).map(shown).reverse(),
    find(jobId, viewer) {
      const entry = entries.get(jobId);
      return entry && own(viewer)(entry) ? { ...entry.job } : undefined;
    },
    cancel,
    async close() {
      for (const { job } of entries.values()) cancel(job.jobId);
      // A download does not end at once.
      await Promise.race([Promise.all(running), pause(limits.endMs, undefined, { ref: false })]);
    },
  };
}

/** Without its result, which only who asks for the job itself is told. */
function shown({ job: { result: _, ...job } }: Entry): Job {
  return job;
}

/** Work that was cancelled answers what it did until then. */
function isCut(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'isCut' in result && result.isCut === true;
}
