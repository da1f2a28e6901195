// Columns that lists, filters and states read in place of documents, registrations and single events. A database cannot
// read the document of an update. The store fills its facts in (lists/update-facts.ts) for every row whose `facts_of`
// is not its revision. So it does not matter which version wrote the row.
import { type Kysely, sql } from 'kysely';
import type { Engine } from '../database.ts';
import { systemNameOf } from '../lists/system-name.ts';

/**
 * Reports of faults, as describeReport told them at the time of this migration. A query finds the index only by the same
 * words.
 */
export const failedReports = `(event_number in (148, 149, 154, 157, 158, 161, 182, 187, 192, 195, 198, 200, 204, 221, 225,
  522, 525, 541, 545) or (win32_hresult <> 0 and event_number not in (141, 145, 146, 147, 150, 153, 156, 162, 163, 164,
  165, 166, 167, 168, 169, 170, 181, 183, 184, 185, 186, 188, 189, 190, 191, 193, 194, 196, 197, 199, 201, 202, 203, 222,
  223, 224, 226, 521, 523, 524, 542, 543, 544, 546)))`;

/** Status pings of faults. */
export const failedPings = `replace(result_code, '0', '') <> ''`;

export async function up(database: Kysely<unknown>, engine: Engine): Promise<void> {
  for (const statement of [...columns, ...tables(engine), ...filled, ...indexes, ...contactTriggers(engine)]) {
    await sql.raw(statement).execute(database);
  }
  await nameSystems(database);
}

const dayMs = 86_400_000;

const columns = [
  // When the client made the last status report whose states are kept: later updates are unknown to it.
  'alter table computers add column scanned_at bigint',
  // The name of the operating system. It is computed from a registration, so that lists do not need to read that.
  'alter table computers add column os_name text',
  // The day of the last contact, since 1970. An index by the time itself costs a write at each contact of each
  // computer.
  'alter table computer_figures add column contact_day integer',
  // The revision that the facts are of. Until they are read, the row has another one.
  'alter table update_titles add column facts_of integer not null default -1',
  // In lower case of any script. The databases only know lower case of ASCII.
  `alter table update_titles add column title_key text not null default ''`,
  // 0: only deployed as a part of another update.
  'alter table update_titles add column is_listed integer not null default 1',
  // 0 for none, 1 low to 4 critical.
  'alter table update_titles add column severity integer not null default 0',
];

function tables(engine: Engine): string[] {
  const end = engine === 'sqlite' ? 'without rowid' : '';
  return [
    `create table update_articles (
       article text not null, update_id text not null, primary key (article, update_id)) ${end}`,
    `create table update_categories (
       category_id text not null, update_id text not null, primary key (category_id, update_id)) ${end}`,
    `create table superseded_updates (
       update_id text not null, superseded_by text not null, primary key (update_id, superseded_by)) ${end}`,
  ];
}

const filled = [
  // By the clock that is earlier: a client with a clock ahead has not seen what came after its report.
  `update computers set scanned_at = (
     select max(case when time_at_target < received_at then time_at_target else received_at end) from reporting_events
     where reporting_events.computer_id = computers.computer_id and event_number = 156)`,
  `update computer_figures set contact_day = (select last_contact / ${dayMs} from computers
     where computers.computer_id = computer_figures.computer_id)`,
  `delete from computer_update_status where update_id in (
     select update_id from revision_summaries where update_type in ('Category', 'Detectoid'))`,
];

/** One writing for each computer and day. */
function contactTriggers(engine: Engine): string[] {
  const noted = `insert into computer_figures (computer_id, contact_day) values (new.computer_id, new.last_contact / ${dayMs})
    on conflict (computer_id) do update set contact_day = excluded.contact_day;`;
  const onInsert = 'create trigger contact_day_of_computer after insert on computers';
  const onUpdate = 'create trigger contact_day_of_contact after update of last_contact on computers';
  const isAnother = `(old.last_contact / ${dayMs} <> new.last_contact / ${dayMs})`;
  if (engine === 'sqlite')
    return [`${onInsert} begin ${noted} end`, `${onUpdate} when ${isAnother} begin ${noted} end`];
  return [
    `create or replace function moult_contact_day() returns trigger language plpgsql as $$ begin ${noted} return null; end $$`,
    `${onInsert} for each row execute function moult_contact_day()`,
    `${onUpdate} for each row when ${isAnother} execute function moult_contact_day()`,
  ];
}

const indexes = [
  'create index computers_by_scan on computers (scanned_at, computer_id)',
  'create index update_titles_without_facts on update_titles (title_id) where facts_of <> revision_number',
  'create index update_articles_by_update on update_articles (update_id)',
  'create index update_categories_by_update on update_categories (update_id)',
  `create index revision_summaries_of_categories on revision_summaries (update_id)
     where update_type in ('Category', 'Detectoid')`,
  // Of many events few are faults, and those are looked for.
  `create index reporting_events_failed on reporting_events (event_id) where ${failedReports}`,
  `create index self_update_events_failed on self_update_events (event_id) where ${failedPings}`,
];

/** Registrations in steps, so that no start holds all of them at once. */
async function nameSystems(database: Kysely<unknown>): Promise<void> {
  for (let last = ''; ; ) {
    const { rows } = await sql<{ computer_id: string; registration: string }>`
      select computer_id, registration from computers
      where computer_id > ${last} and registration is not null order by computer_id limit 500`.execute(database);
    for (const { computer_id, registration } of rows) {
      const name = systemNameOf(registration);
      if (name !== undefined)
        await sql`update computers set os_name = ${name} where computer_id = ${computer_id}`.execute(database);
    }
    last = rows.at(-1)?.computer_id ?? last;
    if (rows.length < 500) return;
  }
}
