// The facts about single computers that an explanation needs: who they are, and what they reported.

import type { Selectable } from 'kysely';
import { beginningOf, leftOut, wholeUpTo } from './bounds.ts';
import type { ComputerLists, KnownComputer, KnownReport, ReportedEvents } from './contract/index.ts';
import type { Database } from './database.ts';
import { keptBounds, textBytes } from './declared-bounds.ts';
import type { Tables } from './schema.ts';

export function computerHistoryStore({
  tables,
}: Database): Pick<ComputerLists, 'findComputers'> & Pick<ReportedEvents, 'listReports'> {
  return {
    async findComputers(text: string): Promise<KnownComputer[]> {
      const wanted = text.trim().toLowerCase();
      const rows = await tables
        .selectFrom('computers')
        .select([...plainColumns])
        .select([...cutColumns()])
        .where((where) =>
          where.or([
            where('computer_id', '=', wanted),
            where('address', '=', wanted),
            where(where.fn<string>('lower', ['dns_name']), '=', wanted),
            where(where.fn<string>('lower', ['dns_name']), 'like', `${wanted.replaceAll(/[%_\\]/g, '')}.%`),
          ]),
        )
        .limit(keptBounds.maxFound)
        .execute();
      return rows.map(computerOf);
    },

    async listReports(computerId: string, limit: number): Promise<KnownReport[]> {
      const rows = await tables
        .selectFrom('reporting_events')
        .select(['time_at_target', 'received_at', 'event_number', 'update_id', 'win32_hresult'])
        .select(beginningOf('app_name', textBytes.appName).as('app_name'))
        .select(wholeUpTo('replacement_strings', keptBounds.readableJsonBytes, leftOut).as('replacement_strings'))
        .where('computer_id', '=', computerId)
        .orderBy('received_at', 'desc')
        .orderBy('time_at_target', 'desc')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        timeAtTarget: new Date(row.time_at_target),
        receivedAt: new Date(row.received_at),
        eventNumber: row.event_number,
        updateId: row.update_id ?? undefined,
        result: row.win32_hresult >>> 0,
        appName: row.app_name,
        replacementStrings: JSON.parse(row.replacement_strings) as string[],
      }));
    },
  };
}

const plainColumns = [
  ...(['computer_id', 'address', 'agent_generation', 'agent_version', 'first_contact', 'last_contact'] as const),
  ...(['registered_at', 'last_sync', 'last_report'] as const),
] as const;

const cutColumns = () =>
  [
    beginningOf('dns_name', textBytes.name).as('dns_name'),
    beginningOf('os_description', textBytes.fact).as('os_description'),
    wholeUpTo('registration', 2 * textBytes.registration, null).as('registration'),
  ] as const;

type FoundRow = Pick<
  Selectable<Tables['computers']>,
  (typeof plainColumns)[number] | 'dns_name' | 'os_description' | 'registration'
>;

function computerOf(row: FoundRow): KnownComputer {
  const time = (at: number | null) => (at === null ? undefined : new Date(at));
  return {
    computerId: row.computer_id,
    dnsName: row.dns_name,
    address: row.address,
    agentGeneration: row.agent_generation ?? undefined,
    agentVersion: row.agent_version ?? undefined,
    osDescription: row.os_description ?? undefined,
    firstContact: new Date(row.first_contact),
    lastContact: new Date(row.last_contact),
    registeredAt: time(row.registered_at),
    lastSync: time(row.last_sync),
    lastReport: time(row.last_report),
    registration: row.registration === null ? {} : (JSON.parse(row.registration) as Record<string, unknown>),
  };
}
