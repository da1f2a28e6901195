// Operations on groups.
import { addGroup, listGroups, removeGroups, renameGroup, setTimeZone } from '@moult/administration';
import * as z from 'zod';
import { type Call, route } from '../route.ts';
import { id, listDocument, listQuery, pageOf, someText } from '../shapes.ts';

const group = z.looseObject({ groupId: id, name: z.string(), parentId: id.optional() });
const topic = 'Groups';
const pathSchema = z.object({ group: someText().describe('Name or id') });

/** The ETag of a group covers the group, and not the number of computers in it. */
async function current({ administration: { store }, path }: Call<{ group: string }, unknown, unknown>) {
  return store.requireGroup(path.group);
}

export const groupRoutes = [
  route(['listGroups', 'GET', '/groups', 'read', topic], {
    isForGroups: true,
    isList: true,
    summary: 'List groups with the number of their own computers',
    querySchema: listQuery({ search: someText().optional().describe('A part of the name') }),
    answer: pageOf(group.extend({ computers: z.int() })),
    refusals: { 409: 'The cursor is of another list' },
    handle: async ({ administration, query }) => listDocument(await listGroups(administration, query)),
  }),
  route(['showGroup', 'GET', '/groups/{group}', 'read', topic], {
    isForGroups: true,
    pathSchema,
    summary: 'Show a group. The header ETag is for a change of it',
    answer: group,
    refusals: { 404: 'The group is not there' },
    current,
    handle: current,
  }),
  route(['addGroup', 'POST', '/groups', 'administer', topic], {
    status: 201,
    summary: 'Make a group',
    bodySchema: z.strictObject({ name: someText(), parent: someText().optional().describe('Name or id') }),
    answer: group,
    refusals: { 404: 'The parent is not there', 409: 'The name is taken or cannot be used' },
    handle: async ({ administration, body }) => addGroup(administration, body.name, body.parent),
  }),
  route(['renameGroup', 'PATCH', '/groups/{group}', 'administer', topic], {
    pathSchema,
    summary: 'Rename a group. Its approvals stay',
    bodySchema: z.strictObject({ name: someText() }),
    answer: group,
    refusals: { 404: 'The group is not there', 409: 'The name is taken or cannot be used' },
    current,
    handle: async ({ administration, path, body }) => renameGroup(administration, path.group, body.name),
  }),
  route(['setGroupZone', 'PUT', '/groups/{group}/time-zone', 'administer', topic], {
    pathSchema,
    summary: 'Set the time zone of the computers of a group, for times of day. null: that of its parent group',
    bodySchema: z.strictObject({ timeZone: someText(64).nullable().describe('As Europe/Berlin') }),
    answer: group,
    refusals: { 404: 'The group is not there', 409: 'The time zone is unknown' },
    handle: ({ administration, path, body }) => setTimeZone(administration, path.group, body.timeZone ?? undefined),
  }),
  route(['removeGroup', 'DELETE', '/groups/{group}', 'administer', topic], {
    twoPersons: ['remove'],
    pathSchema,
    summary: 'Remove a group. Its computers return to Unassigned Computers',
    answer: group,
    refusals: { 404: 'The group is not there', 409: 'The group is built in, or holds groups' },
    current,
    async handle({ administration, path }) {
      const [removed] = await removeGroups(administration, [path.group]);
      return removed;
    },
  }),
];
