// Computers as rings look at them: their rhythm, and what they showed of an update or of an agent release.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { unassignedComputers } from './built-in-groups.ts';
import type { ReleaseRollout, RingComputer, Rollout, RolloutComputer } from './contract/index.ts';
import type { Engine } from './database.ts';
import type { Tables } from './schema.ts';

/** A page of all computers, by id. */
export async function loadRingComputers(
  tables: Kysely<Tables>,
  engine: Engine,
  rollout: Rollout | ReleaseRollout,
  { after, limit }: { after: string; limit: number },
): Promise<RingComputer[]> {
  const { state, contact, scanned, from, only } = factsOf(rollout);
  const { rows } = await sql<ComputerRow>`
    select one.computer_id, one.agent_version, one.requested_groups, one.first_contact, one.last_contact,
      ${contact} as last_sync, ${scanned} as scanned_at,
      rhythm.gaps, rhythm.gap_ms, rhythm.deviation_ms, rhythm.connected_ms,
      ${state} as state, shown.ring, shown.outcome, shown.outcome_at, shown.connected_at_offer,
      (select ${sql.raw(engine === 'sqlite' ? 'group_concat' : 'string_agg')}(group_id, ',') from computer_groups
        where computer_groups.computer_id = one.computer_id) as groups
    from computers one
    left join computer_rhythms rhythm on rhythm.computer_id = one.computer_id
    ${from}
    left join rollout_computers shown
      on shown.computer_id = one.computer_id and shown.rollout_id = ${rollout.rolloutId}
    where one.computer_id > ${after} ${only} order by one.computer_id limit ${limit}`.execute(tables);
  return rows.map(toComputer);
}

interface Facts {
  state: RawBuilder<unknown>;
  contact: RawBuilder<unknown>;
  scanned: RawBuilder<unknown>;
  from: RawBuilder<unknown>;
  only: RawBuilder<unknown>;
}

function factsOf(rollout: Rollout | ReleaseRollout): Facts {
  if (!('release' in rollout))
    return {
      ...{ state: sql`status.state`, contact: sql`one.last_sync`, scanned: sql`one.scanned_at`, only: sql`` },
      from: sql`left join computer_update_status status
        on status.computer_id = one.computer_id and status.update_id = ${rollout.updateId}`,
    };
  // An agent that does not start asks for no updates: each contact counts. No two epochs have one version.
  const version = rollout.release.replace(/^\d+:/, '');
  const failed = sql`exists (select 1 from self_update_events told where told.computer_id = one.computer_id
    and told.received_at >= ${rollout.startedAt} and told.status = 'f' and told.item like ${`%.${version}`})`;
  return {
    state: sql`case when one.agent_version = ${version} then 4 when ${failed} then 5 end`,
    ...{ contact: sql`one.last_contact`, scanned: sql`0`, from: sql`` },
    only: sql`and one.agent_generation = 'wsus'`,
  };
}

interface ComputerRow {
  computer_id: string;
  agent_version: string | null;
  requested_groups: string;
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
    agentVersion: row.agent_version ?? undefined,
    requestedGroups: row.requested_groups,
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
