// Rings in the database. A change of an update on its way is one transaction. It counts only in the version that it was
// made for. So two servers, or a killed one, leave one state.
import { parseUpdateId } from '@moult/catalog';
import type { RingShare } from '@moult/catalog/holds';
import { connectedPerGapMs, oneCheckInMs, shareReached, slowestGapMs } from '@moult/catalog/rings';
import { type Kysely, sql } from 'kysely';
import { recordAudit } from './audit.ts';
import { unassignedComputers } from './built-in-groups.ts';
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type { RingComputer, RingStore, Rollout, RolloutComputer, StoredPlan, Topic } from './contract/index.ts';
import type { Database } from './database.ts';
import { writeDecision } from './deployments.ts';
import { ServerError } from './errors.ts';
import { compareNames } from './lists/sort-keys.ts';
import { excluded, inPieces, prepareInsert } from './prepared.ts';
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
        for (const { rollout_id } of ids)
          await transaction.deleteFrom('rollout_computers').where('rollout_id', '=', rollout_id).execute();
        await transaction.deleteFrom('rollouts').where('plan_id', '=', planId).execute();
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
      return rows.map((row): Rollout => {
        const progress = JSON.parse(row.progress) as Pick<Rollout, 'state' | 'reachedAt' | 'waitsFor'>;
        const { rollout_id: rolloutId, plan_id: planId, update_id: updateId, version, started_at: startedAt } = row;
        return { rolloutId, planId, updateId, version, startedAt, ...progress };
      });
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
        for (const record of records) await recordAudit(transaction, author, { ...record, subject: before.updateId });
        for (const topic of topics) await markChange(transaction, topic);
        return true;
      });
      if (isDone) for (const topic of topics) changes.announce(topic);
      return isDone;
    },

    noteRhythms: () => noteRhythms(tables, engine),

    async loadRingComputers({ rolloutId, updateId }, after, limit) {
      const { rows } = await sql<ComputerRow>`
        select one.computer_id, one.first_contact, one.last_contact, one.last_sync, one.scanned_at,
          rhythm.gaps, rhythm.gap_ms, rhythm.deviation_ms, rhythm.connected_ms,
          status.state, shown.ring, shown.outcome, shown.outcome_at, shown.connected_at_offer,
          (select ${sql.raw(engine === 'sqlite' ? 'group_concat' : 'string_agg')}(group_id, ',') from computer_groups
            where computer_groups.computer_id = one.computer_id) as groups
        from computers one
        left join computer_rhythms rhythm on rhythm.computer_id = one.computer_id
        left join computer_update_status status on status.computer_id = one.computer_id and status.update_id = ${updateId}
        left join rollout_computers shown on shown.computer_id = one.computer_id and shown.rollout_id = ${rolloutId}
        where one.computer_id > ${after} order by one.computer_id limit ${limit}`.execute(tables);
      return rows.map(toComputer);
    },
  };
}

/** Removes the notes of rings on removed computers. */
export async function forgetInRings(transaction: Kysely<Tables>, computerIds: readonly string[]): Promise<void> {
  await transaction.deleteFrom('computer_rhythms').where('computer_id', 'in', computerIds).execute();
  await transaction
    .deleteFrom('rollout_computers')
    // All of them, by name: the key of the table begins with it.
    .where('rollout_id', 'in', (all) => all.selectFrom('rollouts').select('rollout_id'))
    .where('computer_id', 'in', computerIds)
    .execute();
}

async function writeProgress(
  transaction: Kysely<Tables>,
  { rolloutId, planId, updateId, version, startedAt }: Rollout,
  { state, reachedAt, waitsFor }: Pick<Rollout, 'state' | 'reachedAt' | 'waitsFor'>,
): Promise<boolean> {
  const row = { status: state.status, progress: JSON.stringify({ state, reachedAt, waitsFor }), version: version + 1 };
  if (version === 0) {
    const { numInsertedOrUpdatedRows } = await transaction
      .insertInto('rollouts')
      .values({ ...row, rollout_id: rolloutId, plan_id: planId, update_id: updateId, started_at: startedAt })
      .onConflict((conflict) => conflict.column('update_id').doNothing())
      .executeTakeFirstOrThrow();
    return Number(numInsertedOrUpdatedRows) > 0;
  }
  const { numUpdatedRows } = await transaction
    .updateTable('rollouts')
    .set(row)
    .where('rollout_id', '=', rolloutId)
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
  return Number(numUpdatedRows) > 0;
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

interface ComputerRow {
  computer_id: string;
  first_contact: number;
  last_contact: number;
  last_sync: number | null;
  scanned_at: number | null;
  gaps: number | null;
  gap_ms: number | null;
  deviation_ms: number | null;
  connected_ms: number | null;
  state: number | null;
  ring: number | null;
  outcome: string | null;
  outcome_at: number | null;
  connected_at_offer: number | null;
  groups: string | null;
}

function toComputer(row: ComputerRow): RingComputer {
  const number = (value: number | null) => Number(value ?? 0);
  return {
    computerId: row.computer_id,
    groupIds: row.groups?.split(',') ?? [unassignedComputers],
    firstContact: Number(row.first_contact),
    lastContact: Number(row.last_contact),
    ...{ lastSync: number(row.last_sync), scannedAt: number(row.scanned_at) },
    rhythm: {
      ...{ gaps: number(row.gaps), gapMs: number(row.gap_ms) },
      ...{ deviationMs: number(row.deviation_ms), connectedMs: number(row.connected_ms) },
    },
    state: row.state === null ? undefined : Number(row.state),
    exposure:
      row.ring === null
        ? undefined
        : {
            ...{ computerId: row.computer_id, ring: Number(row.ring) },
            outcome: (row.outcome ?? 'none') as RolloutComputer['outcome'],
            ...{ outcomeAt: number(row.outcome_at), connectedAtOffer: number(row.connected_at_offer) },
          },
  };
}
