// Jobs: long work that goes on after its request was answered.
import { isPartial, mayDo } from '@moult/administration/accounts';
import * as z from 'zod';
import { ApiError } from '../errors.ts';
import type { Job, Jobs } from '../jobs.ts';
import { type Call, route } from '../route.ts';
import { id, jobShape } from '../shapes.ts';

const topic = 'Jobs';
const pathSchema = z.object({ job: id });
const job = jobShape.extend({
  result: z.unknown().optional().describe('The answer of the operation'),
  problem: z.looseObject({ code: z.string(), detail: z.string() }).optional().describe('Why it failed'),
});

/** Auditors and administrators see the jobs of all accounts, others their own. */
function seenBy({ principal }: Call<unknown, unknown, unknown>): Parameters<Jobs['list']>[0] {
  return principal && mayDo(principal, 'audit') && !isPartial(principal) ? undefined : principal?.account;
}

function requireJob(call: Call<{ job: string }, unknown, unknown>): Job {
  const found = call.jobs.find(call.path.job, seenBy(call));
  if (!found)
    throw new ApiError('API_NOT_FOUND', 'There is no such job. A job is shown for a day, until the server restarts.');
  return found;
}

export const jobRoutes = [
  route(['listJobs', 'GET', '/jobs', 'read', topic], {
    isForGroups: true,
    summary: 'List your jobs, the newest first. Auditors and administrators see the jobs of all accounts',
    answer: z.looseObject({ items: z.array(jobShape), total: z.int(), next: z.null() }),
    async handle(call) {
      const items = call.jobs.list(seenBy(call));
      return { items, total: items.length, next: null };
    },
  }),
  route(['showJob', 'GET', '/jobs/{job}', 'read', topic], {
    isForGroups: true,
    pathSchema,
    summary: 'Show a job with its progress, and its result when it has ended',
    answer: job,
    refusals: { 404: 'The job is not there' },
    handle: async (call) => requireJob(call),
  }),
  route(['cancelJob', 'DELETE', '/jobs/{job}', 'read', topic], {
    isForGroups: true,
    pathSchema,
    summary:
      'Cancel a job of yours. It ends at its next step, and its changes until then stay. Administrators cancel all jobs',
    answer: job,
    refusals: { 404: 'The job is not there' },
    async handle(call) {
      const { principal, jobs } = call;
      const found = requireJob(call);
      const isOwn = jobs.find(found.jobId, principal?.account) !== undefined;
      if (!isOwn && !(principal && mayDo(principal, 'administer')))
        throw new ApiError('API_FORBIDDEN', 'The job is of another account.');
      jobs.cancel(found.jobId);
      return jobs.find(found.jobId, undefined) ?? found;
    },
  }),
];
