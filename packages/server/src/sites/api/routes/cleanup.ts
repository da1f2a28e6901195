// Operations of the cleanup.
import { cleanUp, cleanupTasks, planCleanup } from '@moult/administration/cleanup';
import * as z from 'zod';
import { type Call, route } from '../route.ts';

const topic = 'Cleanup';
const days = z.int().min(1).max(3650).optional();
const tasks = z.array(z.enum(cleanupTasks)).min(1).optional();

const request = {
  tasks: tasks.describe('Only these. "computers" and "events" need their days'),
  declinedDays: days.describe('Updates that were declined for so many days. Default 90'),
  revisionDays: days.describe('Revisions that a newer one replaced so many days ago. Default 30'),
  computerDays: days.describe('Computers without contact for so many days. Without it no computer is removed'),
  eventDays: days.describe('Events that are so many days old. Without it no event is removed'),
};

const answer = z.looseObject({
  parts: z.array(
    z.looseObject({
      task: z.enum(cleanupTasks),
      items: z.int(),
      revisions: z.int().optional(),
      bytes: z.int().optional(),
      examples: z.array(z.string()),
    }),
  ),
  isCut: z.boolean().describe('It was stopped before its end'),
});

const refusals = { 409: 'The clock of the server is not believed, or a task needs days that are not given' };

export const cleanupRoutes = [
  route(['planCleanup', 'GET', '/cleanup/plan', 'administer', topic], {
    summary: 'Show what a cleanup removes now. Nothing is changed',
    querySchema: z.strictObject(request),
    ...{ answer, refusals },
    handle: async (call) => planCleanup(await partsOf(call), call.query),
  }),
  route(['runCleanup', 'POST', '/cleanup', 'administer', topic], {
    twoPersons: ['remove'],
    summary:
      'Remove declined updates, old revisions and files that nothing needs. With their days also silent computers and old events',
    bodySchema: z.strictObject(request),
    ...{ answer, refusals },
    isLong: true,
    handle: async (call) => cleanUp(await partsOf(call), call.body),
  }),
];

async function partsOf({ administration, catalog, log, course }: Call<unknown, unknown, unknown>) {
  return {
    ...{ administration, log, catalog: await catalog(), signal: course.signal },
    onProgress: (done: number) => course.onProgress(done, done),
  };
}
