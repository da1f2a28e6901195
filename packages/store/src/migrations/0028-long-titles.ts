// Publishers bound no title, and an index of PostgreSQL takes no entry above 2,700 bytes: it refused the whole import. Lists go by
// the first 600 characters.
import { type Kysely, sql } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}

const statements = [
  'create index update_titles_by_beginning on update_titles (substr(title_key, 1, 600), update_id)',
  'drop index update_titles_by_key',
  // The lists of the versions before 0009 went by it.
  'drop index update_titles_by_title',
];
