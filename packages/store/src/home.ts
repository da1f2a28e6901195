// The facts of the home page: the computers, their agents, and the newest events.

import { type SqlBool, sql } from 'kysely';
import { beginningOf, leftOut, wholeUpTo } from './bounds.ts';
import { loadLastContact } from './configuration.ts';
import type { AgentCount, HomeEvent, HomeFacts, HomePage } from './contract/index.ts';
import type { Database } from './database.ts';
import { homeReads } from './declared-bounds.ts';
import { loadAttention } from './lists/attention.ts';
import { countUpdates } from './lists/updates.ts';
import { failedPings, failedReports } from './migrations/0009-lists.ts';

/**
 * As noted with the contacts, or with the newest event: a registration is told before its contact is written. It does
 * not have an index, because each contact of each computer writes such an index.
 */
function lastContact(noted: number, events: readonly HomeEvent[]): Date | undefined {
  const newest = Math.max(noted, ...events.map(({ receivedAt }) => receivedAt.getTime()));
  return newest === 0 ? undefined : new Date(newest);
}

const identityDays = 30;

interface HomeParts {
  loadCounters(): Promise<Map<string, number>>;
  countIdentityChanges(since: Date): Promise<{ shared: number; changed: number }>;
  countFaults(): Promise<HomeFacts['faultCounts']>;
  now(): Date;
}

export function homeStore(
  database: Database,
  { loadCounters, countIdentityChanges, countFaults, now }: HomeParts,
): HomePage {
  const { tables } = database;
  const agents = async (): Promise<Pick<HomeFacts, 'computers' | 'agents' | 'otherAgents'>> => {
    const { rows } = await sql<CountedVersion>`
      select generation, case when place <= ${sql.lit(homeReads.maxVersions)} then version end as version,
             count(*) as versions, sum(computers) as computers from (
        select agent_generation as generation, coalesce(agent_version, '') as version, count(*) as computers,
               row_number() over (partition by agent_generation order by count(*) desc, agent_version desc) as place
        from computers group by agent_generation, agent_version) as counted
      group by generation, case when place <= ${sql.lit(homeReads.maxVersions)} then version end`.execute(tables);
    const counted = rows.map(({ generation, version, versions, computers }) => ({
      generation: (generation ?? 'unknown') as AgentCount['generation'],
      version: version === null ? undefined : version.slice(0, homeReads.maxTextLength),
      versions: Number(versions),
      computers: Number(computers),
    }));
    return {
      computers: counted.reduce((sum, { computers }) => sum + computers, 0),
      agents: counted
        .flatMap(({ generation, version, computers }) =>
          version === undefined ? [] : [{ generation, version, computers }],
        )
        .sort((a, b) => a.generation.localeCompare(b.generation) || a.version.localeCompare(b.version)),
      otherAgents: counted.flatMap(({ generation, version, versions, computers }) =>
        version === undefined ? [{ generation, versions, computers }] : [],
      ),
    };
  };

  const selfUpdateEvents = async (limit: number, which: 'all' | 'failed'): Promise<HomeEvent[]> => {
    const rows = await tables
      .selectFrom('self_update_events as event')
      .leftJoin('computers', 'computers.computer_id', 'event.computer_id')
      .select([...pingColumns])
      .select(pingTexts.map((column) => beginningOf(`event.${column}`, homeReads.maxTextLength).as(column)))
      .select(beginningOf('computers.dns_name', homeReads.maxTextLength).as('dns_name'))
      .where(which === 'all' ? everything : sql.raw<SqlBool>(failedPings))
      .orderBy('event.event_id', 'desc')
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      kind: 'self-update',
      id: String(row.event_id),
      at: new Date(row.occurred_at),
      receivedAt: new Date(row.received_at),
      computerId: row.computer_id ?? '',
      computerName: row.dns_name ?? '',
      address: row.address,
      agentGeneration: (row.agent_generation ?? 'unknown') as AgentCount['generation'],
      agentVersion: row.agent_version ?? '',
      what: `${row.component} ${row.activity}`,
      status: row.status,
      resultCode: row.result_code,
      detail: row.item || row.message,
      updateId: undefined,
    }));
  };

  const reports = async (limit: number, which: 'all' | 'failed'): Promise<HomeEvent[]> => {
    const rows = await tables
      .selectFrom('reporting_events as event')
      .leftJoin('computers', 'computers.computer_id', 'event.computer_id')
      .select(['event.event_id', 'event.computer_id', 'event.received_at', 'event.time_at_target'])
      .select(['event.event_number', 'event.win32_hresult', 'event.update_id'])
      .select(wholeUpTo('event.replacement_strings', homeReads.maxStringsBytes, leftOut).as('replacement_strings'))
      .select(beginningOf('computers.dns_name', homeReads.maxTextLength).as('dns_name'))
      .where(which === 'all' ? everything : sql.raw<SqlBool>(failedReports))
      .orderBy('event.event_id', 'desc')
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      kind: 'report',
      id: String(row.event_id),
      at: new Date(row.time_at_target),
      receivedAt: new Date(row.received_at),
      computerId: row.computer_id,
      computerName: row.dns_name ?? '',
      address: '',
      agentGeneration: 'wsus',
      agentVersion: '',
      what: String(row.event_number),
      status: '',
      resultCode: (row.win32_hresult >>> 0).toString(16).padStart(8, '0'),
      detail: (JSON.parse(row.replacement_strings) as string[]).join(' ').slice(0, homeReads.maxTextLength),
      updateId: row.update_id ?? undefined,
    }));
  };

  const registrations = async (limit: number): Promise<HomeEvent[]> => {
    const rows = await tables
      .selectFrom('computers')
      .select(['computer_id', 'address', 'agent_generation', 'agent_version', 'registered_at'])
      .select(beginningOf('dns_name', homeReads.maxTextLength).as('dns_name'))
      .select(beginningOf('os_description', homeReads.maxTextLength).as('os_description'))
      .where('registered_at', 'is not', null)
      .orderBy('registered_at', 'desc')
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      kind: 'registration',
      id: `${row.computer_id} ${row.registered_at}`,
      at: new Date(Number(row.registered_at)),
      receivedAt: new Date(Number(row.registered_at)),
      computerId: row.computer_id,
      computerName: row.dns_name,
      address: row.address,
      agentGeneration: (row.agent_generation ?? 'unknown') as AgentCount['generation'],
      agentVersion: row.agent_version ?? '',
      what: '',
      status: '',
      resultCode: '00000000',
      detail: row.os_description ?? '',
      updateId: undefined,
    }));
  };

  return {
    async loadHomeFacts(eventLimit = 20): Promise<HomeFacts> {
      const byAgent = await agents();
      const events = byTime([
        ...(await selfUpdateEvents(eventLimit, 'all')),
        ...(await reports(eventLimit, 'all')),
        ...(await registrations(eventLimit)),
      ]);
      const faults = byTime([
        ...(await selfUpdateEvents(eventLimit, 'failed')),
        ...(await reports(eventLimit, 'failed')),
      ]).slice(0, eventLimit);
      const counters = await loadCounters();
      const { total: updates, ...decided } = await countUpdates(database);
      return {
        ...byAgent,
        lastContactAt: byAgent.computers === 0 ? undefined : lastContact(await loadLastContact(tables), events),
        identities: await countIdentityChanges(new Date(now().getTime() - identityDays * 86_400_000)),
        updates,
        ...decided,
        attention: await loadAttention(tables, now()),
        events,
        faults,
        faultCounts: await countFaults(),
        counters,
      };
    },
  };
}

const everything = sql<SqlBool>`1 = 1`;

function byTime(events: HomeEvent[]): HomeEvent[] {
  return events.sort((a, b) => b.receivedAt.getTime() - a.receivedAt.getTime());
}

interface CountedVersion {
  generation: string | null;
  version: string | null;
  versions: number;
  computers: number;
}

const pingColumns = [
  ...(['event.event_id', 'event.computer_id', 'event.received_at', 'event.occurred_at', 'event.address'] as const),
  ...(['event.result_code', 'event.agent_generation', 'event.agent_version'] as const),
] as const;
const pingTexts = ['component', 'activity', 'item', 'status', 'message'] as const;
