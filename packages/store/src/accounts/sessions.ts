// Sessions of accounts, and tokens for programs. Both are found by the SHA-256 of a secret that only their holder has.
import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import { recordAudit } from '../audit.ts';
import type { Session, SessionStore } from '../contract/index.ts';
import type { Database } from '../database.ts';
import type { Tables } from '../schema.ts';
import { transact } from '../transact.ts';
import { groupIdsOf, toAccount } from './accounts.ts';

export function sessionStore(database: Database): SessionStore {
  const { tables } = database;
  const joined = () =>
    tables
      .selectFrom('sessions')
      .innerJoin('accounts', 'accounts.account_id', 'sessions.account_id')
      .selectAll('accounts')
      .select(['session_id', 'opened_at', 'used_at', 'address', 'user_agent']);

  return {
    openSession: ({ secretHash, accountId, address, userAgent }, { author, most }) =>
      transact(database, async (transaction) => {
        const at = author.at.getTime();
        const session = {
          ...{ session_id: randomUUID() as string, account_id: accountId, address, user_agent: userAgent },
          ...{ opened_at: at, used_at: at },
        };
        const account = await transaction
          .updateTable('accounts')
          .set({ logged_on_at: at })
          .where('account_id', '=', accountId)
          .returningAll()
          .executeTakeFirstOrThrow();
        const others = await transaction
          .selectFrom('sessions')
          .select('session_id')
          .where('account_id', '=', accountId)
          .orderBy('used_at', 'desc')
          .execute();
        const surplus = others.slice(Math.max(0, most - 1)).map(({ session_id }) => session_id);
        if (surplus.length > 0) await transaction.deleteFrom('sessions').where('session_id', 'in', surplus).execute();
        await transaction
          .insertInto('sessions')
          .values({ ...session, secret_hash: secretHash })
          .execute();
        const after = { session: session.session_id, address };
        await recordAudit(transaction, author, { action: 'log on', subject: accountId, after });
        return toSession({ ...account, ...session });
      }),

    async findSession(secretHash) {
      const row = await joined().where('sessions.secret_hash', '=', secretHash).executeTakeFirst();
      return row && { session: toSession(row), account: toAccount(row, await groupIdsOf(tables, row.account_id)) };
    },

    async noteSessionUse(sessionId, at) {
      await tables
        .updateTable('sessions')
        .set({ used_at: at.getTime() })
        .where('session_id', '=', sessionId)
        .where('used_at', '<', at.getTime())
        .execute();
    },

    async listSessions() {
      return (await joined().orderBy('opened_at', 'desc').execute()).map(toSession);
    },

    endSession: (sessionId, author) =>
      transact(database, async (transaction) => {
        const row = await transaction
          .deleteFrom('sessions')
          .where('session_id', '=', sessionId)
          .returning(['account_id', 'address'])
          .executeTakeFirst();
        if (!row) return false;
        const before = { session: sessionId, address: row.address };
        await recordAudit(transaction, author, { action: 'end session', subject: row.account_id, before });
        return true;
      }),

    async removeEndedSessions({ openedAt, usedAt, notAfter }) {
      const { numDeletedRows } = await tables
        .deleteFrom('sessions')
        .where((where) =>
          where.or([
            where('opened_at', '<', openedAt.getTime()),
            where('used_at', '<', usedAt.getTime()),
            where('used_at', '>', notAfter.getTime()),
          ]),
        )
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}

type SessionRow = Pick<
  Selectable<Tables['sessions']>,
  'session_id' | 'account_id' | 'opened_at' | 'used_at' | 'address' | 'user_agent'
> & { name: string };

function toSession(row: SessionRow): Session {
  return {
    sessionId: row.session_id,
    accountId: row.account_id,
    account: row.name,
    openedAt: new Date(Number(row.opened_at)),
    usedAt: new Date(Number(row.used_at)),
    address: row.address,
    userAgent: row.user_agent,
  };
}
