// Operations on synchronisation with an upstream server.
import { setTimeout as pause } from 'node:timers/promises';
import { syncAndRollUp } from '@moult/administration/roll-up';
import {
  changeChoices,
  explainSync,
  importFromUpstream,
  listChoices,
  listSyncHistory,
  planSync,
  readSyncStatus,
  syncSettings,
} from '@moult/administration/synchronisation';
import { pageOf as cutPage } from '@moult/store';
import * as z from 'zod';
import { route } from '../route.ts';
import { instant, listDocument, listQuery, pageOf, someText, whole, wholeOf } from '../shapes.ts';

const run = z.looseObject({
  runId: z.int(),
  upstream: z.string(),
  startedAt: instant,
  endedAt: instant.optional(),
  state: z.enum(['running', 'done', 'failed', 'given-up']),
  step: z.string().describe('What it does, or did last'),
  listed: z.int().describe('Revisions that the upstream server named'),
  fetched: z.int(),
  failed: z.int().describe('Revisions that were passed over'),
  added: z.int().describe('Revisions that are new in the catalog'),
  calls: z.int(),
  bytes: z.int(),
  error: z.looseObject({ code: z.string(), message: z.string() }).optional(),
});

const kind = z.enum(['product', 'classification', 'language']);
const choice = z.looseObject({
  ...{ id: z.string(), name: z.string().describe('Empty when the upstream server does not offer it any more') },
  ...{ within: z.array(z.string()).describe('The family of a product'), isChosen: z.boolean() },
});
const names = z.array(someText()).max(1000).default([]).describe('Names or ids. Of products also a family');
const someNames = z.array(someText()).max(1000).optional();
const topic = 'Synchronisation';

const importedRevision = z.looseObject({
  ...{ updateId: z.string(), revisionNumber: z.int(), title: z.string() },
  isNew: z.boolean().describe('It was not in the catalog'),
});

function upstreamParts(config: Parameters<typeof syncSettings>[0], signal: AbortSignal) {
  return {
    ...{ environment: process.env, random: Math.random, signal, settings: syncSettings(config) },
    wait: (ms: number, until: AbortSignal) =>
      pause(ms, undefined, { signal: until, ref: false }).catch(() => undefined),
  };
}

export const syncRoutes = [
  route(['readSync', 'GET', '/sync', 'read', topic], {
    summary: 'Show how far the synchronisation is, and which revisions it passed over',
    answer: z.looseObject({
      ...{ upstream: z.string(), role: z.enum(['autonomous', 'replica']), run: run.optional() },
      ...{ isRunning: z.boolean(), staged: z.int(), wanted: z.int() },
      failures: z.array(z.looseObject({ updateId: z.string(), code: z.string(), message: z.string() })),
      ...{ products: z.int(), classifications: z.int(), languages: z.int() },
      ...{ encryptedFiles: z.int(), missingKeys: z.int() },
    }),
    handle: ({ administration }) => readSyncStatus(administration),
  }),
  route(['listSyncRuns', 'GET', '/sync/runs', 'read', topic], {
    isList: true,
    summary: 'List synchronisations, newest first',
    querySchema: listQuery({}),
    answer: pageOf(run),
    refusals: { 409: 'The cursor is of another list' },
    async handle({ administration, query }) {
      const runs = await listSyncHistory(administration, mostRuns);
      return listDocument(cutPage('sync-runs', runs, query, ({ runId }) => String(runId)));
    },
  }),
  route(['startSync', 'POST', '/sync/runs', 'administer', topic], {
    summary: 'Synchronise now, or continue where a run was interrupted',
    bodySchema: z.strictObject({}),
    answer: z.looseObject({
      ...{ runId: z.int(), upstream: z.string(), isContinued: z.boolean(), added: z.int(), failed: z.int() },
      needsChoice: z.boolean().describe('No products or no classifications are chosen: only their lists came'),
    }),
    refusals: { 409: 'It is under way already, or the upstream server does not answer as it should' },
    isLong: true,
    handle({ administration: { store, server }, course: { onProgress, signal } }) {
      return syncAndRollUp({
        rollUp: server.config.rollUp,
        ...{ store, ...upstreamParts(server.config, signal), now: store.now },
        onProgress: ({ fetched, listed }) => onProgress(fetched, listed),
      });
    },
  }),
  route(['importUpdate', 'POST', '/sync/imports', 'administer', topic], {
    summary: 'Import one update from the upstream server, by its GUID or KB number, with everything that it needs',
    bodySchema: z.strictObject({
      update: someText().describe('A GUID, also with @revision, or a KB number'),
      products: someNames.describe('Where to look for a KB number. The choices unless given'),
      classifications: someNames,
      isDryRun: z.boolean().optional().describe('Show the revisions that come. Nothing changes'),
    }),
    answer: z.looseObject({
      upstream: z.string(),
      updates: z.array(importedRevision).describe('What was asked for'),
      needed: z.array(importedRevision).describe('What came with them'),
      lacking: z
        .array(z.looseObject({ update: z.string(), anyOf: z.array(z.string()) }))
        .describe('Updates that wait, because the upstream server does not have what they need'),
    }),
    refusals: { 409: 'It is not found there, or the upstream server does not answer as it should' },
    isLong: true,
    handle({ administration, body, course: { onProgress, signal } }) {
      const { store, server } = administration;
      const parts = { ...upstreamParts(server.config, signal), now: store.now, onProgress };
      return importFromUpstream(administration, body, parts);
    },
  }),
  route(['planSync', 'GET', '/sync/plan', 'read', topic], {
    summary: 'Show the questions of the next synchronisation, without a call to the upstream server',
    answer: z.looseObject({
      ...{ upstream: z.string(), continues: run.optional(), configSince: z.string().optional() },
      updates: z
        .looseObject({ since: z.string().optional(), changesOf: z.array(z.string()), allOf: z.array(z.string()) })
        .optional()
        .describe('None while no product or no classification is chosen'),
    }),
    handle: ({ administration }) => planSync(administration),
  }),
  route(['explainSync', 'GET', '/sync/products', 'read', topic], {
    summary: 'Show per product if it is chosen, and the updates of it that the catalog has',
    answer: wholeOf(z.looseObject({ id: z.string(), name: z.string(), isChosen: z.boolean() })),
    handle: async ({ administration }) => whole(await explainSync(administration)),
  }),
  route(['listSyncChoices', 'GET', '/sync/choices/{kind}', 'read', topic], {
    summary: 'List products, classifications or languages, and which of them are synchronised',
    pathSchema: z.object({ kind }),
    answer: wholeOf(choice),
    handle: async ({ administration, path }) => whole(await listChoices(administration, path.kind)),
  }),
  route(['changeSyncChoices', 'POST', '/sync/choices/{kind}', 'administer', topic], {
    summary: 'Choose what is synchronised. Updates that are here stay',
    pathSchema: z.object({ kind }),
    bodySchema: z.strictObject({ add: names, remove: names }),
    answer: z.looseObject({ added: z.array(z.looseObject({})), removed: z.array(z.looseObject({})) }),
    refusals: { 409: 'A name fits none or several. Nothing changes' },
    handle: ({ administration, path, body }) => changeChoices(administration, path.kind, body),
  }),
];

const mostRuns = 10_000;
