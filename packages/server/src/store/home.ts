// What the home page tells: who is here, with which agent, and what happened last.
import { sql } from 'kysely';
import type { Database } from './database.ts';

export interface AgentCount {
  generation: 'sus' | 'wsus' | 'unknown';
  version: string;
  computers: number;
}

export interface HomeEvent {
  kind: 'self-update' | 'registration' | 'report';
  /** Names the event among those of its kind. */
  id: string;
  /** By the client's clock; for a ping that waited in urllog.dat long before `receivedAt`. */
  at: Date;
  /** By ours: the order of events. */
  receivedAt: Date;
  computerId: string;
  /** DNS name, '' when not known. */
  computerName: string;
  /** Where the ping came from, '' for a report. */
  address: string;
  agentGeneration: AgentCount['generation'];
  /** '' when not known. */
  agentVersion: string;
  /** Self-update: component and activity as pinged (`au` `s`). Report: the event number of MS-WUSP 2.2.2.3.1. */
  what: string;
  status: string;
  resultCode: string;
  detail: string;
  updateId: string | undefined;
}

export interface HomeFacts {
  computers: number;
  lastContactAt: Date | undefined;
  agents: AgentCount[];
  updates: number;
  deployments: number;
  /** Newest first, all kinds together, of each kind as many as were asked for. */
  events: HomeEvent[];
  counters: Map<string, number>;
}

export function homeStore({ tables }: Database, loadCounters: () => Promise<Map<string, number>>) {
  const countOf = async (table: 'updates' | 'deployments') => {
    const counted = tables.selectFrom(table).select(({ fn }) => fn.countAll<number>().as('count'));
    // A decision that was taken back is none.
    const row = await (table === 'deployments'
      ? counted.where(sql`action`, '<>', 'Inherit')
      : counted
    ).executeTakeFirst();
    return Number(row?.count ?? 0);
  };

  const agents = async (): Promise<AgentCount[]> => {
    const rows = await tables
      .selectFrom('computers')
      .select(['agent_generation', 'agent_version', ({ fn }) => fn.countAll<number>().as('count')])
      .groupBy(['agent_generation', 'agent_version'])
      .execute();
    return rows
      .map(({ agent_generation, agent_version, count }) => ({
        generation: (agent_generation ?? 'unknown') as AgentCount['generation'],
        version: agent_version ?? '',
        computers: Number(count),
      }))
      .sort((a, b) => a.generation.localeCompare(b.generation) || a.version.localeCompare(b.version));
  };

  const selfUpdateEvents = async (limit: number): Promise<HomeEvent[]> => {
    const rows = await tables
      .selectFrom('self_update_events as event')
      .leftJoin('computers', 'computers.computer_id', 'event.computer_id')
      .selectAll('event')
      .select('computers.dns_name')
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

  const reports = async (limit: number): Promise<HomeEvent[]> => {
    const rows = await tables
      .selectFrom('reporting_events as event')
      .leftJoin('computers', 'computers.computer_id', 'event.computer_id')
      .selectAll('event')
      .select('computers.dns_name')
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
      detail: (JSON.parse(row.replacement_strings) as string[]).join(' '),
      updateId: row.update_id ?? undefined,
    }));
  };

  const registrations = async (limit: number): Promise<HomeEvent[]> => {
    const rows = await tables
      .selectFrom('computers')
      .select(['computer_id', 'dns_name', 'address', 'agent_generation', 'agent_version', 'os_description'])
      .select('registered_at')
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

  const lastContactAt = async (): Promise<Date | undefined> => {
    const row = await tables
      .selectFrom('computers')
      .select(({ fn }) => fn.max('last_contact').as('last'))
      .executeTakeFirstOrThrow();
    return row.last === null ? undefined : new Date(Number(row.last));
  };

  return {
    /**
     * Everything the home page shows. `eventLimit` bounds the events of each kind for itself: a thousand computers that
     * register in the morning must not drive the one that could not update itself off the page.
     */
    async loadHomeFacts(eventLimit = 20): Promise<HomeFacts> {
      const byAgent = await agents();
      const events = [
        ...(await selfUpdateEvents(eventLimit)),
        ...(await reports(eventLimit)),
        ...(await registrations(eventLimit)),
      ].sort((a, b) => b.receivedAt.getTime() - a.receivedAt.getTime());
      return {
        computers: byAgent.reduce((sum, { computers }) => sum + computers, 0),
        lastContactAt: await lastContactAt(),
        agents: byAgent,
        updates: await countOf('updates'),
        deployments: await countOf('deployments'),
        events,
        counters: await loadCounters(),
      };
    },
  };
}
