// Rings in the database. A change of an update on its way is one transaction. It counts only in the version that it was
// made for. So two servers, or a killed one, leave one state.
import { parseUpdateId } from '@moult/catalog';
import type { RingShare } from '@moult/catalog/holds';
import { connectedPerGapMs, oneCheckInMs, shareReached, slowestGapMs } from '@moult/catalog/rings';
import { type Kysely, sql } from 'kysely';
import { recordAudit } from './audit.ts';
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type { ReleaseRollout, RingStore, Rollout, RolloutComputer, StoredPlan, Topic } from './contract/index.ts';
import type { Database } from './database.ts';
import { writeDecision } from './deployments.ts';
import { ServerError } from './errors.ts';
import { compareNames } from './lists/sort-keys.ts';
import { excluded, inPieces, prepareInsert } from './prepared.ts';
import { loadRingComputers } from './ring-computers.ts';
import type { Tables } from './schema.ts';
import { takeStamp } from './stamps.ts';
import { transact } from './transact.ts';

export function ringStore(database: Database, changes: Changes): RingStore {
  const { tables, engine } = database;
  const writeExposures = exposureStatement(tables);
  return {
    async savePlan({ planId, name, rings }, author) {
      await transact(database, async (transaction) => {
        await takeStamp(transaction, engine, author.at.getTime());
        const row = { name, name_key: name.toLowerCase(), rings: JSON.stringify(rings) };
        const taken = await transaction
          .selectFrom('ring_plans')
          .select('plan_id')
          .where('name_key', '=', row.name_key)
          .where('plan_id', '<>', planId)
          .executeTakeFirst();
        if (taken) throw new ServerError('SERVER_REFUSED', `There are rings called "${name}" already.`);
        await transaction
          .insertInto('ring_plans')
          .values({ ...row, plan_id: planId })
          .onConflict((conflict) => conflict.column('plan_id').doUpdateSet(row))
          .execute();
        await recordAudit(transaction, author, { action: 'save rings', subject: planId, after: { name, rings } });
        await markChange(transaction, 'rings');
      });
      changes.announce('rings');
    },

    async removePlan(planId, author) {
      const isGone = await transact(database, async (transaction) => {
        await takeStamp(transaction, engine, author.at.getTime());
        const known = await transaction.selectFrom('ring_plans').selectAll().where('plan_id', '=', planId).execute();
        const [before] = known;
        if (!before) return false;
        const ids = await transaction
          .selectFrom('rollouts')
          .select('rollout_id')
          .where('plan_id', '=', planId)
          .execute();
        const ofReleases = await transaction
          .selectFrom('release_rollouts')
          .select('rollout_id')
          .where('plan_id', '=', planId)
          .execute();
        for (const { rollout_id } of [...ids, ...ofReleases])
          await transaction.deleteFrom('rollout_computers').where('rollout_id', '=', rollout_id).execute();
        await transaction.deleteFrom('rollouts').where('plan_id', '=', planId).execute();
        await transaction.deleteFrom('release_rollouts').where('plan_id', '=', planId).execute();
        await transaction.deleteFrom('ring_plans').where('plan_id', '=', planId).execute();
        const record = { action: 'remove rings', subject: planId, before: { name: before.name, rings: before.rings } };
        await recordAudit(transaction, author, record);
        await markChange(transaction, 'rings');
        return true;
      });
      if (isGone) changes.announce('rings');
      return isGone;
    },

    async listPlans() {
      const rows = await tables.selectFrom('ring_plans').selectAll().execute();
      rows.sort((one, other) => compareNames(one.name, other.name));
      return rows.map(({ plan_id, name, rings }): StoredPlan => ({ planId: plan_id, name, rings: JSON.parse(rings) }));
    },

    async listRollouts() {
      const rows = await tables
        .selectFrom('rollouts')
        .selectAll()
        .orderBy('started_at')
        .orderBy('rollout_id')
        .execute();
      return rows.map((row): Rollout => ({ ...toRollout(row), updateId: row.update_id }));
    },

    async listReleaseRollouts() {
      const rows = await tables
        .selectFrom('release_rollouts')
        .selectAll()
        .orderBy('started_at')
        .orderBy('rollout_id')
        .execute();
      return rows.map((row): ReleaseRollout => ({ ...toRollout(row), release: row.release }));
    },

    async loadShares() {
      const rows = await tables
        .selectFrom('rollouts')
        .innerJoin('ring_plans', 'ring_plans.plan_id', 'rollouts.plan_id')
        .select(['rollout_id', 'update_id', 'progress', 'name', 'rings'])
        .where('status', 'in', ['running', 'paused', 'halted'])
        .orderBy('rollout_id')
        .execute();
      return rows.flatMap(({ rollout_id: rolloutId, update_id, progress, name, rings }): RingShare[] => {
        const { state } = JSON.parse(progress) as Pick<Rollout, 'state'>;
        const reachedPercent = shareReached({ name, rings: JSON.parse(rings) }, state.ring);
        if (reachedPercent === undefined) return [];
        return [{ rolloutId, updateId: parseUpdateId(update_id), rings: name, reachedPercent }];
      });
    },

    async changeRollout(before, { after, computers, decisions, records }, author) {
      // A step without news happens every few minutes: readers need not read again for it.
      const isNews = before.version === 0 || records.length > 0 || before.waitsFor !== after.waitsFor;
      const topics: Topic[] = [
        ...(decisions.length > 0 ? (['deployments'] as const) : []),
        ...(isNews ? (['rings'] as const) : []),
      ];
      const isDone = await transact(database, async (transaction) => {
        const stamp = await takeStamp(transaction, engine, author.at.getTime());
        if (!(await writeProgress(transaction, before, after))) return false;
        const rows = computers.map((one) => toExposureRow(before.rolloutId, one));
        for (const some of inPieces(rows)) await writeExposures(transaction, some);
        const by = `ring:${before.rolloutId}`;
        for (const decision of decisions)
          await writeDecision(transaction, { ...decision, administrator: author.name }, { author, stamp, by });
        const subject = 'release' in before ? `agent ${before.release}` : before.updateId;
        for (const record of records) await recordAudit(transaction, author, { ...record, subject });
        for (const topic of topics) await markChange(transaction, topic);
        return true;
      });
      if (isDone) for (const topic of topics) changes.announce(topic);
      return isDone;
    },

    noteRhythms: () => noteRhythms(tables, engine),

    loadRingComputers: (rollout, after, limit) => loadRingComputers(tables, engine, rollout, { after, limit }),
  };
}

/** Removes the notes of rings on removed computers. */
export async function forgetInRings(transaction: Kysely<Tables>, computerIds: readonly string[]): Promise<void> {
  await transaction.deleteFrom('computer_rhythms').where('computer_id', 'in', computerIds).execute();
  await transaction
    .deleteFrom('rollout_computers')
    // All of them, by name: the key of the table begins with it.
    .where('rollout_id', 'in', (all) =>
      all.selectFrom('rollouts').select('rollout_id').unionAll(all.selectFrom('release_rollouts').select('rollout_id')),
    )
    .where('computer_id', 'in', computerIds)
    .execute();
}

type ProgressRow = Omit<Tables['rollouts'], 'update_id'>;

function toRollout(row: ProgressRow): Omit<Rollout, 'updateId'> {
  const progress = JSON.parse(row.progress) as Pick<Rollout, 'state' | 'reachedAt' | 'waitsFor'>;
  const { rollout_id: rolloutId, plan_id: planId, version, started_at: startedAt } = row;
  return { rolloutId, planId, version, startedAt, ...progress };
}

async function writeProgress(
  transaction: Kysely<Tables>,
  before: Rollout | ReleaseRollout,
  { state, reachedAt, waitsFor }: Pick<Rollout, 'state' | 'reachedAt' | 'waitsFor'>,
): Promise<boolean> {
  const { rolloutId, planId, version, startedAt } = before;
  const row = { status: state.status, progress: JSON.stringify({ state, reachedAt, waitsFor }), version: version + 1 };
  if (version > 0) {
    const changed = await transaction
      .updateTable('release' in before ? 'release_rollouts' : 'rollouts')
      .set(row)
      .where('rollout_id', '=', rolloutId)
      .where('version', '=', version)
      .executeTakeFirstOrThrow();
    return Number(changed.numUpdatedRows) > 0;
  }
  const first = { ...row, rollout_id: rolloutId, plan_id: planId, started_at: startedAt };
  const insert =
    'release' in before
      ? transaction
          .insertInto('release_rollouts')
          .values({ ...first, release: before.release })
          .onConflict((conflict) => conflict.column('release').doNothing())
      : transaction
          .insertInto('rollouts')
          .values({ ...first, update_id: before.updateId })
          .onConflict((conflict) => conflict.column('update_id').doNothing());
  const { numInsertedOrUpdatedRows } = await insert.executeTakeFirstOrThrow();
  return Number(numInsertedOrUpdatedRows) > 0;
}

function exposureStatement(tables: Kysely<Tables>) {
  const row = { rollout_id: '', computer_id: '', ring: 0, outcome: '', outcome_at: 0, connected_at_offer: 0 };
  return prepareInsert(row, (rows) =>
    tables
      .insertInto('rollout_computers')
      .values(rows)
      .onConflict((conflict) =>
        conflict.columns(['rollout_id', 'computer_id']).doUpdateSet(excluded('outcome', 'outcome_at')),
      ),
  );
}

function toExposureRow(rolloutId: string, one: RolloutComputer) {
  return {
    ...{ rollout_id: rolloutId, computer_id: one.computerId, ring: one.ring },
    ...{ outcome: one.outcome, outcome_at: one.outcomeAt, connected_at_offer: one.connectedAtOffer },
  };
}

/** The same sums as afterGap, as one statement. */
async function noteRhythms(tables: Kysely<Tables>, engine: Database['engine']): Promise<void> {
  const least = sql.raw(engine === 'sqlite' ? 'min' : 'least');
  const gap = sql`(excluded.last_contact - known.last_contact)`;
  const counted = sql`${least}(${gap}, ${sql.lit(slowestGapMs)})`;
  const isGap = sql`${gap} >= ${sql.lit(oneCheckInMs)}`;
  await sql`
    insert into computer_rhythms as known (computer_id, gaps, gap_ms, deviation_ms, connected_ms, last_contact)
    select one.computer_id, 0, 0, 0, 0, one.last_contact from computers one
      left join computer_rhythms before on before.computer_id = one.computer_id
      where before.computer_id is null or one.last_contact <> before.last_contact
    on conflict (computer_id) do update set
      gaps = case when ${isGap} then ${least}(known.gaps + 1, 1000) else known.gaps end,
      deviation_ms = case when not (${isGap}) then known.deviation_ms when known.gaps = 0 then ${counted} / 2
        else known.deviation_ms + (abs(${counted} - known.gap_ms) - known.deviation_ms) / 4 end,
      gap_ms = case when not (${isGap}) then known.gap_ms when known.gaps = 0 then ${counted}
        else known.gap_ms + (${counted} - known.gap_ms) / 8 end,
      connected_ms = case when ${isGap} then known.connected_ms + ${least}(${gap}, ${sql.lit(connectedPerGapMs)})
        else known.connected_ms end,
      last_contact = case when ${isGap} or ${gap} < 0 then excluded.last_contact else known.last_contact end`.execute(
    tables,
  );
}
