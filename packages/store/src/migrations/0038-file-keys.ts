// The keys of encrypted files. A new table only: servers of the release before go on working, and do not see it. It stays
// when such a server restores its backup.
import { type Kysely, sql } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`create table if not exists file_keys (
      sha1 text primary key, update_id text not null, revision_number integer not null, sealed text, sealed_with text,
      attempts integer not null)`)
    .execute(database);
}
