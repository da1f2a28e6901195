// Operations on agent releases that go through rings.
import { changeReleaseWay, enterRelease, listReleases, showRelease, type Wish } from '@moult/administration/rings';
import { pageOf as cutPage } from '@moult/store';
import * as z from 'zod';
import { type Call, route } from '../route.ts';
import { listDocument, listQuery, pageOf, someText } from '../shapes.ts';
import { evidenceShape, wayShape } from './rings.ts';

const topic = 'Agent releases';
const versionPath = z.object({ version: someText(64).describe('As 7.9.0.2, or 1:7.9.0.2 for epoch 1') });
const listed = z.looseObject({ release: z.string(), ...wayShape });
const shown = z.looseObject({ ...listed.shape, evidence: evidenceShape });
const notNow = { 404: 'The release is not in rings', 409: 'The state of the release does not allow it' };
const notThere = { 404: 'The release is not in rings' };

export const releaseRingRoutes = [
  route(['listReleaseRollouts', 'GET', '/releases/rollouts', 'read', topic], {
    isList: true,
    summary: 'List agent releases that went into rings, and how far they are',
    querySchema: listQuery({}),
    answer: pageOf(listed),
    refusals: { 409: 'The cursor is of another list' },
    async handle({ administration, query }) {
      const all = await listReleases(administration);
      return listDocument(cutPage('release-rollouts', all, query, ({ rolloutId }) => rolloutId));
    },
  }),
  route(['enterReleaseRings', 'POST', '/releases/rollouts', 'administer', topic], {
    twoPersons: ['release'],
    status: 201,
    summary: 'Let an agent release begin its way: computers of the first ring get it, all others keep theirs',
    bodySchema: z.strictObject({
      rings: someText().describe('Name or id'),
      version: someText(64).describe('A release that waits, or that is listed'),
    }),
    answer: shown,
    refusals: { 404: 'The rings or the release are not there', 409: 'The release cannot enter rings' },
    async handle({ administration, tree, body }) {
      const door = tree.openReleaseDoor(administration.server.dataDir);
      return enterRelease(administration, door, body.rings, body.version);
    },
  }),
  route(['showReleaseRollout', 'GET', '/releases/rollouts/{version}', 'read', topic], {
    pathSchema: versionPath,
    summary: 'Show how far an agent release is, with what its computers showed',
    answer: shown,
    refusals: notThere,
    async handle({ administration, tree, path }) {
      return showRelease(administration, tree.openReleaseDoor(administration.server.dataDir), path.version);
    },
  }),
  route(['holdReleaseRollout', 'POST', '/releases/rollouts/{version}/hold', 'administer', topic], {
    pathSchema: versionPath,
    summary: 'Pause an agent release, or recall it: computers that have it go back to the one before',
    bodySchema: z.strictObject({
      action: z.enum(['pause', 'rollBack']),
      until: z.iso.datetime().optional().describe('A pause ends by itself then'),
    }),
    answer: shown,
    refusals: notNow,
    async handle(call) {
      const { action, until } = call.body;
      if (action === 'rollBack') return changeWay(call, { action });
      return changeWay(call, { action, until: until === undefined ? undefined : new Date(until) });
    },
  }),
  route(['advanceReleaseRollout', 'POST', '/releases/rollouts/{version}/advance', 'administer', topic], {
    twoPersons: ['release'],
    pathSchema: versionPath,
    summary: 'Let an agent release go on after a pause or a halt, or go on to the next ring now',
    bodySchema: z.strictObject({ action: z.enum(['resume', 'skip']) }),
    answer: shown,
    refusals: notNow,
    handle: async (call) => changeWay(call, { action: call.body.action }),
  }),
];

function changeWay({ administration, tree, path }: Call<{ version: string }, unknown, unknown>, wish: Wish) {
  return changeReleaseWay(administration, tree.openReleaseDoor(administration.server.dataDir), path.version, wish);
}
