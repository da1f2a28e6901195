// Rings: plans, updates on their way through them, and how often each computer checks in. Also the outcome of each
// offered update on each computer. New tables only: servers of the release before go on working.
import { type Kysely, sql } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of [
    'create table ring_plans (plan_id text primary key, name text not null, name_key text not null unique, rings text not null)',
    `create table rollouts (
       rollout_id text primary key, plan_id text not null references ring_plans (plan_id), update_id text not null unique,
       version bigint not null, status text not null, progress text not null, started_at bigint not null)`,
    `create table rollout_computers (
       rollout_id text not null, computer_id text not null, ring bigint not null, outcome text not null,
       outcome_at bigint not null, connected_at_offer bigint not null, primary key (rollout_id, computer_id))`,
    `create table computer_rhythms (
       computer_id text primary key, gaps bigint not null, gap_ms bigint not null, deviation_ms bigint not null,
       connected_ms bigint not null, last_contact bigint not null)`,
  ])
    await sql.raw(statement).execute(database);
}
