// Reports about the whole fleet.
import {
  reportAgents,
  reportAges,
  reportCompliance,
  reportFailures,
  reportHistory,
  reportHours,
  reportNeeded,
  reportSilent,
  reportSystems,
} from '@moult/administration/fleet';
import { wordsOfCode } from '@moult/doctor/words';
import { type Severity, severities } from '@moult/store';
import * as z from 'zod';
import { route } from '../route.ts';
import { id, instant, listDocument, listQuery, pageOf, someText } from '../shapes.ts';

const topic = 'Reports';
const computers = z.int();

const inGroups = {
  group: z.array(someText()).max(50).optional().describe('Computers directly in one of these groups, by name or id'),
  below: z.boolean().optional().describe('Also in groups inside of them'),
};
const days = z.int().min(1).max(36_500).default(30).describe('Silent: no contact for so many days');
const refusals = { 404: 'A group is not there', 409: 'The cursor is of another list' };

type InGroups = { group?: string[] | undefined; below?: boolean | undefined };
const groupsOf = ({ group, below }: InGroups) => ({ groups: group, below });

export const fleetRoutes = [
  route(['reportCompliance', 'GET', '/reports/compliance', 'read', topic], {
    ...{ isForGroups: true, isList: true, refusals },
    summary: 'Count the computers of each group that are up to date, need updates, failed, or are silent',
    querySchema: listQuery({ ...inGroups, days }),
    answer: pageOf(
      z.looseObject({
        ...{ groupId: id, group: z.string(), computers, upToDate: z.int() },
        percent: z.number().optional().describe('Up to date, in percent of those that reported'),
        ...{ needing: z.int(), failing: z.int(), neverReported: z.int(), silent: z.int() },
      }),
    ),
    handle: async ({ administration, query }) =>
      listDocument(await reportCompliance(administration, { ...query, ...groupsOf(query) })),
  }),
  route(['reportHistory', 'GET', '/reports/history', 'read', topic], {
    ...{ isForGroups: true, isList: true, refusals },
    summary: 'Show how far groups were on each day, the oldest day first. Without a group: All Computers',
    querySchema: listQuery({
      ...inGroups,
      days: z.int().min(1).max(3660).default(90).describe('So many days, with today'),
    }),
    answer: pageOf(
      z.looseObject({
        ...{ day: z.iso.date().describe('In UTC'), groupId: id, group: z.string(), computers, upToDate: z.int() },
        percent: z.number().optional().describe('Up to date, in percent of those that reported'),
        ...{ needing: z.int(), failing: z.int(), neverReported: z.int(), silent: z.int() },
      }),
    ),
    handle: async ({ administration, query }) =>
      listDocument(await reportHistory(administration, { ...query, ...groupsOf(query) })),
  }),
  route(['reportNeeded', 'GET', '/reports/needed', 'read', topic], {
    isList: true,
    summary: 'List updates that computers need and that are neither approved nor declined, most needed first',
    querySchema: listQuery({
      ...{ classification: someText().optional(), product: someText().optional() },
      severity: z
        .array(z.enum(severities as [string, ...string[]]))
        .max(5)
        .optional(),
      since: z.iso.datetime({ offset: true }).optional().describe('Came into the catalog since then'),
    }),
    answer: pageOf(
      z.looseObject({
        ...{ updateId: id, title: z.string(), articles: z.array(z.string()), classification: z.string().optional() },
        ...{ severity: z.string(), needed: z.int(), failed: z.int(), isSuperseded: z.boolean(), importedAt: instant },
      }),
    ),
    refusals: { 404: 'A category is not there', 409: 'The cursor is of another list' },
    async handle({ administration, query: { severity, since, ...query } }) {
      const chosen = { severities: severity as Severity[] | undefined, since: since ? new Date(since) : undefined };
      return listDocument(await reportNeeded(administration, { ...query, ...chosen }));
    },
  }),
  route(['reportFailures', 'GET', '/reports/failed', 'read', topic], {
    ...{ isForGroups: true, isList: true, refusals },
    summary: 'Count failures by their code, with its meaning and what helps',
    querySchema: listQuery({
      ...inGroups,
      since: z.iso.datetime({ offset: true }).optional().describe('Reported since then. Without it: 30 days ago'),
    }),
    answer: pageOf(
      z.looseObject({
        ...{ code: z.string(), name: z.string().optional(), meaning: z.string() },
        finding: z.string().optional().describe('The finding of the doctor that explains it'),
        step: z.string().optional().describe('The first step that helps'),
        ...{ computers, updates: z.int(), failures: z.int(), lastAt: instant },
      }),
    ).extend({ isCut: z.boolean().describe('There are older failures than those that were counted') }),
    async handle({ administration, query }) {
      const since = query.since ? new Date(query.since) : new Date(administration.author.at.getTime() - monthMs);
      const { isCut, items, ...page } = await reportFailures(administration, { ...query, ...groupsOf(query), since });
      return { ...listDocument({ items: items.map((one) => ({ ...one, ...wordsOfCode(one.code) })), ...page }), isCut };
    },
  }),
  route(['reportSilent', 'GET', '/reports/silent', 'read', topic], {
    ...{ isForGroups: true, isList: true, refusals },
    summary: 'List computers without a contact for so many days, the longest silence first',
    querySchema: listQuery({ ...inGroups, days }),
    answer: pageOf(
      z.looseObject({
        ...{ computerId: id, dnsName: z.string(), address: z.string(), agentVersion: z.string().optional() },
        ...{ days: z.int(), lastContact: instant, lastReport: instant.optional(), groups: z.array(z.string()) },
      }),
    ),
    handle: async ({ administration, query: { group, below, days: silent, limit, cursor } }) =>
      listDocument(await reportSilent(administration, { groups: group, below, days: silent, limit, cursor })),
  }),
  route(['reportAges', 'GET', '/reports/ages', 'read', topic], {
    ...{ isForGroups: true, isList: true, refusals },
    summary: 'Count computers by the age of their last status report, and of their last contact',
    querySchema: listQuery(inGroups),
    answer: pageOf(
      z.looseObject({
        age: z.enum(['day', 'week', 'month', 'quarter', 'longer', 'never']).describe('Within it, and not before it'),
        ...{ reported: z.int(), seen: z.int() },
      }),
    ),
    handle: async ({ administration, query }) =>
      listDocument(await reportAges(administration, { ...query, ...groupsOf(query) })),
  }),
  route(['reportSystems', 'GET', '/reports/systems', 'read', topic], {
    ...{ isForGroups: true, isList: true, refusals },
    summary: 'Count computers by system: the feature releases of Windows',
    querySchema: listQuery(inGroups),
    answer: pageOf(z.looseObject({ system: z.string(), version: z.string(), computers })),
    handle: async ({ administration, query }) =>
      listDocument(await reportSystems(administration, { ...query, ...groupsOf(query) })),
  }),
  route(['reportAgents', 'GET', '/reports/agents', 'read', topic], {
    ...{ isForGroups: true, isList: true, refusals },
    summary: 'Count computers by generation and version of their agent',
    querySchema: listQuery(inGroups),
    answer: pageOf(z.looseObject({ generation: z.enum(['sus', 'wsus', 'unknown']), version: z.string(), computers })),
    handle: async ({ administration, query }) =>
      listDocument(await reportAgents(administration, { ...query, ...groupsOf(query) })),
  }),
  route(['reportHours', 'GET', '/reports/hours', 'read', topic], {
    ...{ isForGroups: true, isList: true, refusals },
    summary: 'Count computers by the hours on a day at which they are connected',
    querySchema: listQuery(inGroups),
    answer: pageOf(
      z.looseObject({
        from: z.int().describe('Hours on a day, from this number'),
        to: z.int().describe('To below this one'),
        computers,
      }),
    ).extend({ unknown: z.int().describe('Computers that were not here often enough') }),
    async handle({ administration, query }) {
      const { unknown, ...page } = await reportHours(administration, { ...query, ...groupsOf(query) });
      return { ...listDocument(page), unknown };
    },
  }),
];

const monthMs = 30 * 86_400_000;
