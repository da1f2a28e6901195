// Operations that answer why: of a computer, of an update on it, of files that somebody sent in.
import { findComputer, findUpdate } from '@moult/administration';
import { isPartial } from '@moult/administration/accounts';
import { toUpdateId } from '@moult/catalog';
import type { DoctorReport } from '@moult/doctor/report';
import * as z from 'zod';
import { route } from '../route.ts';
import { id, someText } from '../shapes.ts';

const computer = someText().describe('Name, address or SusClientId');
const redact = z.boolean().optional().describe('Mask names, addresses and ids');
const finding = z.looseObject({ code: z.string() });

export const doctorReport = z.looseObject({
  ...{ verdict: z.enum(['healthy', 'findings', 'undecided']), findings: z.array(finding) },
});
const topic = 'Doctor';

/** As the caller wants it. */
export async function shownReport(report: DoctorReport, isRedacted: boolean | undefined): Promise<DoctorReport> {
  // The doctor is large, and few calls need it.
  return isRedacted ? (await import('@moult/doctor/report')).redactReport(report) : report;
}

export const explainRoutes = [
  route(['explainComputer', 'GET', '/computers/{computer}/findings', 'read', topic], {
    isForGroups: true,
    summary: 'Explain the state of a computer, from all that the server knows of it',
    pathSchema: z.object({ computer }),
    querySchema: z.strictObject({ redact }),
    answer: doctorReport,
    refusals: { 404: 'The computer is not there' },
    async handle({ administration: { store, author }, path, query }) {
      const found = await findComputer(store, path.computer);
      const { examineComputer } = await import('@moult/doctor/explain');
      // The place of the database is not for all who may read.
      const report = await examineComputer(store, found, 'database of the server', author.at);
      return shownReport(report, query.redact);
    },
  }),
  route(['explainUpdate', 'GET', '/computers/{computer}/updates/{update}', 'read', topic], {
    isForGroups: true,
    summary: 'Explain why a computer is offered an update, or is not',
    pathSchema: z.object({ computer, update: someText().describe('GUID, KB number, or title or a part of it') }),
    answer: z.looseObject({
      ...{ computer: z.string(), title: z.string().optional(), updateId: id.optional() },
      outcome: z.enum(['offered', 'cached', 'not-offered', 'undecided', 'withheld']),
      because: z.string(),
      questions: z.array(z.looseObject({ question: z.string(), answer: z.string(), says: z.string() })),
      ...{ undecided: z.int(), lastHeard: z.string().optional() },
    }),
    refusals: { 404: 'The computer or the update is not there' },
    async handle({ administration: { store, author }, catalog, path, principal }) {
      const found = await findComputer(store, path.computer);
      // An id may be one that the catalog does not have: then that is the answer.
      const updateId = toUpdateId(path.update.trim().replace(/[{}]/g, '').toLowerCase());
      const named = updateId ?? toUpdateId((await findUpdate(store, path.update)).updateId);
      if (named === undefined) throw new Error(`the store has an update without an id: ${path.update}`);
      const { explainUpdateFor } = await import('@moult/doctor/explain');
      const sources = { store, catalog: await catalog() };
      const isOfGroups = principal !== undefined && isPartial(principal);
      const reached = isOfGroups ? new Set((await store.loadGroups()).map(({ groupId }) => groupId)) : undefined;
      const tells = (groupId: string) => reached?.has(groupId) ?? true;
      return { ...(await explainUpdateFor(sources, found, named, author.at, { tells })), updateId: named };
    },
  }),
];
