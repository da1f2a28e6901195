// Tokens for programs. A revoked one stays listed: an administrator may ask later which there were.
import { randomUUID } from 'node:crypto';
import { type Kysely, type Selectable, sql } from 'kysely';
import { recordAudit } from '../audit.ts';
import type { ApiToken, TokenStore } from '../contract/index.ts';
import type { Database } from '../database.ts';
import { ServerError } from '../errors.ts';
import type { Tables } from '../schema.ts';
import { transact } from '../transact.ts';
import { groupIdsOf, toAccount } from './accounts.ts';

export function tokenStore(database: Database): TokenStore {
  const { tables } = database;
  return {
    createToken: ({ secretHash, accountId, name, role, expiresAt }, author) =>
      transact(database, async (transaction) => {
        const tokenId = randomUUID() as string;
        await transaction
          .insertInto('api_tokens')
          .values({
            ...{ token_id: tokenId, secret_hash: secretHash, account_id: accountId, name, role },
            ...{ created_at: author.at.getTime(), expires_at: expiresAt.getTime(), used_at: null, revoked_at: null },
          })
          .execute();
        const after = { accountId, name, role, expiresAt: expiresAt.toISOString() };
        await recordAudit(transaction, author, { action: 'create token', subject: tokenId, after });
        return requireToken(transaction, tokenId);
      }),

    async findToken(secretHash) {
      const row = await joined(tables).where('api_tokens.secret_hash', '=', secretHash).executeTakeFirst();
      return row && { token: toToken(row), account: toAccount(row, await groupIdsOf(tables, row.account_id)) };
    },

    async noteTokenUse(tokenId, at) {
      await tables
        .updateTable('api_tokens')
        .set({ used_at: at.getTime() })
        .where('token_id', '=', tokenId)
        .where((where) => where.or([where('used_at', 'is', null), where('used_at', '<', at.getTime())]))
        .execute();
    },

    async listTokens() {
      const query = joined(tables).orderBy('token_created_at', 'desc').orderBy('token_id');
      return (await query.execute()).map(toToken);
    },

    revokeToken: (tokenId, author) =>
      transact(database, async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable('api_tokens')
          .set({ revoked_at: author.at.getTime() })
          .where('token_id', '=', tokenId)
          .where('revoked_at', 'is', null)
          .executeTakeFirst();
        const token = await requireToken(transaction, tokenId);
        const { name, accountId, role } = token;
        if (Number(numUpdatedRows) === 1)
          await recordAudit(transaction, author, {
            ...{ action: 'revoke token', subject: tokenId, before: { name, accountId, role } },
          });
        return token;
      }),
  };
}

const joined = (tables: Kysely<Tables>) =>
  tables
    .selectFrom('api_tokens')
    .innerJoin('accounts', 'accounts.account_id', 'api_tokens.account_id')
    .selectAll('accounts')
    .select(['token_id', 'expires_at', 'used_at', 'revoked_at'])
    .select([
      sql<string>`api_tokens.name`.as('token_name'),
      sql<ApiToken['role']>`api_tokens.role`.as('token_role'),
      sql<number>`api_tokens.created_at`.as('token_created_at'),
    ]);

async function requireToken(tables: Kysely<Tables>, tokenId: string): Promise<ApiToken> {
  const row = await joined(tables).where('token_id', '=', tokenId).executeTakeFirst();
  if (row) return toToken(row);
  throw new ServerError('SERVER_NOT_FOUND', `There is no token ${tokenId}.`);
}

type TokenRow = Pick<
  Selectable<Tables['api_tokens']>,
  'token_id' | 'account_id' | 'expires_at' | 'used_at' | 'revoked_at'
> & {
  name: string;
  token_name: string;
  token_role: ApiToken['role'];
  token_created_at: number;
};

function toToken(row: TokenRow): ApiToken {
  const timeOf = (value: number | null) => (value === null ? undefined : new Date(Number(value)));
  return {
    tokenId: row.token_id,
    accountId: row.account_id,
    account: row.name,
    name: row.token_name,
    role: row.token_role,
    createdAt: new Date(Number(row.token_created_at)),
    expiresAt: new Date(Number(row.expires_at)),
    usedAt: timeOf(row.used_at),
    revokedAt: timeOf(row.revoked_at),
  };
}
