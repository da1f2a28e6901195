// Operations on downstream servers and on the computers that they reported.
import { listDownstreamComputers, listDownstreamServers, removeDownstreamServer } from '@moult/administration';
import { pageOf as cutPage } from '@moult/store';
import * as z from 'zod';
import { route } from '../route.ts';
import { id, instant, listDocument, listQuery, pageOf, someText } from '../shapes.ts';

const server = z.looseObject({
  ...{ serverId: id, parentId: id.optional().describe('None: this server is above it'), name: z.string() },
  ...{ version: z.string(), isReplica: z.boolean(), firstSeen: instant, receivedAt: instant, rolledUpAt: instant },
  lastSync: instant.optional(),
  clockAheadMs: z.int().describe('Beyond a minute, its times are corrected by this'),
  ...{ computers: z.int(), needing: z.int(), failing: z.int() },
});
const computer = z.looseObject({
  ...{ computerId: z.string(), serverId: id, dnsName: z.string(), address: z.string() },
  ...{ needed: z.int(), failed: z.int(), lastSync: instant.optional(), lastStatus: instant.optional() },
});
const topic = 'Downstream servers';

export const downstreamRoutes = [
  route(['listDownstreamServers', 'GET', '/downstream/servers', 'read', topic], {
    isList: true,
    summary: 'List downstream servers, each after the one above it',
    querySchema: listQuery({}),
    answer: pageOf(server),
    refusals: { 409: 'The cursor is of another list' },
    handle: async ({ administration, query }) =>
      listDocument(
        cutPage('downstream', await listDownstreamServers(administration), query, ({ serverId }) => serverId),
      ),
  }),
  route(['listDownstreamComputers', 'GET', '/downstream/computers', 'read', topic], {
    isList: true,
    summary: 'List computers of downstream servers. Those of this server are another list',
    querySchema: listQuery({
      server: someText().optional().describe('Name or id of a downstream server'),
      ...{ isNeeding: z.boolean().optional(), isFailing: z.boolean().optional() },
    }),
    answer: pageOf(computer),
    refusals: { 404: 'The downstream server is not there', 409: 'The cursor is of another list' },
    handle: async ({ administration, query }) => listDocument(await listDownstreamComputers(administration, query)),
  }),
  route(['removeDownstreamServer', 'DELETE', '/downstream/servers/{server}', 'administer', topic], {
    pathSchema: z.object({ server: someText().describe('Name or id') }),
    summary: 'Forget a downstream server, those below it and their computers, until they report again',
    answer: server,
    refusals: { 404: 'The downstream server is not there' },
    handle: ({ administration, path }) => removeDownstreamServer(administration, path.server),
  }),
];
