// Agent releases on their way through rings. A new table only: servers of the release before go on working.
import { type Kysely, sql } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`create table release_rollouts (
       rollout_id text primary key, plan_id text not null references ring_plans (plan_id), release text not null unique,
       version bigint not null, status text not null, progress text not null, started_at bigint not null)`)
    .execute(database);
}
