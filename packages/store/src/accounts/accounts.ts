// Accounts. Each change is on record with its author, and never with a password or its hash.
import { randomUUID } from 'node:crypto';
import type { Kysely, Selectable } from 'kysely';
import { recordAudit } from '../audit.ts';
import type { Account, AccountChange, AccountStore, Author } from '../contract/index.ts';
import type { Database } from '../database.ts';
import { ServerError } from '../errors.ts';
import { compareNames } from '../lists/sort-keys.ts';
import type { Tables } from '../schema.ts';
import { transact } from '../transact.ts';

const setUpName = 'set-up-link';
const dayMs = 86_400_000;

export function accountStore(database: Database): AccountStore {
  const { tables } = database;
  return {
    async listAccounts() {
      const rows = await tables.selectFrom('accounts').selectAll().execute();
      const groups = await tables.selectFrom('account_groups').selectAll().orderBy('group_id').execute();
      const groupsOf = Map.groupBy(groups, ({ account_id }) => account_id);
      return rows
        .sort((one, other) => compareNames(one.name, other.name))
        .map((row) => toAccount(row, (groupsOf.get(row.account_id) ?? []).map(groupIdOf)));
    },

    async findAccount(nameOrId) {
      const key = keyOfName(nameOrId);
      const found = await tables
        .selectFrom('accounts')
        .selectAll()
        .where((where) => where.or([where('name_key', '=', key), where('account_id', '=', key)]))
        .executeTakeFirst();
      return found && toAccount(found, await groupIdsOf(tables, found.account_id));
    },

    async findIdentity(issuer, subject) {
      const query = tables.selectFrom('account_identities').select('account_id').where('issuer', '=', issuer);
      return (await query.where('subject', '=', subject).executeTakeFirst())?.account_id;
    },

    async listIdentities(accountIds) {
      if (accountIds.length === 0) return new Map();
      const query = tables.selectFrom('account_identities').select(['account_id', 'issuer']);
      // For many accounts all are read: the list of ids is long.
      const wanted = accountIds.length > 500 ? query : query.where('account_id', 'in', accountIds);
      return new Map((await wanted.execute()).map(({ account_id, issuer }) => [account_id, issuer]));
    },

    async loadPasswordHash(accountId) {
      const found = await tables
        .selectFrom('accounts')
        .select('password')
        .where('account_id', '=', accountId)
        .executeTakeFirst();
      return found?.password ?? undefined;
    },

    createAccount: (account, author) =>
      transact(database, (transaction) => insertAccount(transaction, account, author, 'create account')),

    changeAccount: (accountId, change, author) =>
      transact(database, async (transaction) => {
        const before = await requireAccount(transaction, accountId);
        await transaction
          .updateTable('accounts')
          .set({ ...columnsOf(change), changed_at: author.at.getTime() })
          .where('account_id', '=', accountId)
          .execute();
        if (change.groupIds !== undefined) await saveGroups(transaction, accountId, change.groupIds);
        await transaction.deleteFrom('sessions').where('account_id', '=', accountId).execute();
        const after = await requireAccount(transaction, accountId);
        await recordAudit(transaction, author, {
          action: change.password === undefined ? 'change account' : 'change password of account',
          ...{ subject: accountId, before: onRecord(before), after: onRecord(after) },
        });
        return after;
      }),

    removeAccount: (accountId, author) =>
      transact(database, async (transaction) => {
        const before = await requireAccount(transaction, accountId);
        for (const table of ['sessions', 'api_tokens', 'account_groups', 'account_identities', 'accounts'] as const)
          await transaction.deleteFrom(table).where('account_id', '=', accountId).execute();
        const change = { action: 'remove account', subject: accountId, before: onRecord(before) };
        await recordAudit(transaction, author, change);
        return before;
      }),

    async saveSetUpLink(secretHash, until) {
      const value = `${secretHash} ${until.getTime()}`;
      await tables
        .insertInto('configuration')
        .values({ name: setUpName, value })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
        .execute();
    },

    isSetUpLink: (secretHash, now) => isGoodLink(tables, secretHash, now),

    createFirstAccount: (secretHash, { name, password }, author) =>
      transact(database, async (transaction) => {
        // Two who hold the link at the same moment: the row goes once.
        const isGood = await isGoodLink(transaction, secretHash, author.at);
        const gone = await transaction.deleteFrom('configuration').where('name', '=', setUpName).executeTakeFirst();
        if (!isGood || Number(gone.numDeletedRows) !== 1) throw endedLink();
        const account = { name, password, role: 'administrator' } as const;
        return insertAccount(transaction, account, author, 'create first account');
      }),
  };
}

/** As names are compared: letter case aside. */
function keyOfName(name: string): string {
  return name.trim().toLowerCase();
}

async function insertAccount(
  transaction: Kysely<Tables>,
  given: Parameters<AccountStore['createAccount']>[0],
  author: Author,
  action: string,
): Promise<Account> {
  const { name, role, password, groupIds = [], identity } = given;
  const at = author.at.getTime();
  const accountId = randomUUID() as string;
  const { numInsertedOrUpdatedRows: inserted } = await transaction
    .insertInto('accounts')
    .values({
      ...{ account_id: accountId, name, name_key: keyOfName(name), role, password: password ?? null },
      ...{ is_disabled: 0, created_at: at, changed_at: at, logged_on_at: null },
    })
    .onConflict((conflict) => conflict.column('name_key').doNothing())
    .executeTakeFirstOrThrow();
  if (!inserted) throw new ServerError('SERVER_REFUSED', `There is an account "${name}" already.`);
  await saveGroups(transaction, accountId, groupIds);
  if (identity)
    await transaction
      .insertInto('account_identities')
      .values({ ...identity, account_id: accountId })
      .execute();
  const account = await requireAccount(transaction, accountId);
  await recordAudit(transaction, author, { action, subject: accountId, after: onRecord(account) });
  return account;
}

async function isGoodLink(tables: Kysely<Tables>, secretHash: string, now: Date): Promise<boolean> {
  const row = await tables.selectFrom('configuration').select('value').where('name', '=', setUpName).executeTakeFirst();
  const [hash, until] = row?.value.split(' ') ?? [];
  const leftMs = Number(until) - now.getTime();
  // The bound api.set-up-link-ms may be a day. A clock that was ahead makes a link that is good for years.
  if (hash !== secretHash || leftMs <= 0 || leftMs > dayMs) return false;
  return (await tables.selectFrom('accounts').select('account_id').limit(1).executeTakeFirst()) === undefined;
}

function endedLink(): ServerError {
  return new ServerError(
    'SERVER_REFUSED',
    'The set-up link is used or ended, or there is an account already. Run "moult users add" on the server.',
  );
}

async function requireAccount(tables: Kysely<Tables>, accountId: string): Promise<Account> {
  const row = await tables.selectFrom('accounts').selectAll().where('account_id', '=', accountId).executeTakeFirst();
  if (row) return toAccount(row, await groupIdsOf(tables, accountId));
  throw new ServerError('SERVER_NOT_FOUND', `There is no account ${accountId}.`);
}

function columnsOf({ role, isDisabled, password }: AccountChange) {
  return {
    ...(role !== undefined && { role }),
    ...(isDisabled !== undefined && { is_disabled: Number(isDisabled) }),
    ...(password !== undefined && { password }),
  };
}

/** Of an account, as the record of changes shows it. */
function onRecord({ name, role, isDisabled, hasPassword, groupIds }: Account) {
  return { name, role, isDisabled, hasPassword, ...(groupIds.length > 0 && { groupIds }) };
}

async function saveGroups(tables: Kysely<Tables>, accountId: string, groupIds: readonly string[]): Promise<void> {
  await tables.deleteFrom('account_groups').where('account_id', '=', accountId).execute();
  const rows = [...new Set(groupIds)].map((group_id) => ({ account_id: accountId, group_id }));
  if (rows.length > 0) await tables.insertInto('account_groups').values(rows).execute();
}

function groupIdOf({ group_id }: { group_id: string }): string {
  return group_id;
}

/**
 * Of groups that were removed the ids stay: an account that reached nothing else must not reach the whole server by their
 * removal.
 */
export async function groupIdsOf(tables: Kysely<Tables>, accountId: string): Promise<string[]> {
  const query = tables.selectFrom('account_groups').select('group_id').where('account_id', '=', accountId);
  return (await query.orderBy('group_id').execute()).map(groupIdOf);
}

/** For the other files of this folder: they join accounts. */
export function toAccount(row: Selectable<Tables['accounts']>, groupIds: readonly string[]): Account {
  return {
    accountId: row.account_id,
    name: row.name,
    role: row.role,
    isDisabled: row.is_disabled !== 0,
    hasPassword: row.password !== null,
    groupIds,
    createdAt: new Date(Number(row.created_at)),
    changedAt: new Date(Number(row.changed_at)),
    loggedOnAt: row.logged_on_at === null ? undefined : new Date(Number(row.logged_on_at)),
  };
}
