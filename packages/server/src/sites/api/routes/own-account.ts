// The own account, for everybody: see it, change its password, end its sessions and revoke its tokens.
import { changeOwnPassword, digestOfSecret, newSecret } from '@moult/administration/accounts';
import * as z from 'zod';
import { apiBounds } from '../../../bounds.ts';
import { ApiError } from '../errors.ts';
import { type Call, Reply, route } from '../route.ts';
import { sessionCookie } from '../session-cookie.ts';
import { id, instant, role } from '../shapes.ts';

const topic = 'My account';
const password = z.string().min(1).max(1024);

const ownAccount = z.looseObject({
  ...{ account: z.string(), role, hasPassword: z.boolean(), loggedOnAt: instant.optional() },
  sessions: z.array(
    z.looseObject({
      ...{ sessionId: id, openedAt: instant, usedAt: instant, address: z.string(), userAgent: z.string() },
      isThis: z.boolean().describe('The session of this call'),
    }),
  ),
  tokens: z.array(
    z.looseObject({
      ...{ tokenId: id, name: z.string(), role, expiresAt: instant },
      ...{ usedAt: instant.optional(), revokedAt: instant.optional() },
    }),
  ),
});

type OwnCall = Pick<Call<unknown, unknown, unknown>, 'principal'>;

function principalOf({ principal }: OwnCall) {
  if (principal) return principal;
  throw new ApiError('API_UNAUTHENTICATED', 'Log on, or send a token.');
}

function ownSessionOf(call: OwnCall): string | undefined {
  const { by } = principalOf(call);
  return by.kind === 'session' ? by.sessionId : undefined;
}

/** All are of the caller. */
function withoutAccount<Own extends { account: string; accountId: string }>({
  account: _,
  accountId: __,
  ...own
}: Own) {
  return own;
}

export const ownAccountRoutes = [
  route(['showOwnAccount', 'GET', '/account', 'read', topic], {
    isForGroups: true,
    summary: 'Show the account of the caller, with its sessions and tokens',
    answer: ownAccount,
    async handle(call) {
      const { accountId } = principalOf(call).account;
      const { account, sessions, tokens } = await call.accounts.load(accountId);
      const { name, hasPassword, loggedOnAt } = account;
      const own = ownSessionOf(call);
      return {
        ...{ account: name, role: account.role, hasPassword, loggedOnAt },
        sessions: sessions.map((one) => ({ ...withoutAccount(one), isThis: one.sessionId === own })),
        tokens: tokens.map(withoutAccount),
      };
    },
  }),
  route(['changeOwnPassword', 'POST', '/account/password', 'read', topic], {
    isForGroups: true,
    summary: 'Change the password of the caller. All other sessions of the account end',
    bodySchema: z.strictObject({ password, newPassword: password }),
    isSecret: true,
    refusals: {
      409: 'The call has a token, and not a session',
      422: 'The present password is wrong, or the new one cannot be used',
      429: 'Too many attempts',
    },
    async handle(call) {
      const { administration, logOns, visitor, body, accounts } = call;
      const { account } = principalOf(call);
      if (ownSessionOf(call) === undefined)
        throw new ApiError('API_CONFLICT', 'A token cannot change the password. Log on with the password.');
      const { address, userAgent, isSecure } = visitor;
      const check = (given: string) =>
        logOns.check({ name: account.name, password: given, address }).catch((error: unknown) => {
          // Of a log-on. Here it must not say that the session is over.
          if (error instanceof ApiError && error.code === 'API_UNAUTHENTICATED') return undefined;
          throw error;
        });
      await changeOwnPassword(administration, account, { ...body, check, save: accounts.savePassword });
      const secret = newSecret();
      const opened = { secretHash: digestOfSecret(secret), accountId: account.accountId, address, userAgent };
      await accounts.openSession(opened, { author: administration.author, most: apiBounds.maxSessions });
      return new Reply(undefined, { 'set-cookie': sessionCookie(secret, isSecure) });
    },
  }),
  route(['endOwnSession', 'DELETE', '/account/sessions/{session}', 'read', topic], {
    isForGroups: true,
    summary: 'End a session of the caller',
    pathSchema: z.object({ session: id }),
    refusals: { 404: 'The account has no such session' },
    async handle(call) {
      const { sessions } = await call.accounts.load(principalOf(call).account.accountId);
      const isOwn = sessions.some(({ sessionId }) => sessionId === call.path.session);
      if (!isOwn || !(await call.accounts.endSession(call.path.session, call.administration.author)))
        throw new ApiError('API_NOT_FOUND', 'There is no such session.');
    },
  }),
  route(['revokeOwnToken', 'DELETE', '/account/tokens/{token}', 'read', topic], {
    isForGroups: true,
    summary: 'Revoke a token of the caller for good',
    pathSchema: z.object({ token: id }),
    refusals: { 404: 'The account has no such token' },
    async handle(call) {
      const { tokens } = await call.accounts.load(principalOf(call).account.accountId);
      if (!tokens.some(({ tokenId }) => tokenId === call.path.token))
        throw new ApiError('API_NOT_FOUND', 'There is no such token.');
      await call.accounts.revokeToken(call.path.token, call.administration.author);
    },
  }),
];
