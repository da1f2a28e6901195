// Operations on rings, and on updates on their way through them.
import {
  addPlan,
  changeWay,
  enterRings,
  listPlans,
  listRollouts,
  removePlan,
  showPlan,
  showRollout,
  type Wish,
} from '@moult/administration/rings';
import { pageOf as cutPage } from '@moult/store';
import * as z from 'zod';
import { type Call, route } from '../route.ts';
import { id, instant, listDocument, listQuery, pageOf, someText, whole, wholeOf } from '../shapes.ts';

const topic = 'Rings';
const ringsPath = z.object({ rings: someText().describe('Name or id') });
const updatePath = z.object({ update: someText().describe('Id, KB number or title') });

const percent = z.number().min(0).max(100).optional();
const hours = z.number().min(0).max(8760).optional();
/** docs/rings.md says what they do. */
const policy = z.strictObject({
  installed: z.int().min(0).max(1_000_000).optional().describe('Computers that must have it'),
  goodPercent: percent.describe('Percent of those that tried it which must be good'),
  hours: hours.describe('Hours that the ring is watched at least'),
  patienceHours: hours.describe('Hours after which a ring that is not good enough halts it'),
  failurePercent: percent.describe('Percent of failures that halt it'),
  usualFailurePercent: percent.describe('Percent of failures that any update has'),
  silencePercent: percent.describe('Percent of silent computers, beyond the control group, that halt it'),
  connectedHours: hours.describe('Hours that a computer must be connected to count'),
});

const shownPlan = z.looseObject({
  ...{ planId: id, name: z.string(), open: z.int().describe('Updates on their way') },
  rings: z.array(
    z.looseObject({
      name: z.string(),
      groups: z.array(z.looseObject({ groupId: id, name: z.string().optional() })),
      percent: z.number().optional().describe('Percent of all computers, in place of groups'),
      policy: z.looseObject({}),
    }),
  ),
});

const status = z.enum(['running', 'paused', 'halted', 'finished', 'rolledBack']);
/** How far something is, of an update or of an agent release. */
export const wayShape = {
  ...{ rolloutId: id, planId: id, rings: z.string(), status },
  ring: z.int().describe('The last ring that was reached, from 1'),
  ...{ ringName: z.string(), ringCount: z.int(), waitsFor: z.string().optional(), pausedUntil: instant.optional() },
  ...{ watchedHours: z.int(), startedAt: instant, reachedAt: z.array(instant) },
};
const listed = z.looseObject({ updateId: id, title: z.string(), ...wayShape });
const counts = z.looseObject({ offered: z.int(), proven: z.int(), failed: z.int(), silent: z.int() });
export const evidenceShape = z.looseObject({
  ...{ members: z.int(), ring: counts, reached: counts, control: z.looseObject({}) },
});
const shown = z.looseObject({ ...listed.shape, evidence: evidenceShape });

const notThere = { 404: 'The update is not there, or is not in rings' };
const notNow = { ...notThere, 409: 'The state of the update does not allow it' };

type OnItsWay = Call<{ update: string }, unknown, unknown>;
const wished =
  (wish: Wish) =>
  async ({ administration, path }: OnItsWay) =>
    changeWay(administration, path.update, wish);

async function current({ administration, path }: Call<{ rings: string }, unknown, unknown>) {
  // Updates come and go in them: that changes no rings.
  const { open: _, ...plan } = await showPlan(administration, path.rings);
  return plan;
}

export const ringRoutes = [
  route(['listRings', 'GET', '/rings', 'read', topic], {
    summary: 'List rings, by name',
    answer: wholeOf(shownPlan),
    handle: async ({ administration }) => whole(await listPlans(administration)),
  }),
  route(['showRings', 'GET', '/rings/{rings}', 'read', topic], {
    pathSchema: ringsPath,
    summary: 'Show rings with their groups. The header ETag is for their removal',
    answer: shownPlan,
    refusals: { 404: 'The rings are not there' },
    current,
    handle: async ({ administration, path }) => showPlan(administration, path.rings),
  }),
  route(['addRings', 'POST', '/rings', 'decide', topic], {
    twoPersons: ['ring', 'approve'],
    status: 201,
    summary: 'Make rings, in their order',
    bodySchema: z.strictObject({
      name: someText(),
      rings: z
        .array(
          z.strictObject({
            name: someText(),
            groups: z.array(someText()).max(1000).optional().describe('Names or ids'),
            percent: z.number().positive().max(100).optional().describe('Percent of all computers, in place of groups'),
            policy: policy.optional(),
          }),
        )
        .min(1)
        .max(20),
    }),
    answer: shownPlan,
    refusals: { 404: 'A group is not there', 409: 'The rings cannot be, or the name is taken' },
    async handle({ administration, body }) {
      const plan = await addPlan(administration, body.name, body.rings);
      return showPlan(administration, plan.planId);
    },
  }),
  route(['removeRings', 'DELETE', '/rings/{rings}', 'decide', topic], {
    pathSchema: ringsPath,
    summary: 'Forget rings. Their approvals stay',
    answer: z.looseObject({ planId: id, name: z.string() }),
    refusals: { 404: 'The rings are not there', 409: 'An update is on its way through them' },
    current,
    handle: async ({ administration, path }) => removePlan(administration, path.rings),
  }),
  route(['listRollouts', 'GET', '/rollouts', 'read', topic], {
    isList: true,
    summary: 'List updates that went into rings, and how far they are',
    querySchema: listQuery({ rings: someText().optional().describe('Name or id of rings'), status: status.optional() }),
    answer: pageOf(listed),
    refusals: { 409: 'The cursor is of another list' },
    async handle({ administration, query }) {
      const wanted = query.rings?.trim().toLowerCase();
      const all = (await listRollouts(administration)).filter(
        (one) =>
          (wanted === undefined || one.planId === wanted || one.rings.toLowerCase() === wanted) &&
          (query.status === undefined || one.status === query.status),
      );
      return listDocument(cutPage('rollouts', all, query, ({ rolloutId }) => rolloutId));
    },
  }),
  route(['enterRings', 'POST', '/rollouts', 'decide', topic], {
    twoPersons: ['ring', 'approve'],
    status: 201,
    summary: 'Let an update begin its way: it is approved for the first ring',
    bodySchema: z.strictObject({
      rings: someText().describe('Name or id'),
      update: someText().describe('Id, KB number or title'),
    }),
    answer: shown,
    refusals: { 404: 'The rings or the update are not there', 409: 'The update cannot enter rings' },
    handle: async ({ administration, body }) => enterRings(administration, body.rings, body.update),
  }),
  route(['showRollout', 'GET', '/rollouts/{update}', 'read', topic], {
    pathSchema: updatePath,
    summary: 'Show how far an update is, with what its computers showed',
    answer: shown,
    refusals: notThere,
    handle: async ({ administration, path }) => showRollout(administration, path.update),
  }),
  route(['pauseRollout', 'POST', '/rollouts/{update}/pause', 'decide', topic], {
    pathSchema: updatePath,
    summary: 'Keep an update from going on',
    bodySchema: z.strictObject({ until: z.iso.datetime().optional().describe('The pause ends by itself then') }),
    answer: shown,
    refusals: notNow,
    async handle({ administration, path, body }) {
      const until = body.until === undefined ? undefined : new Date(body.until);
      return changeWay(administration, path.update, { action: 'pause', until });
    },
  }),
  route(['resumeRollout', 'POST', '/rollouts/{update}/resume', 'decide', topic], {
    twoPersons: ['ring', 'approve'],
    pathSchema: updatePath,
    summary: 'Let an update go on after a pause or a halt',
    answer: shown,
    refusals: notNow,
    handle: wished({ action: 'resume' }),
  }),
  route(['skipRing', 'POST', '/rollouts/{update}/skip', 'decide', topic], {
    twoPersons: ['ring', 'approve'],
    pathSchema: updatePath,
    summary: 'Let an update go on to the next ring now',
    answer: shown,
    refusals: notNow,
    handle: wished({ action: 'skip' }),
  }),
  route(['rollBackRollout', 'POST', '/rollouts/{update}/roll-back', 'decide', topic], {
    twoPersons: ['ring', 'approve'],
    pathSchema: updatePath,
    summary: 'Offer an update no more, and remove it where that is possible',
    answer: shown,
    refusals: notNow,
    handle: wished({ action: 'rollBack' }),
  }),
];
