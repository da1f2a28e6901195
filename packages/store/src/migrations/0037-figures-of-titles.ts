// An import on SQLite leaves the figures of its titles for later, as reports of computers do. A row for each title at once
// costs three pages for each document, in the order of random numbers: a large import took a fifth longer. PostgreSQL writes
// the rows of a statement together.
import { type Kysely, sql } from 'kysely';
import type { Engine } from '../database.ts';

export async function up(database: Kysely<unknown>, engine: Engine): Promise<void> {
  if (engine !== 'sqlite') return;
  for (const statement of statements) await sql.raw(statement).execute(database);
}

const statements = [
  'drop trigger update_figures_of_title',
  `create trigger update_figures_of_title after insert on update_titles begin
     insert into update_figure_changes (update_id, needed, failed) values (new.update_id, 0, 0); end`,
];
