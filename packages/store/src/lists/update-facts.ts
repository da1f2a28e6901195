// The facts of updates beside their titles, for lists: articles, severity, categories, what supersedes them, and
// whether an administrator decides on them at all. Read from documents once for each newest revision, and kept in
// tables.
import { decodeClause, decodeSupersedes } from '@moult/catalog';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { ListStore, Severity } from '../contract/index.ts';
import type { Database } from '../database.ts';
import { unpacked } from '../packing.ts';
import type { Tables } from '../schema.ts';
import { transact } from '../transact.ts';

/** As Microsoft rates a vulnerability, weakest first. An update without a rating is 0. */
export const severities: readonly Severity[] = ['unspecified', 'low', 'moderate', 'important', 'critical'];

export function updateFactStore(database: Database): Pick<ListStore, 'readUpdateFacts'> {
  return {
    readUpdateFacts: () => readUpdateFacts(database),
  };
}

export async function readUpdateFacts(database: Database): Promise<number> {
  for (let read = 0; ; ) {
    const wanted = await titlesWithoutFacts(database.tables);
    if (wanted.length === 0) return read;
    const facts = await factsOf(database.tables, wanted);
    await transact(database, (transaction) => writeFacts(transaction, facts));
    read += wanted.length;
  }
}

interface WantedTitle {
  title_id: number;
  update_id: string;
  revision_id: number;
  revision_number: number;
  title: string;
}

interface UpdateFacts extends WantedTitle {
  isListed: boolean;
  severity: number;
  articles: string[];
  categories: string[];
  supersedes: string[];
}

const titlesPerStep = 500;

function titlesWithoutFacts(tables: Kysely<Tables>): Promise<WantedTitle[]> {
  return tables
    .selectFrom('update_titles')
    .select(['title_id', 'update_id', 'revision_id', 'revision_number', 'title'])
    .whereRef('facts_of', '<>', 'revision_number')
    .orderBy('title_id')
    .limit(titlesPerStep)
    .execute();
}

async function factsOf(tables: Kysely<Tables>, wanted: readonly WantedTitle[]): Promise<UpdateFacts[]> {
  const ids = wanted.map(({ revision_id }) => revision_id);
  const summaries = await tables
    .selectFrom('revision_summaries')
    .select(['revision_id', 'explicitly_deployable', 'clauses', 'more'])
    .where('revision_id', 'in', ids)
    .execute();
  const fragments = await tables
    .selectFrom('revisions')
    .select(['revision_id', 'extended'])
    .where('revision_id', 'in', ids)
    .execute();
  const summaryOf = new Map(summaries.map((row) => [Number(row.revision_id), row]));
  const fragmentOf = new Map(fragments.map(({ revision_id, extended }) => [Number(revision_id), extended]));
  return wanted.map((title) => {
    const summary = summaryOf.get(Number(title.revision_id));
    const fragment = fragmentOf.get(Number(title.revision_id));
    const extended = fragment ? readable(fragment) : '';
    return {
      ...title,
      isListed: summary?.explicitly_deployable !== 0,
      severity: severityIn(extended),
      articles: articlesIn(title.title, extended),
      categories: categoriesIn(summary?.clauses ?? ''),
      supersedes: decodeSupersedes(summary?.more ?? undefined),
    };
  });
}

/** One fragment that is damaged must not keep all lists away. */
function readable(fragment: Uint8Array): string {
  try {
    return unpacked(fragment);
  } catch {
    return '';
  }
}

/** `MsrcSeverity` of the properties: 0 for none and for a word that was never published. */
function severityIn(extended: string): number {
  const [properties = ''] = /<(?:\w+:)?ExtendedProperties\b[^>]*>/.exec(extended) ?? [];
  const word = /\bMsrcSeverity="([^"]*)"/.exec(properties)?.[1]?.trim().toLowerCase();
  return Math.max(0, severities.indexOf(word as Severity));
}

/** Numbers of KB articles: those of the metadata, and those in the title as Microsoft writes them there. */
export function articlesIn(title: string, extended: string): string[] {
  const inTitle = [...title.matchAll(/\bKB(\d{1,9})\b/gi)];
  const inMetadata = [...extended.matchAll(/<(?:\w+:)?KBArticleID>\s*(?:KB)?(\d{1,9})\s*</gi)];
  return [...new Set([...inMetadata, ...inTitle].map(([, number = '']) => number))];
}

/** Products, classification and the rest: prerequisites that are categories. */
function categoriesIn(clauses: string): string[] {
  if (clauses === '') return [];
  const categories = clauses
    .split(';')
    .map(decodeClause)
    .filter(({ isCategory }) => isCategory);
  return [...new Set(categories.flatMap(({ anyOf }) => anyOf))];
}

async function writeFacts(transaction: Kysely<Tables>, facts: readonly UpdateFacts[]): Promise<void> {
  const ids = facts.map(({ update_id }) => update_id);
  await transaction.deleteFrom('update_articles').where('update_id', 'in', ids).execute();
  await transaction.deleteFrom('update_categories').where('update_id', 'in', ids).execute();
  await insertPairs(
    transaction,
    'update_articles (article, update_id)',
    facts.flatMap(({ update_id, articles }) => articles.map((article) => [article, update_id] as const)),
  );
  await insertPairs(
    transaction,
    'update_categories (category_id, update_id)',
    facts.flatMap(({ update_id, categories }) => categories.map((id) => [id, update_id] as const)),
  );
  await insertPairs(
    transaction,
    'superseded_updates (update_id, superseded_by)',
    facts.flatMap(({ update_id, supersedes }) => supersedes.map((id) => [id, update_id] as const)),
  );
  const members = facts.filter(({ isListed }) => !isListed).map(({ update_id }) => update_id);
  // A state of a part is not a state of an update: its bundle has one.
  if (members.length > 0)
    await transaction.deleteFrom('computer_update_status').where('update_id', 'in', members).execute();
  for (let start = 0; start < facts.length; start += rowsPerStatement) {
    await markRead(transaction, facts.slice(start, start + rowsPerStatement));
  }
}

const rowsPerStatement = 100;

async function insertPairs(
  transaction: Kysely<Tables>,
  table: string,
  pairs: readonly (readonly [string, string])[],
): Promise<void> {
  for (let start = 0; start < pairs.length; start += rowsPerStatement) {
    const rows = pairs.slice(start, start + rowsPerStatement).map(([one, other]) => sql`(${one}, ${other})`);
    await sql`insert into ${sql.raw(table)} values ${sql.join(rows)} on conflict do nothing`.execute(transaction);
  }
}

/** A newer revision that came meanwhile is read in the next step. */
async function markRead(transaction: Kysely<Tables>, facts: readonly UpdateFacts[]): Promise<void> {
  const rows: RawBuilder<unknown>[] = facts.map(
    ({ title_id, revision_number, title, isListed, severity }) => sql`select cast(${Number(title_id)} as bigint) as id,
      cast(${Number(revision_number)} as integer) as number, cast(${title.toLowerCase()} as text) as title,
      cast(${isListed ? 1 : 0} as integer) as listed, cast(${severity} as integer) as severity`,
  );
  await sql`update update_titles set facts_of = found.number, title_key = found.title, is_listed = found.listed,
      severity = found.severity
    from (${sql.join(rows, sql` union all `)}) as found
    where update_titles.title_id = found.id and update_titles.revision_number = found.number`.execute(transaction);
}
