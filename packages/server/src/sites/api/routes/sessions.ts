// Log on, log off, and the sessions that are open. The set-up link makes the first account.
import { addFirstAccount, digestOfSecret, newSecret } from '@moult/administration/accounts';
import type { Account } from '@moult/store';
import * as z from 'zod';
import { apiBounds } from '../../../bounds.ts';
import { ApiError } from '../errors.ts';
import { type Call, Reply, route } from '../route.ts';
import { sessionCookie } from '../session-cookie.ts';
import { id, instant, role, someText } from '../shapes.ts';

const topic = 'Sessions';
const session = z.looseObject({
  sessionId: id,
  accountId: id,
  account: z.string(),
  openedAt: instant,
  usedAt: instant,
  address: z.string(),
  userAgent: z.string(),
});
const password = z.string().min(1).max(1024);
export const loggedOn = z.looseObject({ account: z.string(), role });

/** The session of the call itself, when it has one. */
function ownSession({ principal }: Call<unknown, unknown, unknown>): string | undefined {
  return principal?.by.kind === 'session' ? principal.by.sessionId : undefined;
}

/** Opens a session of the account: the answer of a log-on. */
export async function openSessionFor(
  { administration: { store, author }, visitor }: Call<unknown, unknown, unknown>,
  { accountId, name, role: own }: Account,
): Promise<Reply> {
  const secret = newSecret();
  const { address, userAgent, isSecure } = visitor;
  const opened = { secretHash: digestOfSecret(secret), accountId, address, userAgent };
  await store.openSession(opened, {
    author: { name: `${name} (${address})`, at: author.at },
    most: apiBounds.maxSessions,
  });
  return new Reply({ account: name, role: own }, { 'set-cookie': sessionCookie(secret, isSecure) });
}

export const sessionRoutes = [
  route(['logOn', 'POST', '/session', 'anyone', topic], {
    summary: 'Log on with name and password. The answer sets the cookie of a session',
    bodySchema: z.strictObject({ name: someText(64), password }),
    answer: loggedOn,
    isSecret: true,
    refusals: { 401: 'The name or the password is wrong', 429: 'Too many log-ons failed from this address' },
    async handle(call) {
      const { logOns, visitor, body } = call;
      return openSessionFor(call, await logOns.check({ ...body, address: visitor.address }));
    },
  }),
  route(['logOff', 'DELETE', '/session', 'read', topic], {
    isForGroups: true,
    summary: 'Log off: end the session of this call',
    refusals: { 409: 'The call has a token, and not a session' },
    async handle(call) {
      const sessionId = ownSession(call);
      if (sessionId === undefined) throw new ApiError('API_CONFLICT', 'A token has no session. Revoke it to end it.');
      await call.administration.store.endSession(sessionId, call.administration.author);
      return new Reply(undefined, { 'set-cookie': sessionCookie(undefined, call.visitor.isSecure) });
    },
  }),
  route(['listSessions', 'GET', '/sessions', 'audit', topic], {
    summary: 'List open sessions of all accounts',
    answer: z.looseObject({ items: z.array(session), total: z.int(), next: z.null() }),
    async handle({ administration: { store } }) {
      const items = await store.listSessions();
      return { items, total: items.length, next: null };
    },
  }),
  route(['endSession', 'DELETE', '/sessions/{session}', 'administer', topic], {
    summary: 'End a session',
    pathSchema: z.object({ session: id }),
    refusals: { 404: 'The session is not there' },
    async handle({ administration: { store, author }, path }) {
      if (!(await store.endSession(path.session, author)))
        throw new ApiError('API_NOT_FOUND', 'There is no such session.');
    },
  }),
  route(['setUp', 'POST', '/set-up', 'anyone', topic], {
    summary: 'Make the first account, an administrator, by the set-up link that the first start prints',
    bodySchema: z.strictObject({ secret: someText(128), name: someText(64), password }),
    answer: loggedOn,
    isSecret: true,
    status: 201,
    refusals: {
      409: 'The link is used or ended',
      422: 'The name or the password cannot be used',
      429: 'Too many attempts',
    },
    async handle({ administration, logOns, visitor, body }) {
      const author = { ...administration.author, name: `set-up link (${visitor.address})` };
      const account = await logOns.once(visitor.address, () => addFirstAccount({ ...administration, author }, body));
      return { account: account.name, role: account.role };
    },
  }),
];
