// Runs of a synchronisation: who works on one, how far it is, how it ended, and where the next one begins.
import { type Kysely, type Selectable, sql } from 'kysely';
import type { OwnedSync, SyncAnchor, SyncAnchors, SyncFilter, SyncRun, SyncRuns } from './contract/index.ts';
import type { Database } from './database.ts';
import { syncBounds } from './declared-bounds.ts';
import { ServerError } from './errors.ts';
import type { Tables } from './schema.ts';
import { takeStamp } from './stamps.ts';
import { transact } from './transact.ts';

type BeginOptions = Parameters<SyncRuns['beginSync']>[0];

export function syncRunStore(database: Database): SyncRuns {
  const { tables, engine } = database;
  return {
    async beginSync(asked: BeginOptions): Promise<{ run: SyncRun; isContinued: boolean }> {
      return transact(database, async (transaction) => {
        await takeStamp(transaction, engine, asked.now.getTime());
        const running = await runningIn(transaction);
        if (running) {
          refuseWhileOwned(running, asked);
          if (running.upstream === asked.upstream)
            return { run: await takeOver(transaction, running, asked), isContinued: true };
          await giveUp(transaction, running.run_id, asked.now);
        }
        return { run: await insertRun(transaction, asked), isContinued: false };
      });
    },

    async holdSync(own: OwnedSync, step: SyncRun['step'], leaseUntil: Date): Promise<void> {
      const set = { step, lease_until: leaseUntil.getTime() };
      const rows = await ownRun(tables, own).set(set).returning('run_id').execute();
      if (rows.length === 0) throw lostRight(own);
    },

    async failSync(own: OwnedSync, error: { code: string; message: string }, now: Date): Promise<void> {
      const message = error.message.slice(0, syncBounds.messageCharacters);
      // It goes on from here: the run stays the one that runs, without an owner.
      await ownRun(tables, own)
        .set({ lease_until: 0, error_code: error.code, error_message: message, ended_at: now.getTime() })
        .execute();
    },

    async listSyncRuns(limit: number): Promise<SyncRun[]> {
      const rows = await tables.selectFrom('sync_runs').selectAll().orderBy('run_id', 'desc').limit(limit).execute();
      return rows.map(toRun);
    },

    async removeOldSyncRuns(before: Date): Promise<number> {
      const { rows } = await sql`delete from sync_runs where state <> 'running' and started_at < ${before.getTime()}
        and run_id < (select max(run_id) from sync_runs) returning run_id`.execute(tables);
      return rows.length;
    },

    async loadSyncAnchors(upstream: string): Promise<SyncAnchors> {
      const query = tables.selectFrom('sync_anchors').select(['list', 'anchor', 'filter']);
      return toAnchors(await query.where('upstream', '=', upstream).execute());
    },

    async forgetSyncAnchors(own: OwnedSync, upstream: string): Promise<void> {
      await transact(database, async (transaction) => {
        await requireOwn(transaction, own);
        await transaction.deleteFrom('sync_anchors').where('upstream', '=', upstream).execute();
        await transaction.deleteFrom('sync_lists').where('run_id', '=', own.runId).execute();
      });
    },
  };
}

/** Locks the run for this transaction. Throws SERVER_REFUSED for one who lost the right to work on it. */
export async function requireOwn(transaction: Kysely<Tables>, own: OwnedSync): Promise<void> {
  const rows = await ownRun(transaction, own).set({ owner: own.owner }).returning('run_id').execute();
  if (rows.length === 0) throw lostRight(own);
}

export function ownRun(tables: Kysely<Tables>, { runId, owner }: OwnedSync) {
  return tables
    .updateTable('sync_runs')
    .where('run_id', '=', runId)
    .where('owner', '=', owner)
    .where('state', '=', 'running');
}

export function toAnchors(rows: readonly { list: string; anchor: string; filter: string | null }[]): SyncAnchors {
  const entries = rows.map(({ list, anchor, filter }): [string, SyncAnchor] => [
    list,
    { anchor, ...(filter !== null && { filter: JSON.parse(filter) as SyncFilter }) },
  ]);
  return Object.fromEntries(entries);
}

function refuseWhileOwned(running: { owner: string; lease_until: number }, { owner, now, isGone }: BeginOptions): void {
  if (running.owner === owner || Number(running.lease_until) <= now.getTime() || isGone(running.owner)) return;
  throw new ServerError('SERVER_REFUSED', `A synchronisation is under way already, in ${running.owner}.`);
}

async function runningIn(transaction: Kysely<Tables>) {
  return transaction.selectFrom('sync_runs').selectAll().where('state', '=', 'running').executeTakeFirst();
}

async function takeOver(
  transaction: Kysely<Tables>,
  { run_id }: Selectable<Tables['sync_runs']>,
  { owner, leaseUntil }: BeginOptions,
): Promise<SyncRun> {
  const row = await transaction
    .updateTable('sync_runs')
    .set({ owner, lease_until: leaseUntil.getTime(), ended_at: null, error_code: null, error_message: null })
    .where('run_id', '=', run_id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return toRun(row);
}

async function insertRun(
  transaction: Kysely<Tables>,
  { upstream, owner, leaseUntil, now }: BeginOptions,
): Promise<SyncRun> {
  // Those that failed before are asked for again: whatever was wrong may be right by now. Not for ever.
  await transaction
    .updateTable('sync_revisions')
    .set({ state: 'wanted' })
    .where('state', '=', 'failed')
    .where('attempts', '<', syncBounds.attempts)
    .execute();
  const row = await transaction
    .insertInto('sync_runs')
    .values({
      ...{ upstream, owner, lease_until: leaseUntil.getTime(), started_at: now.getTime(), ended_at: null },
      ...{ state: 'running', step: 'connect', listed: 0, fetched: 0, failed: 0, added: 0, calls: 0, bytes: 0 },
      ...{ error_code: null, error_message: null },
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toRun(row);
}

/** Ends a run of another upstream. Its staged revisions are worthless for this one. */
async function giveUp(transaction: Kysely<Tables>, runId: number, now: Date): Promise<void> {
  const ended = { state: 'given-up' as const, ended_at: now.getTime(), lease_until: 0 };
  await transaction.updateTable('sync_runs').set(ended).where('run_id', '=', runId).execute();
  await transaction.deleteFrom('sync_revisions').execute();
}

function toRun(row: Selectable<Tables['sync_runs']>): SyncRun {
  const { error_code: code, error_message: message } = row;
  const [listed, fetched, failed, added] = [row.listed, row.fetched, row.failed, row.added].map(Number);
  return {
    ...{ runId: Number(row.run_id), upstream: row.upstream, owner: row.owner },
    startedAt: new Date(Number(row.started_at)),
    endedAt: row.ended_at === null ? undefined : new Date(Number(row.ended_at)),
    // One that failed is continued, and is running for the database until then.
    state: row.state === 'running' && code !== null ? 'failed' : row.state,
    step: row.step as SyncRun['step'],
    ...{ listed: listed ?? 0, fetched: fetched ?? 0, failed: failed ?? 0, added: added ?? 0 },
    ...{ calls: Number(row.calls), bytes: Number(row.bytes) },
    error: code === null ? undefined : { code, message: message ?? '' },
    leaseUntil: new Date(Number(row.lease_until)),
  };
}

function lostRight({ runId }: OwnedSync): ServerError {
  return new ServerError('SERVER_REFUSED', `Another process works on synchronisation ${runId} now.`);
}
