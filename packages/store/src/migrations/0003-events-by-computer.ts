// An event instance counts once for its computer. One index in place of two, and the events of a batch are neighbours in
// it: with one over the instances alone, each event of ten million finds its own page on the disk.
import { type Kysely, sql } from 'kysely';
import type { Engine } from '../database.ts';

export async function up(database: Kysely<unknown>, engine: Engine): Promise<void> {
  for (const statement of engine === 'sqlite' ? sqlite : postgres) await sql.raw(statement).execute(database);
}

const postgres = [
  'drop index reporting_events_by_computer',
  'alter table reporting_events drop constraint reporting_events_instance_id_key',
  'alter table reporting_events add constraint reporting_events_once unique (computer_id, instance_id)',
];

const columns = `event_id, instance_id, computer_id, received_at, time_at_target, namespace_id, event_number, source_id,
  update_id, revision_number, win32_hresult, app_name, replacement_strings, misc_data`;

/** SQLite cannot remove a constraint, so this migration makes a new table. */
const sqlite = [
  'alter table reporting_events rename to old_reporting_events',
  `create table reporting_events (
     event_id integer primary key autoincrement, instance_id text not null, computer_id text not null,
     received_at bigint not null, time_at_target bigint not null, namespace_id integer not null,
     event_number integer not null, source_id integer not null, update_id text, revision_number integer not null,
     win32_hresult integer not null, app_name text not null, replacement_strings text not null, misc_data text not null,
     unique (computer_id, instance_id))`,
  `insert into reporting_events (${columns}) select ${columns} from old_reporting_events`,
  `update sqlite_sequence set seq = (select seq from sqlite_sequence where name = 'old_reporting_events')
     where name = 'reporting_events'`,
  'drop table old_reporting_events',
  'create index reporting_events_by_time on reporting_events (received_at)',
];
