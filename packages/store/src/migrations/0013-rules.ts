// Rules for approvals, the rule or ring that made a decision, and the time zones of groups. New tables only: servers of
// the release before go on working. An origin counts while its stamp is that of the decision. Later decisions of an
// older server or a person count as a person's.
import { type Kysely, sql } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `create table rules (
       rule_id text primary key, position bigint not null, name text not null, name_key text not null unique,
       is_enabled integer not null, definition text not null, created_at bigint not null, changed_at bigint not null,
       changed_by text not null)`,
    `create table deployment_origins (
       update_id text not null, group_id text not null, origin text not null, changed_at bigint not null,
       primary key (update_id, group_id))`,
    // evidence: the computers that needed the update when it was declined because of its successor, as JSON.
    `create table decline_origins (
       update_id text primary key, origin text not null, changed_at bigint not null, evidence text)`,
    'create table group_zones (group_id text primary key, time_zone text not null)',
  ])
    await sql.raw(statement).execute(database);
}
