// Changes that wait for a second person.
import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import { recordAudit, recordAudits } from '../audit.ts';
import type { ChangeRequest, RequestState, RequestStore } from '../contract/index.ts';
import type { Database } from '../database.ts';
import { ServerError } from '../errors.ts';
import type { Tables } from '../schema.ts';
import { transact } from '../transact.ts';

export function requestStore(database: Database): RequestStore {
  const { tables } = database;
  return {
    askForChange: ({ operation, input, target, accountId, expiresAt }, { author, most }) =>
      transact(database, async (transaction) => {
        const { count } = await transaction
          .selectFrom('change_requests')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .where('account_id', '=', accountId)
          .where('state', '=', 'waiting')
          .where('expires_at', '>', author.at.getTime())
          .executeTakeFirstOrThrow();
        if (Number(count) >= most)
          throw new ServerError(
            'SERVER_REFUSED',
            `${most} changes that you asked for wait for a second person already.`,
          );
        const row = {
          ...{ request_id: randomUUID() as string, operation, input: JSON.stringify(input), account_id: accountId },
          target: target ?? null,
          ...{ asked_by: author.name, asked_at: author.at.getTime(), expires_at: expiresAt.getTime() },
          ...{ state: 'waiting' as RequestState, decided_by: null, decided_at: null, outcome: null },
        };
        await transaction.insertInto('change_requests').values(row).execute();
        const after = { operation, input, expiresAt: expiresAt.toISOString() };
        await recordAudit(transaction, author, { action: 'ask for change', subject: row.request_id, after });
        return toRequest(row);
      }),

    async findRequests(beginning) {
      // Neither a sign of a pattern nor of another language.
      if (!/^[\da-f-]{1,36}$/.test(beginning)) return [];
      const query = tables.selectFrom('change_requests').selectAll().where('request_id', 'like', `${beginning}%`);
      return (await query.limit(2).execute()).map(toRequest);
    },

    async listRequests({ waitingAt, accountId, operation, limit }) {
      const newest = tables.selectFrom('change_requests').selectAll().orderBy('asked_at', 'desc').orderBy('request_id');
      let query = newest.limit(limit);
      if (waitingAt) query = query.where('state', '=', 'waiting').where('expires_at', '>', waitingAt.getTime());
      if (accountId !== undefined) query = query.where('account_id', '=', accountId);
      if (operation !== undefined) query = query.where('operation', '=', operation);
      return (await query.execute()).map(toRequest);
    },

    decideRequest: (requestId, to, author) =>
      transact(database, async (transaction) => {
        const at = author.at.getTime();
        const row = await transaction
          .updateTable('change_requests')
          .set({ state: to, decided_by: author.name, decided_at: at })
          .where('request_id', '=', requestId)
          .where('state', '=', 'waiting')
          .where('expires_at', '>', at)
          .returningAll()
          .executeTakeFirst();
        if (!row) return undefined;
        const action = to === 'confirmed' ? 'confirm change' : 'refuse change';
        const after = { operation: row.operation, askedBy: row.asked_by };
        await recordAudit(transaction, author, { action, subject: requestId, after });
        return toRequest(row);
      }),

    endRequest: (requestId, { state, outcome }, author) =>
      transact(database, async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable('change_requests')
          .set({ state, outcome: outcome ?? null })
          .where('request_id', '=', requestId)
          .where('state', 'in', ['confirmed', 'cut-off'])
          .executeTakeFirst();
        if (Number(numUpdatedRows) === 1 && state === 'failed')
          await recordAudit(transaction, author, { action: 'fail change', subject: requestId, after: { outcome } });
      }),

    noteCutOffRequests: (confirmedBefore, author) =>
      transact(database, async (transaction) => {
        const rows = await transaction
          .updateTable('change_requests')
          .set({ state: 'cut-off' })
          .where('state', '=', 'confirmed')
          .where('decided_at', '<', confirmedBefore.getTime())
          .returningAll()
          .execute();
        const change = (row: (typeof rows)[number]) => ({
          ...{ action: 'find change cut off', subject: row.request_id },
          after: { operation: row.operation, askedBy: row.asked_by, decidedBy: row.decided_by },
        });
        await recordAudits(transaction, author, rows.map(change));
        return rows.length;
      }),

    async removeOldRequests(from, to) {
      const { numDeletedRows } = await tables
        .deleteFrom('change_requests')
        .where((where) => where.or([where('asked_at', '<', from.getTime()), where('asked_at', '>', to.getTime())]))
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}

function toRequest(row: Selectable<Tables['change_requests']>): ChangeRequest {
  return {
    ...{ requestId: row.request_id, operation: row.operation, input: JSON.parse(row.input) as unknown },
    target: row.target ?? undefined,
    ...{ accountId: row.account_id, askedBy: row.asked_by, askedAt: new Date(Number(row.asked_at)) },
    ...{ expiresAt: new Date(Number(row.expires_at)), state: row.state, decidedBy: row.decided_by ?? undefined },
    decidedAt: row.decided_at === null ? undefined : new Date(Number(row.decided_at)),
    outcome: row.outcome ?? undefined,
  };
}
