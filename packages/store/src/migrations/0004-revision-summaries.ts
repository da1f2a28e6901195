// The part of each revision that a start reads, apart from the documents and short. Beside the documents, each start read
// all of them from the disk. The old JSON is split at text between quotes. No text inside it can hold such quotes, because
// they are escaped.
import { type Kysely, sql } from 'kysely';
import type { Engine } from '../database.ts';

export async function up(database: Kysely<unknown>, engine: Engine): Promise<void> {
  for (const statement of statements(engine)) await sql.raw(statement).execute(database);
}

const columns = `revision_id, update_id, revision_number, update_type, category_type, imported_at, explicitly_deployable,
  is_expired, clauses, more`;

function statements(engine: Engine): string[] {
  // SQLite's own row number, and no index beside the table.
  const key = engine === 'sqlite' ? 'integer' : 'bigint';
  return [
    `create table revision_summaries (
       revision_id ${key} primary key references revisions (revision_id) on delete cascade, update_id text not null,
       revision_number integer not null, update_type text not null, category_type text, imported_at bigint not null,
       explicitly_deployable integer not null, is_expired integer not null, clauses text not null, more text)`,
    `insert into revision_summaries (${columns})
       select revision_id, update_id, revision_number, update_type, category_type, imported_at,
         case when summary like '%"explicitlyDeployable":true%' then 1 else 0 end,
         case when summary like '%"isExpired":true%' then 1 else 0 end, ${clauses(engine)}, ${more(engine)}
       from revisions order by revision_id`,
    'alter table revisions drop column summary',
  ];
}

/** `{"isCategory":false,"anyOf":["A","B"]},{"isCategory":true,"anyOf":["C"]}` becomes `-A|B;+C`. */
function clauses(engine: Engine): string {
  const before = ',"prerequisiteClauses":[';
  const start = `${position(engine, before)} + ${before.length}`;
  const shortened = [
    ['{"isCategory":false,"anyOf":["', '-'],
    ['{"isCategory":true,"anyOf":["', '+'],
    ['"]},', ';'],
    ['"]}', ''],
    ['","', '|'],
  ];
  return shortened.reduce(
    (text, [long, short]) => `replace(${text}, '${long}', '${short}')`,
    `substr(summary, ${start}, ${position(engine, behindClauses)} - (${start}))`,
  );
}

function more(engine: Engine): string {
  const rest = `substr(summary, ${position(engine, behindClauses)} + 2)`;
  return `case when ${rest} = '"bundleClauses":[],"supersedes":[],"drivers":[]}' then null else '{' || ${rest} end`;
}

const behindClauses = '],"bundleClauses":';

function position(engine: Engine, text: string): string {
  return `${engine === 'sqlite' ? 'instr' : 'strpos'}(summary, '${text}')`;
}
