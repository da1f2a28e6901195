// What the home page tells: who is here, with which agent, and what happened last.
import type { Database } from './database.ts';

export interface AgentCount {
  generation: 'sus' | 'wsus' | 'unknown';
  version: string;
  computers: number;
}

export interface HomeEvent {
  kind: 'self-update' | 'report';
  at: Date;
  computerId: string;
  /** DNS name, '' when not known. */
  computerName: string;
  /** Self-update: component and activity as pinged (`au` `s`). Report: the event number of MS-WUSP 2.2.2.3.1. */
  what: string;
  status: string;
  resultCode: string;
  detail: string;
  updateId: string | undefined;
}

export interface HomeFacts {
  computers: number;
  agents: AgentCount[];
  updates: number;
  deployments: number;
  /** Newest first, both kinds together. */
  events: HomeEvent[];
  counters: Map<string, number>;
}

export function homeStore({ tables }: Database, loadCounters: () => Promise<Map<string, number>>) {
  const countOf = async (table: 'updates' | 'deployments') => {
    const row = await tables
      .selectFrom(table)
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return Number(row.count);
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
      at: new Date(row.occurred_at),
      computerId: row.computer_id ?? '',
      computerName: row.dns_name ?? '',
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
      at: new Date(row.time_at_target),
      computerId: row.computer_id,
      computerName: row.dns_name ?? '',
      what: String(row.event_number),
      status: '',
      resultCode: (row.win32_hresult >>> 0).toString(16).padStart(8, '0'),
      detail: (JSON.parse(row.replacement_strings) as string[]).join(' '),
      updateId: row.update_id ?? undefined,
    }));
  };

  return {
    /** Everything the home page shows. `eventLimit` bounds the list of last events. */
    async loadHomeFacts(eventLimit = 20): Promise<HomeFacts> {
      const byAgent = await agents();
      const events = [...(await selfUpdateEvents(eventLimit)), ...(await reports(eventLimit))]
        .sort((a, b) => b.at.getTime() - a.at.getTime())
        .slice(0, eventLimit);
      return {
        computers: byAgent.reduce((sum, { computers }) => sum + computers, 0),
        agents: byAgent,
        updates: await countOf('updates'),
        deployments: await countOf('deployments'),
        events,
        counters: await loadCounters(),
      };
    },
  };
}
