// Marks of computers whose identity changes or is shared, kept as it happens: to find them by comparing every name with every
// other took minutes. Names beyond what is kept of one computer go.
import { type Kysely, sql } from 'kysely';
import type { Engine } from '../database.ts';

export async function up(database: Kysely<unknown>, engine: Engine): Promise<void> {
  for (const statement of [...columns(engine), ...rows]) await sql.raw(statement).execute(database);
}

function columns(engine: Engine): string[] {
  const added = [
    'current_name text',
    'identity_changes bigint not null default 0',
    'identity_changed_at bigint',
    'shared_at bigint',
    'targeting_noted_until bigint',
  ];
  // SQLite adds one at a time.
  if (engine === 'sqlite') return added.map((column) => `alter table computers add column ${column}`);
  return [`alter table computers ${added.map((column) => `add column ${column}`).join(', ')}`];
}

const namesKept = 16;

const rows = [
  `create table identity_changes (
     computer_id text not null references computers (computer_id) on delete cascade, number bigint not null,
     changed_at bigint not null, aspect text not null, before text not null, after text not null,
     primary key (computer_id, number))`,
  'create index identity_changes_by_time on identity_changes (changed_at)',
  // Two names overlap if one was first seen while an earlier one was still in use: one look along the names of a computer.
  `update computers set shared_at = doubled.together_at from (
     select computer_id, max(case when last_seen < before_it then last_seen else before_it end) as together_at from (
       select computer_id, first_seen, last_seen, max(last_seen) over (
         partition by computer_id order by first_seen, name_key rows between unbounded preceding and 1 preceding
       ) as before_it from computer_names) as along
     where before_it >= first_seen group by computer_id) as doubled
   where doubled.computer_id = computers.computer_id`,
  `delete from computer_names where (computer_id, name_key) in (
     select computer_id, name_key from (
       select computer_id, name_key, row_number() over (partition by computer_id order by last_seen desc, name_key) as place
       from computer_names) as ordered where place > ${namesKept})`,
  `update computers set current_name = newest.name_key from (
     select computer_id, name_key, row_number() over (partition by computer_id order by last_seen desc, name_key) as place
     from computer_names) as newest
   where newest.place = 1 and newest.computer_id = computers.computer_id`,
  'create index computers_by_sharing on computers (shared_at) where shared_at is not null',
  'create index computers_by_identity_change on computers (identity_changed_at) where identity_changed_at is not null',
];
