// Under which names one SusClientId was seen: several at the same time are clones of one installation.
import { type Kysely, sql } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}

const statements = [
  `create table computer_names (
     computer_id text not null references computers (computer_id) on delete cascade, name_key text not null,
     dns_name text not null, address text not null, first_seen bigint not null, last_seen bigint not null,
     times_seen bigint not null, primary key (computer_id, name_key))`,
  `insert into computer_names (computer_id, name_key, dns_name, address, first_seen, last_seen, times_seen)
     select computer_id, lower(dns_name), dns_name, address, first_contact, last_contact, 1
     from computers where dns_name <> ''`,
  'create index reporting_events_by_time on reporting_events (received_at)',
  'create index audit_by_time on audit (occurred_at)',
];
