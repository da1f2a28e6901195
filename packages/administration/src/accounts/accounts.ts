// Accounts of people who administer from elsewhere, and tokens for programs. Commands and the API share these rules.
import type { Account, ApiToken, Role, Store } from '@moult/store';
import { AdministrationError, asAdministrationError } from '../errors.ts';
import type { Administration, FoundServer } from '../open-server.ts';
import { groupIdsOf } from '../pages.ts';
import { hashPassword, type PasswordCost, requireGoodPassword } from './passwords.ts';
import { digestOfSecret, newSecret, tokenPrefix } from './secrets.ts';

/** Letters and digits of any script, and marks that no shell, log or record takes for something else. */
const namePattern = /^[\p{L}\p{N}][\p{L}\p{N}._@-]{0,63}$/u;
/** An id finds an account too: a name of this form could be the id of another one. */
const idPattern = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const tokenNamePattern = /^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}$/u;

/** The cost of a password hash, by the settings. */
export function passwordCostOf({ config }: Pick<FoundServer, 'config'>): PasswordCost {
  return { memoryKib: config.passwordMemoryKib, passes: config.passwordPasses };
}

export interface ListedAccount extends Account {
  /** Names of the groups that it reaches, or the id of one that was removed. Empty: the whole server. */
  groups: string[];
  /** The issuer of OpenID Connect that knows the person. Undefined: the account is of this server. */
  issuer: string | undefined;
}

export async function listAccounts({ store }: Administration): Promise<ListedAccount[]> {
  return withGroups(store, await store.listAccounts());
}

/** Throws AdministrationError SERVER_NOT_FOUND. */
export async function findAccount({ store }: Administration, name: string): Promise<ListedAccount> {
  const found = await store.findAccount(name);
  if (found) return withNames(store, found);
  throw new AdministrationError('SERVER_NOT_FOUND', `There is no account "${name}".`, { subject: 'user' });
}

/**
 * Makes an account. Without a password it only has tokens. `groups`: names or ids of the groups that it reaches, with all
 * inside of them. Without any it reaches the whole server. Throws AdministrationError ADMINISTRATION_BAD_ACCOUNT for a name
 * or a password that cannot be used. Throws SERVER_REFUSED for a name that is taken, SERVER_NOT_FOUND for a group.
 */
export async function addAccount(
  { store, server, author }: Administration,
  {
    name,
    role,
    password,
    groups,
  }: Pick<AccountWish, 'groups'> & { name: string; role: Role; password?: string | undefined },
): Promise<ListedAccount> {
  requireGoodName(name);
  const groupIds = await groupIdsOf(store, groups ?? []);
  const hash = await hashed(password, name, passwordCostOf(server));
  return withNames(store, await refusing(store.createAccount({ name, role, password: hash, groupIds }, author)));
}

interface AccountWish {
  role?: Role | undefined;
  isDisabled?: boolean | undefined;
  password?: string | null | undefined;
  /** Names or ids, in place of those before. Empty: the whole server. */
  groups?: readonly string[] | undefined;
}

/**
 * The first account, by the set-up link. Throws as addAccount does, and SERVER_REFUSED for a link that is used or ended.
 */
export async function addFirstAccount(
  { store, server, author }: Administration,
  { secret, name, password }: { secret: string; name: string; password: string },
): Promise<Account> {
  const digest = digestOfSecret(secret);
  // Before the work of a hash: strangers may call.
  if (!(await store.isSetUpLink(digest, author.at)))
    throw new AdministrationError('SERVER_REFUSED', 'The set-up link is used or ended.');
  requireGoodName(name);
  const hash = (await hashed(password, name, passwordCostOf(server))) as string;
  return refusing(store.createFirstAccount(digest, { name, password: hash }, author));
}

/** Its sessions end. Throws AdministrationError SERVER_NOT_FOUND, ADMINISTRATION_BAD_ACCOUNT. */
export async function changeAccount(
  administration: Administration,
  name: string,
  { password, groups, ...change }: AccountWish,
): Promise<ListedAccount> {
  const { store, server, author } = administration;
  const found = await findAccount(administration, name);
  const hash = password === null ? null : await hashed(password, found.name, passwordCostOf(server));
  const groupIds = groups && (await groupIdsOf(store, groups));
  const wanted = { ...change, groupIds, password: hash };
  return withNames(store, await refusing(store.changeAccount(found.accountId, wanted, author)));
}

/** With its sessions and tokens. Throws AdministrationError SERVER_NOT_FOUND. */
export async function removeAccount(administration: Administration, name: string): Promise<ListedAccount> {
  const found = await findAccount(administration, name);
  await refusing(administration.store.removeAccount(found.accountId, administration.author));
  return found;
}

interface NewToken {
  name: string;
  /** Name or id of the account. */
  account: string;
  /** That of the account unless given. A token never may more than its account. */
  role?: Role | undefined;
  days: number;
}

/**
 * A token that programs send as `Authorization: Bearer …`. The secret is told here and never again. Throws
 * AdministrationError SERVER_NOT_FOUND, ADMINISTRATION_BAD_ACCOUNT.
 */
export async function addToken(
  administration: Administration,
  { name, account, role, days }: NewToken,
): Promise<ApiToken & { secret: string }> {
  const { store, author } = administration;
  const owner = await findAccount(administration, account);
  if (!tokenNamePattern.test(name))
    throw new AdministrationError(
      'ADMINISTRATION_BAD_ACCOUNT',
      `A token cannot be called "${name}". Use 1 to 64 letters, digits, spaces and . _ @ -, with a letter or digit first.`,
    );
  const secret = newSecret(tokenPrefix);
  const expiresAt = new Date(author.at.getTime() + days * 86_400_000);
  const wanted = { secretHash: digestOfSecret(secret), accountId: owner.accountId, name, expiresAt };
  const token = await store.createToken({ ...wanted, role: role ?? owner.role }, author);
  return { ...token, secret };
}

export async function listTokens({ store }: Administration): Promise<ApiToken[]> {
  return store.listTokens();
}

/** By id or by a name that one token has. Throws AdministrationError SERVER_NOT_FOUND. */
export async function revokeToken({ store, author }: Administration, nameOrId: string): Promise<ApiToken> {
  const key = nameOrId.trim().toLowerCase();
  const all = await store.listTokens();
  const named = all.filter(({ name, revokedAt }) => name.toLowerCase() === key && revokedAt === undefined);
  const found = all.find(({ tokenId }) => tokenId === key) ?? named[0];
  if (!found)
    throw new AdministrationError('SERVER_NOT_FOUND', `There is no token "${nameOrId}".`, { subject: 'token' });
  if (found.tokenId !== key && named.length > 1) {
    const ids = named.map(({ tokenId, account }) => `${tokenId} of ${account}`).join(', ');
    throw new AdministrationError(
      'SERVER_NOT_FOUND',
      `Several tokens are called "${nameOrId}": ${ids}. Name one by its id.`,
    );
  }
  return refusing(store.revokeToken(found.tokenId, author));
}

async function withNames(store: Store, account: Account): Promise<ListedAccount> {
  const [only] = await withGroups(store, [account]);
  return only as ListedAccount;
}

async function withGroups(store: Store, accounts: readonly Account[]): Promise<ListedAccount[]> {
  const isPartial = accounts.some(({ groupIds }) => groupIds.length > 0);
  const names = new Map((isPartial ? await store.loadGroups() : []).map(({ groupId, name }) => [groupId, name]));
  const issuers = await store.listIdentities(accounts.map(({ accountId }) => accountId));
  return accounts.map((one) => ({
    ...{ ...one, issuer: issuers.get(one.accountId) },
    groups: one.groupIds.map((id) => names.get(id) ?? id),
  }));
}

/** Whether an account can be called so. */
export function isAccountName(name: string): boolean {
  return namePattern.test(name) && !idPattern.test(name);
}

function requireGoodName(name: string): void {
  if (isAccountName(name)) return;
  throw new AdministrationError(
    'ADMINISTRATION_BAD_ACCOUNT',
    `An account cannot be called "${name}". Use 1 to 64 letters, digits and . _ @ -, with a letter or digit first, and not the form of an id.`,
  );
}

async function hashed(password: string | undefined, name: string, cost: PasswordCost): Promise<string | undefined> {
  if (password === undefined) return undefined;
  requireGoodPassword(password, name);
  return hashPassword(password, cost);
}

async function refusing<Result>(change: Promise<Result>): Promise<Result> {
  try {
    return await change;
  } catch (error) {
    throw asAdministrationError(error, 'user');
  }
}
