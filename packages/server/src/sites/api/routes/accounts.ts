// Accounts, tokens and sessions.
import {
  addAccount,
  addToken,
  changeAccount,
  findAccount,
  listAccounts,
  listTokens,
  removeAccount,
  revokeToken,
} from '@moult/administration/accounts';
import * as z from 'zod';
import { type Call, route } from '../route.ts';
import { id, instant, role, someText, whole, wholeOf } from '../shapes.ts';

const account = z.looseObject({
  accountId: id,
  name: z.string(),
  role,
  isDisabled: z.boolean(),
  hasPassword: z.boolean(),
  issuer: z.string().optional().describe('The issuer of OpenID Connect that knows the person'),
  groups: z
    .array(z.string())
    .describe('Names of the groups that it reaches, with all inside of them. Empty: the whole server'),
  groupIds: z.array(z.string()).describe('Their ids, in the same order'),
  createdAt: instant,
  loggedOnAt: instant.optional(),
});

const token = z.looseObject({
  tokenId: id,
  accountId: id,
  account: z.string(),
  name: z.string(),
  role,
  createdAt: instant,
  expiresAt: instant,
  usedAt: instant.optional(),
  revokedAt: instant.optional(),
});

const topic = 'Accounts';
const pathSchema = z.object({ user: someText().describe('Name or id of the account') });
const password = z.string().min(1).max(1024);
const groups = z.array(someText()).max(200);

/** Whether the token is for another account. */
async function isOfOther({
  administration,
  principal,
  body,
}: Call<unknown, unknown, { user: string }>): Promise<boolean> {
  return (await findAccount(administration, body.user)).accountId !== principal?.account.accountId;
}

/** The parts of an account that If-Match protects. A log-on does not change them. */
async function current({ administration, path }: Call<{ user: string }, unknown, unknown>) {
  const { loggedOnAt: _, ...found } = await findAccount(administration, path.user);
  return found;
}

export const accountRoutes = [
  route(['whoAmI', 'GET', '/session', 'read', topic], {
    isForGroups: true,
    summary: 'Show who calls, and with which role',
    answer: z.looseObject({
      ...{ account: z.string(), roles: z.array(role), by: z.enum(['session', 'token']) },
      isWholeServer: z.boolean().describe('It reaches the whole server, and not some groups only'),
      groups: z.array(z.string()).describe('Names of the groups that it reaches, with all inside of them'),
    }),
    async handle({ administration: { store }, principal }) {
      const { account: own, roles = [], by } = principal ?? {};
      const named = new Set(own?.groupIds);
      const reached = named.size === 0 ? [] : await store.loadGroups();
      const groups = reached.filter(({ groupId }) => named.has(groupId)).map(({ name }) => name);
      return { account: own?.name, roles, by: by?.kind, isWholeServer: named.size === 0, groups };
    },
  }),
  route(['listAccounts', 'GET', '/users', 'audit', topic], {
    summary: 'List accounts',
    answer: wholeOf(account),
    handle: async ({ administration }) => whole(await listAccounts(administration)),
  }),
  route(['showAccount', 'GET', '/users/{user}', 'audit', topic], {
    pathSchema,
    summary: 'Show an account. The header ETag is for a change of it',
    answer: account,
    refusals: { 404: 'The account is not there' },
    current,
    handle: ({ administration, path }) => findAccount(administration, path.user),
  }),
  route(['addAccount', 'POST', '/users', 'administer', topic], {
    twoPersons: ['account'],
    givesCredentials: async ({ body }) => body.password !== undefined,
    status: 201,
    isSecret: true,
    summary: 'Make an account. Without a password it can only have tokens',
    bodySchema: z.strictObject({
      ...{ name: someText(64), role, password: password.optional() },
      groups: groups.optional().describe('Names or ids. Empty or left out: the whole server'),
    }),
    answer: account,
    refusals: { 404: 'A group is not there', 409: 'The name is taken', 422: 'The name or the password cannot be used' },
    handle: ({ administration, body }) => addAccount(administration, body),
  }),
  route(['changeAccount', 'PATCH', '/users/{user}', 'administer', topic], {
    twoPersons: ['account'],
    givesCredentials: async ({ body }) => typeof body.password === 'string',
    pathSchema,
    summary: 'Change the role, groups, state or password of an account. Its sessions end',
    bodySchema: z.strictObject({
      role: role.optional(),
      isDisabled: z.boolean().optional(),
      groups: groups.optional().describe('Names or ids, in place of those before. Empty: the whole server'),
      password: password.nullable().optional().describe('null removes the password'),
    }),
    answer: account,
    refusals: { 404: 'The account or a group is not there', 422: 'The password cannot be used' },
    current,
    isSecret: true,
    handle: ({ administration, path, body }) => changeAccount(administration, path.user, body),
  }),
  route(['removeAccount', 'DELETE', '/users/{user}', 'administer', topic], {
    twoPersons: ['account'],
    pathSchema,
    summary: 'Remove an account with its sessions and tokens',
    answer: account,
    refusals: { 404: 'The account is not there' },
    current,
    handle: ({ administration, path }) => removeAccount(administration, path.user),
  }),
  route(['listTokens', 'GET', '/tokens', 'audit', topic], {
    summary: 'List tokens, also those that ended',
    answer: wholeOf(token),
    handle: async ({ administration }) => whole(await listTokens(administration)),
  }),
  route(['addToken', 'POST', '/tokens', 'administer', topic], {
    givesCredentials: isOfOther,
    status: 201,
    isSecret: true,
    summary: 'Make a token of an account. The answer holds its secret, which is told once',
    bodySchema: z.strictObject({
      name: someText(64),
      user: someText().describe('Name or id of the account'),
      role: role.optional().describe('A token never may more than its account'),
      days: z.int().min(1).max(3650).default(90),
    }),
    answer: token.extend({ secret: z.string() }),
    refusals: { 404: 'The account is not there', 422: 'The name cannot be used' },
    handle: ({ administration, body: { user, ...wanted } }) => addToken(administration, { ...wanted, account: user }),
  }),
  route(['revokeToken', 'DELETE', '/tokens/{token}', 'administer', topic], {
    summary: 'Revoke a token',
    pathSchema: z.object({ token: someText().describe('Id, or a name that one token has') }),
    answer: token,
    refusals: { 404: 'The token is not there' },
    handle: ({ administration, path }) => revokeToken(administration, path.token),
  }),
];
