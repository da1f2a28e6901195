// Known issues: on which updates and computers they hold or advise.
import { type Kysely, sql } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `create table holds (
         hold_id text primary key, effect text not null, says text not null, link text, ends_at bigint,
         condition text not null, source text, added_by text not null, added_at bigint not null)`,
    )
    .execute(database);
}
