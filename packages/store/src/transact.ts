// Transactions that can block each other. All of them take locks in one order: the newest stamp (stamps.ts), computers
// by id, the data of a computer, the head of the audit chain, change marks. A deadlock can still happen with a
// transaction of another program, or with a table that is locked whole. The database then ends one of the two, and the
// store runs it again.

import { setTimeout as pause } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { tellHead } from './audit-chain.ts';
import type { Database, Engine } from './database.ts';
import { databaseBounds } from './declared-bounds.ts';
import type { Tables } from './schema.ts';

interface RetryLimits {
  /** How often at most, the first time included. */
  attempts: number;
  /** Between two attempts, at most, in milliseconds. Grows with each. */
  pauseMs: number;
  random(): number;
}

/**
 * Runs `work` in a transaction, again when the database ended it for the sake of another one. `work` must be able to
 * run twice: what it changes outside of the transaction counts twice.
 */
export function transact<Result>(
  { tables }: Pick<Database, 'tables'>,
  work: (transaction: Kysely<Tables>) => Promise<Result>,
): Promise<Result> {
  return retried(async () => {
    let done: Kysely<Tables> | undefined;
    const result = await tables.transaction().execute((transaction) => {
      done = transaction;
      return work(transaction);
    });
    if (done) tellHead(tables, done);
    return result;
  });
}

/** Runs `work`, one statement or a whole transaction, again as long as it was only in somebody's way. */
export async function retried<Result>(work: () => Promise<Result>, limits = currentLimits()): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= limits.attempts || !wasInTheWay(error)) throw error;
      // At different times, so that the same two do not meet again.
      await pause(limits.pauseMs * attempt * limits.random());
    }
  }
}

/** Locks these computers, in an order that everybody keeps. On SQLite a transaction is the only writer anyway. */
export async function lockComputers(
  transaction: Kysely<Tables>,
  engine: Engine,
  computerIds: readonly string[],
): Promise<void> {
  if (engine === 'sqlite') return;
  const sorted = [...new Set(computerIds)].sort();
  for (let start = 0; start < sorted.length; start += idsPerStatement) {
    const some = sorted.slice(start, start + idsPerStatement);
    // Not by the order of the database's language, which may be another one.
    await sql`select 1 from computers where computer_id in (${sql.join(some)})
              order by computer_id collate "C" for no key update`.execute(transaction);
  }
}

const idsPerStatement = 500;

const deadlock = '40P01';
const serializationFailure = '40001';
const sqliteBusy = 5;
const sqliteLocked = 6;

/** True for a deadlock, a serialisation failure, or an SQLite file that another process writes to for too long. */
export function wasInTheWay(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && (error.code === deadlock || error.code === serializationFailure)) return true;
  // The lower eight bits say what, the others why.
  const result = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
  return result === sqliteBusy || result === sqliteLocked || wasInTheWay(error.cause);
}

function currentLimits(): RetryLimits {
  const { attempts, pauseMs } = databaseBounds;
  return { attempts, pauseMs, random: Math.random };
}
