// Answers to requests that carry a key (Idempotency-Key): the same request gets the same answer again, and works once.
import type { AnswerStore } from '../contract/index.ts';
import type { Database } from '../database.ts';

export function answerStore({ tables }: Database): AnswerStore {
  return {
    async claimAnswer({ keyHash, requestHash }, { at, most }) {
      const made = { key_hash: keyHash, request_hash: requestHash, status: null, body: null, made_at: at.getTime() };
      const { numInsertedOrUpdatedRows: claimed } = await tables
        .insertInto('api_answers')
        .values(made)
        .onConflict((conflict) => conflict.column('key_hash').doNothing())
        .executeTakeFirstOrThrow();
      if (claimed) {
        await tables
          .deleteFrom('api_answers')
          .where('made_at', '<', (answers) =>
            answers
              .selectFrom('api_answers')
              .select('made_at')
              .orderBy('made_at', 'desc')
              .limit(1)
              .offset(most - 1),
          )
          .execute();
        return undefined;
      }
      const row = await tables.selectFrom('api_answers').selectAll().where('key_hash', '=', keyHash).executeTakeFirst();
      const { status = null, body = null } = row ?? {};
      return {
        requestHash: row?.request_hash ?? requestHash,
        answer: status === null || body === null ? undefined : { status, body },
        madeAt: new Date(Number(row?.made_at ?? at.getTime())),
      };
    },

    async keepAnswer(keyHash, answer) {
      if (answer) await tables.updateTable('api_answers').set(answer).where('key_hash', '=', keyHash).execute();
      else await tables.deleteFrom('api_answers').where('key_hash', '=', keyHash).execute();
    },

    async removeOldAnswers(from, to) {
      const { numDeletedRows } = await tables
        .deleteFrom('api_answers')
        .where((where) => where.or([where('made_at', '<', from.getTime()), where('made_at', '>', to.getTime())]))
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}
