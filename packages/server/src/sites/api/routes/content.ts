// Operations on the files of updates.
import { setTimeout as pause } from 'node:timers/promises';
import {
  fetchContent,
  filesOfUpdates,
  forecastContent,
  healContent,
  purgeContent,
} from '@moult/administration/content-fetch';
import * as z from 'zod';
import { type Call, route } from '../route.ts';
import { someText, whole, wholeOf } from '../shapes.ts';

const updates = z.array(someText()).max(200).optional().describe('GUIDs, KB numbers, or titles or parts of them');
const fetched = z.looseObject({
  ...{ fetched: z.int(), bytes: z.int() },
  failures: z.array(z.looseObject({ sha1: z.string(), fileName: z.string(), code: z.string(), message: z.string() })),
});
const file = z.looseObject({ sha1: z.string(), fileName: z.string().optional() });
const topic = 'Content';

export const contentRoutes = [
  route(['planContent', 'GET', '/content/plan', 'read', topic], {
    summary: 'Show the number and size of the files that are fetched next, and of those that nothing needs',
    querySchema: z.strictObject({ update: updates.describe('Updates that are not approved yet') }),
    answer: z.looseObject({
      ...{ files: z.int(), bytes: z.int(), withoutSource: z.int(), seconds: z.int().optional() },
      quotaLeftBytes: z.int().optional(),
      unneeded: z.looseObject({ files: z.int(), bytes: z.int() }),
      addresses: z
        .array(z.looseObject({ sha1: z.string(), fileName: z.string(), url: z.string().optional() }))
        .describe('Of updates that were named: files, with the address of the publisher where it is known'),
    }),
    refusals: { 404: 'An update is not there' },
    handle: ({ administration, query }) => forecastContent(administration, query.update),
  }),
  route(['fetchContent', 'POST', '/content/fetch', 'administer', topic], {
    summary: 'Fetch missing files of approved updates now, or the files of these updates',
    bodySchema: z.strictObject({ updates }),
    answer: fetched,
    refusals: { 404: 'An update is not there', 409: 'Another process fetches files at the moment' },
    isLong: true,
    async handle(call) {
      const { administration, body, course } = call;
      const asked = body.updates && (await filesOfUpdates(administration, body.updates));
      const { store, server } = administration;
      return fetchContent(
        {
          ...{ ...partsOf(call), store, folder: server.contentDir, config: server.config },
          onProgress: ({ doneBytes, bytes }) => course.onProgress(doneBytes, bytes),
        },
        asked,
      );
    },
  }),
  route(['verifyContent', 'POST', '/content/verify', 'administer', topic], {
    summary:
      'Read every file again, also files that you copied into the content folder. Damaged ones are moved away and fetched again',
    bodySchema: z.strictObject({
      fetches: z.boolean().default(true).describe('Fetch damaged and missing files again'),
    }),
    answer: z.looseObject({
      checked: z.int(),
      bad: z.array(file.extend({ state: z.enum(['damaged', 'missing', 'fetched']) })),
      fetched: fetched.optional(),
    }),
    refusals: { 409: 'Another process fetches files at the moment' },
    isLong: true,
    async handle(call) {
      const { fetches } = call.body;
      const found = await healContent(call.administration, { ...partsOf(call), fetches });
      const bad = found.files.filter(({ state }) => state !== 'present');
      return { checked: found.files.length, bad, fetched: found.fetched };
    },
  }),
  route(['purgeContent', 'POST', '/content/purge', 'administer', topic], {
    summary: 'Remove files that no approved update needs, if the server can fetch them again',
    bodySchema: z.strictObject({}),
    answer: wholeOf(file.extend({ sizeBytes: z.int() })),
    isLong: true,
    handle: async ({ administration, log }) => whole(await purgeContent(administration, log)),
  }),
];

/** Of downloads: what ends with the job. */
function partsOf({ administration: { store }, log, course }: Call<unknown, unknown, unknown>) {
  return {
    ...{ log, environment: process.env, now: store.now, signal: course.signal },
    wait: (ms: number, until: AbortSignal) =>
      pause(ms, undefined, { signal: until, ref: false }).catch(() => undefined),
  };
}
