// Operations on known issues and the emergency stop.
import { addHold, liftHolds, liftStop, listHolds, showStop, stopAll } from '@moult/administration/holds';
import { pageOf as cutPage } from '@moult/store';
import * as z from 'zod';
import { route } from '../route.ts';
import { id, instant, listDocument, listQuery, pageOf, someText } from '../shapes.ts';

const effect = z.enum(['hold', 'advise']);
const machine = {
  ...{ buildFrom: someText(40).optional(), buildTo: someText(40).optional() },
  ...{ manufacturer: someText(1000).optional(), model: someText(1000).optional() },
};
const hold = z.looseObject({
  ...{ holdId: id, effect, says: z.string(), link: z.string().optional(), endsAt: instant.optional() },
  condition: z.looseObject({ articles: z.array(z.string()), updates: z.array(id) }),
  ...{ source: z.string().optional(), addedBy: z.string(), addedAt: instant },
});
const stop = z.looseObject({
  isStopped: z.boolean(),
  stop: z
    .looseObject({
      ...{ says: z.string(), until: instant, since: instant, by: z.string(), needsTwo: z.boolean() },
      liftedBy: z.string().optional().describe('The first of two persons'),
    })
    .optional(),
});
const topic = 'Holds';

export const holdRoutes = [
  route(['listHolds', 'GET', '/holds', 'read', topic], {
    isForGroups: true,
    isList: true,
    summary: 'List known issues that hold updates or advise against them',
    querySchema: listQuery({}),
    answer: pageOf(hold),
    refusals: { 409: 'The cursor is of another list' },
    handle: async ({ administration, query }) =>
      listDocument(cutPage('holds', await listHolds(administration), query, ({ holdId }) => holdId)),
  }),
  route(['addHold', 'POST', '/holds', 'decide', topic], {
    status: 201,
    summary: 'Keep updates from computers, or advise against them',
    bodySchema: z.strictObject({
      updates: z.array(someText()).min(1).max(500).describe('KB numbers, GUIDs or titles'),
      ...{ says: someText(1000), effect: effect.default('hold'), link: someText(1000).optional() },
      ...{ endsAt: z.iso.datetime().optional(), ...machine },
    }),
    answer: hold,
    refusals: { 404: 'An update is not there', 409: 'The hold cannot be, or there are too many' },
    async handle({ administration, body }) {
      const endsAt = body.endsAt === undefined ? undefined : new Date(body.endsAt);
      return addHold(administration, { ...body, endsAt });
    },
  }),
  route(['liftHold', 'DELETE', '/holds/{hold}', 'decide', topic], {
    twoPersons: ['approve'],
    pathSchema: z.object({ hold: someText().describe('Id, or its beginning') }),
    summary: 'End a hold. Its updates are offered again at the next check-in',
    answer: hold,
    refusals: { 404: 'The hold is not there' },
    async handle({ administration, path }) {
      const [lifted] = await liftHolds(administration, [path.hold]);
      return lifted;
    },
  }),
  route(['showStop', 'GET', '/stop', 'read', topic], {
    isForGroups: true,
    summary: 'Show whether everything is stopped, until when, and why',
    answer: stop,
    handle: async ({ administration }) => showStop(administration),
  }),
  route(['setStop', 'POST', '/stop', 'decide', topic], {
    summary: 'Stop everything: no computer installs or removes anything until the end',
    bodySchema: z.strictObject({
      ...{ says: someText(1000), until: z.iso.datetime() },
      needsTwo: z.boolean().default(false).describe('Two persons must lift it'),
    }),
    answer: stop,
    refusals: { 409: 'The end is over, or too far away' },
    handle: async ({ administration, body }) => stopAll(administration, { ...body, until: new Date(body.until) }),
  }),
  route(['liftStop', 'DELETE', '/stop', 'decide', topic], {
    summary: 'End the stop. One that needs two persons ends when a second one does so',
    answer: stop,
    refusals: { 409: 'Nothing is stopped, this person lifted it already, or the account was changed lately' },
    handle: async ({ administration, principal }) => liftStop(administration, principal),
  }),
];
