// How far each group was on a day. A new table only: servers of the release before go on working. It stays when such a server
// restores its backup, because nothing else has these figures.
import { type Kysely, sql } from 'kysely';
import type { Engine } from '../database.ts';

export async function up(database: Kysely<unknown>, engine: Engine): Promise<void> {
  await sql
    .raw(`create table if not exists group_days (
      group_id text not null, day integer not null, computers integer not null, up_to_date integer not null,
      needing integer not null, failing integer not null, never_reported integer not null, silent integer not null,
      primary key (group_id, day)) ${engine === 'sqlite' ? 'without rowid' : ''}`)
    .execute(database);
}
