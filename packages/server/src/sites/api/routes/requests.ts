// Changes that wait for a second person.
import { isPartial } from '@moult/administration/accounts';
import { findRequest, listRequests, refuseRequest } from '@moult/administration/requests';
import { type ChangeRequest, pageOf as cutPage } from '@moult/store';
import * as z from 'zod';
import { ApiError } from '../errors.ts';
import { type Call, route } from '../route.ts';
import { id, listDocument, listQuery, pageOf, requestShape, someText } from '../shapes.ts';

const topic = 'Requests';
const pathSchema = z.object({ request: someText(64).describe('Id, or its beginning') });
const refusals = {
  404: 'The request is not there',
  409: 'It does not wait any more, you asked for it yourself, or the operation refuses it',
};

export function requestDocument({ input, target: _, ...request }: ChangeRequest): Record<string, unknown> {
  // Without parts that the call left out.
  return { ...request, input: JSON.parse(JSON.stringify(input)) as unknown };
}

/** An account that reaches some groups only sees what it asked for itself. */
function isSeen({ principal }: Call<unknown, unknown, unknown>, { accountId }: ChangeRequest): boolean {
  return principal !== undefined && (!isPartial(principal) || principal.account.accountId === accountId);
}

async function requireSeen(call: Call<{ request: string }, unknown, unknown>): Promise<ChangeRequest> {
  const found = await findRequest(call.administration.store, call.path.request);
  if (isSeen(call, found)) return found;
  throw new ApiError('API_NOT_FOUND', 'There is no such request.');
}

export const requestRoutes = [
  route(['listRequests', 'GET', '/requests', 'read', topic], {
    isForGroups: true,
    summary: 'List changes that wait for a second person, the newest first',
    isList: true,
    querySchema: listQuery({ all: z.boolean().optional().describe('Also those that ended') }),
    answer: pageOf(requestShape),
    refusals: { 409: 'The cursor is of another list' },
    async handle(call) {
      const { principal, query, administration } = call;
      const own = principal && isPartial(principal) ? principal.account.accountId : undefined;
      const found = await listRequests(administration, { all: query.all ?? false, accountId: own });
      return listDocument(cutPage('requests', found.map(requestDocument), query, ({ requestId }) => String(requestId)));
    },
  }),
  route(['showRequest', 'GET', '/requests/{request}', 'read', topic], {
    isForGroups: true,
    pathSchema,
    summary: 'Show a change that waits for a second person, or how it ended',
    answer: requestShape,
    refusals: { 404: 'The request is not there' },
    handle: async (call) => requestDocument(await requireSeen(call)),
  }),
  route(['confirmRequest', 'POST', '/requests/{request}/confirm', 'decide', topic], {
    pathSchema,
    isLong: true,
    summary: 'Confirm a change that another person asked for. It is made now, and the answer is that of its operation',
    answer: z.looseObject({ requestId: id, result: z.unknown().optional() }),
    refusals: { ...refusals, 412: 'What it changes is not as it was when it was asked for' },
    async handle(call) {
      const { requestId } = await requireSeen(call);
      return { requestId, result: await call.confirm(requestId, call.course) };
    },
  }),
  route(['refuseRequest', 'POST', '/requests/{request}/refuse', 'decide', topic], {
    pathSchema,
    summary: 'Refuse a change that waits for a second person. Who asked for it may do so too',
    answer: requestShape,
    refusals,
    async handle(call) {
      const { requestId } = await requireSeen(call);
      return requestDocument(await refuseRequest(call.administration, requestId));
    },
  }),
];
