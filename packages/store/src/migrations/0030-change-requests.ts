// Changes that one person asked for, and that another one confirms. A new table only: servers of the release before go on working.
import { type Kysely, sql } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `create table change_requests (
       request_id text primary key, operation text not null, input text not null, target text, account_id text not null,
       asked_by text not null, asked_at bigint not null, expires_at bigint not null, state text not null,
       decided_by text, decided_at bigint, outcome text)`,
    'create index change_requests_by_time on change_requests (asked_at)',
  ])
    await sql.raw(statement).execute(database);
}
