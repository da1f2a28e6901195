// The facts that rules depend on: updates, the decisions on them, and the computers that need them.
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { DecidedNow, RuleStore, StoredEvidence, StoredRuleFacts } from './contract/index.ts';
import type { Database, Engine } from './database.ts';
import { toDeployment } from './deployments.ts';
import { stateOf } from './lists/states.ts';
import { readUpdateFacts, severities } from './lists/update-facts.ts';
import { updateStates } from './update-status.ts';

type RuleFactStore = Pick<RuleStore, 'readRuleFacts' | 'loadDecided' | 'loadEvidence' | 'countBytesOf'>;

const idsPerQuery = 500;

export function ruleFactStore(database: Database): RuleFactStore {
  const { tables } = database;
  return {
    async readRuleFacts(after: number, limit: number): Promise<StoredRuleFacts[]> {
      await readUpdateFacts(database);
      const { rows } = await sql<FactsRow>`
        select one.title_id, one.update_id, one.revision_id, one.title, one.severity, newest.update_type, newest.is_expired,
          (select min(imported_at) from revision_summaries as first where first.update_id = one.update_id) as arrived_at,
          (select count(*) from computer_update_status as status
            where status.update_id = one.update_id and status.state in (2, 3, 6)) as needed,
          (select count(*) from superseded_updates as later where later.update_id = one.update_id) as successors
        from update_titles as one join revision_summaries as newest on newest.revision_id = one.revision_id
        where one.title_id > ${after} and one.is_listed = 1 order by one.title_id limit ${limit}`.execute(tables);
      const ids = rows.map(({ update_id }) => update_id);
      const categories = await pairsOf('update_categories', 'category_id', ids);
      const articles = await pairsOf('update_articles', 'article', ids);
      return rows.map((row) => ({
        ...{ titleId: Number(row.title_id), updateId: row.update_id, revisionId: Number(row.revision_id) },
        ...{ title: row.title, updateType: row.update_type, isExpired: Number(row.is_expired) === 1 },
        isSuperseded: Number(row.successors) > 0,
        severity: severities[Number(row.severity)] ?? 'unspecified',
        categories: new Set(categories.get(row.update_id)),
        articles: articles.get(row.update_id) ?? [],
        arrivedAt: Number(row.arrived_at),
        needed: Number(row.needed),
      }));
    },

    async loadDecided(updateIds: readonly string[]): Promise<Map<string, DecidedNow>> {
      const found = new Map<string, DecidedNow>();
      for (const some of pieces(updateIds)) {
        const { rows } = await sql<DeclineRow>`
          select updates.update_id, updates.is_declined, updates.changed_at, origins.origin
          from updates left join decline_origins as origins
            on origins.update_id = updates.update_id and origins.changed_at = updates.changed_at
          where updates.update_id in (${sql.join(some)})`.execute(tables);
        for (const row of rows)
          found.set(row.update_id, {
            ...{ deployments: [], isDeclined: Number(row.is_declined) === 1, declineBy: row.origin ?? undefined },
            declinedAt: new Date(Number(row.changed_at)),
          });
        const decided = await tables
          .selectFrom('deployments')
          .leftJoin('deployment_origins as origins', (join) =>
            join
              .onRef('origins.update_id', '=', 'deployments.update_id')
              .onRef('origins.group_id', '=', 'deployments.group_id')
              .onRef('origins.changed_at', '=', 'deployments.changed_at'),
          )
          .selectAll('deployments')
          .select('origins.origin')
          .where('deployments.update_id', 'in', some)
          .execute();
        for (const row of decided) found.get(row.update_id)?.deployments.push(toDeployment(row));
      }
      return found;
    },

    async loadEvidence(updateId, successors, declined): Promise<StoredEvidence[]> {
      const { rows } = await sql<EvidenceRow>`
        select computers.computer_id, computers.os_version, computers.manufacturer, computers.model,
          computers.first_contact, computers.identity_changed_at, ${stateOf} as state
        from updates as wanted join computers on computers.registered_at is not null
        left join computer_update_status as status
          on status.computer_id = computers.computer_id and status.update_id = wanted.update_id
        where wanted.update_id = ${updateId} and ${mayNeed(declined, database.engine)}`.execute(tables);
      const known = new Set(declined?.known);
      const asked = rows.flatMap((row) => {
        const state = evidenceState(row, known, declined?.at);
        return state === 'not-needed' ? [] : [{ row, state }];
      });
      const ids = asked.map(({ row }) => row.computer_id);
      const groups = await groupsOf(ids);
      const states = await statesOf(ids, successors);
      return asked.map(({ row, state }) => ({
        ...{ computerId: row.computer_id, state, groupIds: groups.get(row.computer_id) ?? [] },
        osVersion: row.os_version ?? undefined,
        manufacturer: row.manufacturer ?? undefined,
        model: row.model ?? undefined,
        successors: successors.map((id) => successorState(states.get(`${row.computer_id} ${id}`))),
      }));
    },

    async countBytesOf(revisionIds: readonly number[]): Promise<number> {
      const files = new Map<string, number>();
      for (const some of pieces(revisionIds)) {
        const rows = await tables
          .selectFrom('revision_files')
          .select(['sha1', 'size_bytes'])
          .where('revision_id', 'in', some)
          .execute();
        for (const { sha1, size_bytes } of rows) files.set(sha1, Number(size_bytes));
      }
      return [...files.values()].reduce((total, bytes) => total + bytes, 0);
    },
  };

  async function pairsOf(table: string, column: string, ids: readonly string[]): Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>();
    for (const some of pieces(ids)) {
      const { rows } = await sql<{ update_id: string; value: string }>`
        select update_id, ${sql.ref(column)} as value from ${sql.table(table)}
        where update_id in (${sql.join(some)})`.execute(tables);
      for (const { update_id, value } of rows) found.set(update_id, [...(found.get(update_id) ?? []), value]);
    }
    return found;
  }

  async function groupsOf(ids: readonly string[]): Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>();
    for (const some of pieces(ids)) {
      const rows = await tables.selectFrom('computer_groups').selectAll().where('computer_id', 'in', some).execute();
      for (const { computer_id, group_id } of rows)
        found.set(computer_id, [...(found.get(computer_id) ?? []), group_id]);
    }
    return found;
  }

  async function statesOf(computerIds: readonly string[], updateIds: readonly string[]): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    if (updateIds.length === 0) return found;
    for (const some of pieces(computerIds)) {
      const { rows } = await sql<{ computer_id: string; update_id: string; state: number }>`
        select computers.computer_id, wanted.update_id, ${stateOf} as state
        from updates as wanted join computers on computers.computer_id in (${sql.join(some)})
        left join computer_update_status as status
          on status.computer_id = computers.computer_id and status.update_id = wanted.update_id
        where wanted.update_id in (${sql.join(updateIds)})`.execute(tables);
      for (const { computer_id, update_id, state } of rows) found.set(`${computer_id} ${update_id}`, Number(state));
    }
    return found;
  }
}

interface FactsRow {
  title_id: number;
  update_id: string;
  revision_id: number;
  title: string;
  severity: number;
  update_type: string;
  is_expired: number;
  arrived_at: number;
  needed: number;
  successors: number;
}

interface DeclineRow {
  update_id: string;
  is_declined: number;
  changed_at: number;
  origin: string | null;
}

interface EvidenceRow {
  computer_id: string;
  os_version: string | null;
  manufacturer: string | null;
  model: string | null;
  first_contact: number;
  identity_changed_at: number | null;
  state: number;
}

/** Leaves out in the database whoever does not count: most computers, of most updates. */
function mayNeed(declined: { at: Date; known: readonly string[] } | undefined, engine: Engine): RawBuilder<SqlBool> {
  if (!declined) return sql<SqlBool>`${stateOf} not in (${updateStates.notApplicable}, ${updateStates.installed})`;
  const at = declined.at.getTime();
  // One parameter, however many there are: an engine takes only so many.
  const known = JSON.stringify(declined.known.map((id) => id.replace('?', '')));
  const ids =
    engine === 'sqlite'
      ? sql`select value from json_each(${known})`
      : sql`select jsonb_array_elements_text(${known}::jsonb)`;
  const isKnown = sql`computers.computer_id in (${ids})`;
  return sql<SqlBool>`(computers.first_contact > ${at} or computers.identity_changed_at > ${at} or ${isKnown})`;
}

/**
 * Of a declined update computers say nothing any more: those that needed it then still count, and those that came or changed
 * since may need it.
 */
function evidenceState(
  row: EvidenceRow,
  known: ReadonlySet<string>,
  declinedAt: Date | undefined,
): StoredEvidence['state'] {
  const state = Number(row.state);
  if (!declinedAt) return state === 0 ? 'unknown' : state === 1 || state === 4 ? 'not-needed' : 'needed';
  if (known.has(row.computer_id)) return 'needed';
  if (known.has(`?${row.computer_id}`)) return 'unknown';
  const since = Math.max(Number(row.first_contact), Number(row.identity_changed_at ?? 0));
  return since > declinedAt.getTime() ? 'unknown' : 'not-needed';
}

/** One that failed is still to be installed. */
function successorState(state = 0): StoredEvidence['successors'][number] {
  return state === 0 ? 'unknown' : state === 1 ? 'not-applicable' : state === 4 ? 'installed' : 'needed';
}

function pieces<Value>(values: readonly Value[]): Value[][] {
  return Array.from({ length: Math.ceil(values.length / idsPerQuery) }, (_, at) =>
    values.slice(at * idsPerQuery, (at + 1) * idsPerQuery),
  );
}
