// Operations on rules for approvals, and why a group does not have an update.
import { findGroup, findUpdate } from '@moult/administration';
import {
  findRule,
  listRules,
  moveRule,
  type RuleRun,
  removeRule,
  runRules,
  saveRule,
  testRules,
} from '@moult/administration/rules';
import { explainUpdateInGroup } from '@moult/doctor/explain';
import * as z from 'zod';
import { type Call, route } from '../route.ts';
import { id, instant, someText, whole, wholeOf } from '../shapes.ts';

const topic = 'Rules';
const pathSchema = z.object({ rule: someText().describe('Name, id or place') });

const someNames = z.union([z.array(someText()), someText()]).optional();
/** As in YAML files. The rules themselves say what is possible. */
const bodySchema = z.strictObject({
  name: someText(),
  enabled: z.boolean().optional(),
  when: z.record(z.string(), z.unknown()).optional().describe('Conditions, as docs/rules.md lists them'),
  action: z.enum(['install', 'optional', 'detect-only', 'decline', 'hold']),
  groups: someNames.describe('Names or ids'),
  'delay-days': z.int().min(0).max(3650).optional(),
  deadline: z.strictObject({ days: z.int().min(0).max(3650), at: someText(5) }).optional(),
  'accept-licenses': z.array(id).optional(),
});

const rule = z.looseObject({ ruleId: id, place: z.int(), name: z.string(), action: z.string(), changedAt: instant });
const named = z.looseObject({ ruleId: id, name: z.string() });
const ran = z.looseObject({
  at: instant,
  changes: z.array(z.looseObject({ title: z.string() })),
  totals: z.looseObject({}),
});

async function current({ administration, path }: Call<{ rule: string }, unknown, unknown>) {
  return findRule(administration.store, path.rule);
}

async function within(
  {
    administration: { store, author, server },
    catalog,
  }: Pick<Call<unknown, unknown, unknown>, 'administration' | 'catalog'>,
  work: typeof runRules,
  at?: Date,
): Promise<RuleRun> {
  return work(store, { catalog: await catalog(), now: at ?? author.at, ownZone: server.config.timeZone });
}

export const ruleRoutes = [
  route(['listRules', 'GET', '/rules', 'read', topic], {
    summary: 'List the rules in the order in which Moult asks them',
    answer: wholeOf(rule),
    handle: async ({ administration }) => whole(await listRules(administration)),
  }),
  route(['showRule', 'GET', '/rules/{rule}', 'read', topic], {
    pathSchema,
    summary: 'Show a rule. The header ETag is for its removal',
    answer: named,
    refusals: { 404: 'The rule is not there' },
    current,
    handle: current,
  }),
  route(['saveRule', 'POST', '/rules', 'decide', topic], {
    twoPersons: ['rule', 'approve', 'decline'],
    status: 201,
    summary: 'Add a rule behind the others, or change the rule of this name in its place',
    bodySchema,
    answer: named,
    refusals: { 409: 'The rule names a group or a category that is not there, or is impossible' },
    async handle({ administration, body }) {
      const { ruleId, name } = await saveRule(administration, body);
      return { ruleId, name };
    },
  }),
  route(['moveRule', 'POST', '/rules/{rule}/place', 'decide', topic], {
    twoPersons: ['rule', 'approve', 'decline'],
    pathSchema,
    summary: 'Move a rule to another place. The first rule that matches decides',
    bodySchema: z.strictObject({ place: z.int().min(1).max(100_000) }),
    answer: named,
    refusals: { 404: 'The rule is not there' },
    async handle({ administration, path, body }) {
      const { ruleId, name } = await moveRule(administration, path.rule, body.place);
      return { ruleId, name };
    },
  }),
  route(['removeRule', 'DELETE', '/rules/{rule}', 'decide', topic], {
    twoPersons: ['rule', 'approve', 'decline'],
    pathSchema,
    summary: 'Remove a rule. Its approvals stay',
    answer: named,
    refusals: { 404: 'The rule is not there' },
    current,
    async handle({ administration, path }) {
      const { ruleId, name } = await removeRule(administration, path.rule);
      return { ruleId, name };
    },
  }),
  route(['testRules', 'GET', '/rule-runs/preview', 'read', topic], {
    summary: 'Show the changes of a run. Nothing is changed',
    querySchema: z.strictObject({ at: z.iso.datetime().optional().describe('As if it were then') }),
    answer: ran,
    handle: async (call) => within(call, testRules, call.query.at === undefined ? undefined : new Date(call.query.at)),
  }),
  route(['runRules', 'POST', '/rule-runs', 'decide', topic], {
    twoPersons: ['rule', 'approve', 'decline'],
    summary: 'Run all rules now',
    answer: ran,
    handle: async (call) => within(call, runRules),
  }),
  route(['explainGroup', 'GET', '/groups/{group}/updates/{update}', 'read', topic], {
    isForGroups: true,
    pathSchema: z.object({
      group: someText().describe('Name or id'),
      update: someText().describe('Id, KB number or title'),
    }),
    summary: 'Count the computers of a group by the reason for which they do not have an update',
    answer: z.looseObject({
      computers: z.int(),
      installed: z.int(),
      reasons: z.array(z.looseObject({ says: z.string() })),
    }),
    refusals: { 404: 'The group or the update is not there' },
    async handle({ administration: { store, author }, catalog, path }) {
      const group = await findGroup(store, path.group);
      return explainUpdateInGroup(
        { store, catalog: await catalog() },
        await findUpdate(store, path.update),
        group,
        author.at,
      );
    },
  }),
];
