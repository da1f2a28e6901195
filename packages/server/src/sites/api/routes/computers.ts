// Operations on computers.
import { listClones, listComputers, removeComputers, setMemberships, showComputer } from '@moult/administration';
import { stateOfComputer } from '@moult/administration/requests';
import { computerSorts } from '@moult/store';
import * as z from 'zod';
import { Reply, route } from '../route.ts';
import { id, instant, listDocument, listQuery, order, pageOf, someText, stateName } from '../shapes.ts';

const computer = z.looseObject({
  computerId: id,
  dnsName: z.string(),
  address: z.string(),
  agentGeneration: z.string().optional(),
  agentVersion: z.string().optional(),
  osName: z.string().optional(),
  lastContact: instant,
  lastSync: instant.optional(),
  lastReport: instant.optional(),
  groups: z.array(z.string()),
  requestedGroups: z.array(z.string()),
  needed: z.int(),
  failed: z.int(),
  state: stateName.optional().describe('Of the update in the query'),
  stateSince: instant.optional(),
});

const topic = 'Computers';
const named = { computer: someText().describe('Name, address or SusClientId') };

export const computerRoutes = [
  route(['listComputers', 'GET', '/computers', 'read', topic], {
    isForGroups: true,
    isList: true,
    summary: 'List computers',
    querySchema: listQuery({
      search: someText().optional().describe('A part of the name or address'),
      group: z.array(someText()).max(50).optional().describe('Directly in one of these groups, by name or id'),
      below: z.boolean().optional().describe('Also in groups inside of them'),
      agent: someText(64).optional().describe('sus, wsus, unknown, or how a version begins'),
      system: someText().optional().describe('A part of the name of the system'),
      needed: z.boolean().optional().describe('It needs an update or waits for a restart'),
      failed: z.boolean().optional().describe('An update failed on it'),
      silentDays: z.int().min(1).max(36_500).optional().describe('No contact for so many days'),
      update: someText().optional().describe('Shows the state of this update: GUID, KB number or title'),
      state: z.array(stateName).max(7).optional().describe('Only these states of the update'),
      sort: z.enum(computerSorts as [string, ...string[]]).default('name'),
      order,
    }),
    answer: pageOf(computer),
    refusals: { 404: 'A group or an update is not there', 409: 'The cursor is of another list' },
    async handle({ administration, query }) {
      const { group, needed, failed, state, sort, order: direction, format: _, ...rest } = query;
      return listDocument(
        await listComputers(administration, {
          ...{ ...rest, groups: group, isNeeding: needed, isFailing: failed, states: state },
          ...{ sort: sort as (typeof computerSorts)[number], isDescending: direction === 'desc' },
        }),
      );
    },
  }),
  route(['showComputer', 'GET', '/computers/{computer}', 'read', topic], {
    isForGroups: true,
    summary: 'Show a computer with the states of its updates',
    pathSchema: z.object(named),
    querySchema: z.strictObject({ state: z.array(stateName).max(7).optional() }),
    answer: z.looseObject({ computerId: id, dnsName: z.string(), address: z.string() }),
    refusals: { 404: 'The computer is not there' },
    async handle({ administration, path, query }) {
      const { updates, ...found } = await showComputer(administration, path.computer, { states: query.state });
      return { ...found, updates: listDocument(updates) };
    },
  }),
  route(['removeComputer', 'DELETE', '/computers/{computer}', 'administer', topic], {
    twoPersons: ['remove'],
    target: ({ administration, path }) => stateOfComputer(administration.store, path.computer),
    isForGroups: true,
    summary: 'Remove a computer with its names, events and pings. It returns with its next contact',
    pathSchema: z.object(named),
    answer: z.looseObject({ computerId: id, dnsName: z.string(), events: z.int() }),
    refusals: { 404: 'The computer is not there' },
    async handle({ administration, path }) {
      const [removed] = await removeComputers(administration, [path.computer]);
      return removed;
    },
  }),
  ...(['PUT', 'DELETE'] as const).map((method) =>
    route(
      [
        method === 'PUT' ? 'addToGroup' : 'removeFromGroup',
        method,
        '/groups/{group}/computers/{computer}',
        'administer',
        topic,
      ],
      {
        isForGroups: true,
        summary: method === 'PUT' ? 'Put a computer into a group' : 'Take a computer out of a group',
        pathSchema: z.object({ ...named, group: someText().describe('Name or id') }),
        answer: z.looseObject({ computerId: id, groupId: id, isMember: z.boolean() }),
        refusals: {
          404: 'The computer or the group is not there',
          409: 'The policy of the computers names their groups',
        },
        async handle({ administration, path }) {
          const change = { computers: [path.computer], group: path.group, isMember: method === 'PUT' };
          const [done] = await setMemberships(administration, change);
          return new Reply(done, {});
        },
      },
    ),
  ),
  route(['listClones', 'GET', '/clones', 'read', topic], {
    isList: true,
    summary: 'List identities that several computers share',
    querySchema: listQuery({ days: z.int().min(1).max(36_500).default(30) }),
    answer: pageOf(z.looseObject({ computerId: id })),
    refusals: { 409: 'The cursor is of another list' },
    handle: async ({ administration, query }) => listDocument(await listClones(administration, query)),
  }),
];
