// Computers that an administrator looks at first: those that need updates, those where one failed, those that are
// silent.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { beginningOf } from '../bounds.ts';
import type { Attention, NoticedComputer } from '../contract/index.ts';
import { homeReads } from '../declared-bounds.ts';
import { dayOf, loadFigures } from '../figures.ts';
import type { Tables } from '../schema.ts';

export async function loadAttention(tables: Kysely<Tables>, now: Date): Promise<Attention> {
  const since = silentSince(now);
  const { known, reported, needing, failing, silent } = await loadFigures(tables, since);
  const [needed, failed] = [sql`needed`, sql`failed`];
  return {
    needing: { computers: needing, first: needing === 0 ? [] : await firstBy(tables, needed) },
    failing: { computers: failing, first: failing === 0 ? [] : await firstBy(tables, failed) },
    silent: { computers: silent, first: silent === 0 ? [] : await firstSilent(tables, since) },
    silentDays: homeReads.silentDays,
    neverReported: known - reported,
  };
}

/** A computer whose last contact was before the day of this counts as silent. */
export function silentSince(now: Date): Date {
  return new Date(now.getTime() - homeReads.silentDays * 86_400_000);
}

async function firstBy(tables: Kysely<Tables>, figure: RawBuilder<unknown>): Promise<NoticedComputer[]> {
  const { rows } = await sql<NoticedRow>`
    select ${columns()}, figures.updates from (
      select computer_id, ${figure} as updates from computer_figures where known = 1 and ${figure} > 0
      order by ${figure} desc, computer_id limit ${sql.lit(homeReads.maxNoticed)}) as figures
    join computers on computers.computer_id = figures.computer_id
    order by figures.updates desc, figures.computer_id`.execute(tables);
  return rows.map(toNoticed);
}

async function firstSilent(tables: Kysely<Tables>, since: Date): Promise<NoticedComputer[]> {
  const { rows } = await sql<NoticedRow>`
    select ${columns()}, 0 as updates from (
      select computer_id, contact_day from computer_figures where known = 1 and contact_day < ${dayOf(since)}
      order by contact_day, computer_id limit ${sql.lit(homeReads.maxNoticed)}) as figures
    join computers on computers.computer_id = figures.computer_id
    order by figures.contact_day, figures.computer_id`.execute(tables);
  return rows.map(toNoticed);
}

// Made again each time: bounds may have been set since this was loaded.
const columns =
  () => sql`computers.computer_id, ${beginningOf('computers.dns_name', homeReads.maxTextLength)} as dns_name,
  computers.address, computers.last_contact`;

interface NoticedRow {
  computer_id: string;
  dns_name: string;
  address: string;
  last_contact: number;
  updates: number;
}

function toNoticed({ computer_id, dns_name, address, last_contact, updates }: NoticedRow): NoticedComputer {
  return {
    ...{ computerId: computer_id, dnsName: dns_name, address, updates: Number(updates) },
    lastContact: new Date(Number(last_contact)),
  };
}
