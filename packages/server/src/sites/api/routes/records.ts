// Routes for records (audit, events, synchronisations) and for the state of the server.
import {
  listAudit,
  listContent,
  listIdentityChanges,
  listReports,
  listStatusPings,
  readStatus,
} from '@moult/administration';
import { describeReport } from '@moult/protocol/reporting';
import { readNotedHead } from '@moult/store/data-dir';
import * as z from 'zod';
import { ApiError } from '../errors.ts';
import { isToldPlaces, noticesFor } from '../places.ts';
import { route } from '../route.ts';
import { instant, listDocument, listQuery, pageOf, someText } from '../shapes.ts';

const topic = 'Records';
const computer = someText().optional().describe('Name, address or SusClientId');
const span = {
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
};
const refusals = { 404: 'A computer, group or update is not there', 409: 'The cursor is of another list' };

const report = z.looseObject({
  eventId: z.int(),
  receivedAt: instant,
  timeAtTarget: instant,
  computerId: z.string(),
  dnsName: z.string(),
  eventNumber: z.int(),
  win32HResult: z.int(),
  updateId: z.string().optional(),
  updateTitle: z.string(),
  appName: z.string(),
  replacementStrings: z.array(z.string()),
  kind: z.enum(['scan', 'download', 'install', 'other']).describe('By the number of the event'),
  outcome: z.enum(['succeeded', 'failed', 'pending', 'information']),
});

const ping = z.looseObject({
  eventId: z.int(),
  receivedAt: instant,
  occurredAt: instant,
  computerId: z.string().optional(),
  dnsName: z.string(),
  address: z.string(),
  component: z.string(),
  activity: z.string(),
  status: z.string(),
  resultCode: z.string(),
  message: z.string(),
});

const identityChange = z.looseObject({
  computerId: z.string(),
  dnsName: z.string(),
  at: instant,
  aspect: z.string(),
  before: z.string(),
  after: z.string(),
});

const auditRecord = z.looseObject({
  auditId: z.int(),
  at: instant,
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  subjectName: z.string(),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
});

const contentFile = z.looseObject({
  sha1: z.string(),
  fileName: z.string().optional(),
  sizeBytes: z.int(),
  state: z.enum(['present', 'missing', 'damaged']),
  isApproved: z.boolean(),
});

function withMeaning<Item extends { eventNumber: number; win32HResult: number }>(item: Item) {
  const { kind, outcome } = describeReport(item.eventNumber, item.win32HResult);
  return { ...item, kind, outcome };
}

/** Times as rules want them. */
function times({ since, until }: { since?: string | undefined; until?: string | undefined }) {
  return {
    since: since === undefined ? undefined : new Date(since),
    until: until === undefined ? undefined : new Date(until),
  };
}

export const recordRoutes = [
  route(['readStatus', 'GET', '/status', 'read', 'Server'], {
    summary: 'Show the state of the server, its computers and its limits. Its folders are for those who administer it',
    answer: z.looseObject({ version: z.string(), engine: z.string(), computers: z.looseObject({ total: z.int() }) }),
    async handle({ administration, principal, running }) {
      const { server, notices } = running();
      const { version, dataDir, engine, ...figures } = await readStatus(administration);
      const told = noticesFor(principal, notices, administration.server);
      if (isToldPlaces(principal)) return { version, dataDir, engine, server, ...figures, notices: told };
      const disks = figures.disks.map(({ folder: _, ...disk }) => disk);
      return { version, engine, server, ...figures, disks, notices: told };
    },
  }),
  route(['followChanges', 'GET', '/live', 'read', 'Server'], {
    isForGroups: true,
    summary:
      'Follow changes: a stream of server-sent events. The event change names the topics whose lists changed, the event job a job of the account',
    isStream: true,
    answer: z.string(),
    async handle({ openLive }) {
      if (!openLive())
        throw new ApiError('API_BUSY', 'Too many live streams are open. Read the lists now and then instead.', {
          headers: { 'retry-after': '30' },
        });
    },
  }),
  route(['readHome', 'GET', '/home', 'read', 'Server'], {
    summary:
      'Show what the home page shows, with names: self-update by port, computers that need somebody, the newest events',
    answer: z.looseObject({ generatedAt: instant, computers: z.looseObject({ total: z.int() }) }),
    async handle({ administration, principal, home }) {
      const document = await home();
      return { ...document, notices: noticesFor(principal, document.notices, administration.server) };
    },
  }),
  route(['listReports', 'GET', '/events/reports', 'read', topic], {
    isForGroups: true,
    isList: true,
    refusals,
    summary: 'List reports of computers, newest first',
    querySchema: listQuery({
      ...{ computer, update: someText().optional(), failed: z.boolean().optional(), ...span },
      event: z.int().min(0).max(65_535).optional().describe('Only reports with this number'),
    }),
    answer: pageOf(report),
    async handle({ administration, query: { failed, event, ...query } }) {
      const filter = { ...query, ...times(query), isFailed: failed, eventNumber: event };
      const { items, ...page } = await listReports(administration, filter);
      return listDocument({ items: items.map(withMeaning), ...page });
    },
  }),
  route(['listPings', 'GET', '/events/self-update', 'read', topic], {
    isForGroups: true,
    isList: true,
    refusals,
    summary: 'List what agents say about their own update, newest first',
    querySchema: listQuery({ computer, failed: z.boolean().optional(), ...span }),
    answer: pageOf(ping),
    async handle({ administration, query: { failed, ...query } }) {
      return listDocument(await listStatusPings(administration, { ...query, ...times(query), isFailed: failed }));
    },
  }),
  route(['listIdentityChanges', 'GET', '/events/identity', 'read', topic], {
    isForGroups: true,
    isList: true,
    summary: 'List computers that changed their name, hardware or system, newest first',
    querySchema: listQuery({ computer }),
    answer: pageOf(identityChange),
    refusals,
    handle: async ({ administration, query }) => listDocument(await listIdentityChanges(administration, query)),
  }),
  route(['listAudit', 'GET', '/audit', 'audit', topic], {
    isList: true,
    refusals,
    summary: 'List changes by administrators, newest first',
    querySchema: listQuery({
      ...{ computer, update: someText().optional(), group: someText().optional(), ...span },
      actor: someText().optional().describe('Only changes by this person'),
      action: someText(64).optional().describe('A part of what was done, for example approve'),
    }),
    answer: pageOf(auditRecord),
    handle: async ({ administration, query }) =>
      listDocument(await listAudit(administration, { ...query, ...times(query) })),
  }),
  route(['verifyAudit', 'POST', '/audit/verify', 'audit', topic], {
    summary: 'Read the chain of audit records, and name the first record that was changed',
    bodySchema: z.strictObject({}),
    answer: z.looseObject({
      ...{ intact: z.boolean(), records: z.int(), head: z.looseObject({ records: z.int(), digest: z.string() }) },
      noted: z.looseObject({ records: z.int() }).optional().describe('Of the head file in the data directory'),
      broken: z.looseObject({ reason: z.string() }).optional(),
    }),
    isLong: true,
    async handle({ administration: { store, server } }) {
      const noted = readNotedHead(server.dataDir, (await store.loadSetting('server-id')) ?? '');
      const { isIntact, records, head, broken } = await store.checkAudit(noted);
      return { intact: isIntact, records, head, noted, broken };
    },
  }),
  route(['listContent', 'GET', '/content', 'read', 'Server'], {
    isList: true,
    summary: 'List files of approved updates and whether they are on the server',
    querySchema: listQuery({
      all: z.boolean().optional().describe('Of every update'),
      state: z.enum(['present', 'missing', 'damaged']).optional(),
    }),
    answer: pageOf(contentFile),
    refusals: { 409: 'The cursor is of another list' },
    async handle({ administration, query }) {
      const { present, missing, damaged, ...page } = await listContent(administration, query);
      return { ...listDocument(page), present, missing, damaged };
    },
  }),
];
