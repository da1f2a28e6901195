// Updates for administrators: filtered, sorted, page by page. An update is software or a driver that is decided on by
// itself: neither a category nor a detectoid nor a part of a bundle is one.
import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import type {
  ApprovalState,
  Category,
  ListStore,
  Page,
  PagedUpdate,
  PageRequest,
  Sorted,
  UpdateCounts,
  UpdateFilter,
  UpdateSort,
} from '../contract/index.ts';
import type { Database } from '../database.ts';
import type { Tables } from '../schema.ts';
import {
  allOf,
  behindCursor,
  byNumber,
  byText,
  cutPage,
  limited,
  type Order,
  partOf,
  type SortKey,
  sorted,
} from './page.ts';
import { readUpdateFacts, severities } from './update-facts.ts';

export const updateSorts: readonly UpdateSort[] = ['title', 'imported', 'severity', 'needed', 'failed'];

type UpdatePages = 'pageUpdates' | 'listCategories' | 'listSupersedersOf' | 'countUpdates';

export function updatePages(database: Database): Pick<ListStore, UpdatePages> {
  const { tables } = database;
  return {
    async pageUpdates(
      filter: UpdateFilter,
      { sort = 'title', isDescending = false, ...request }: PageRequest & Sorted<UpdateSort>,
    ): Promise<Page<PagedUpdate>> {
      await readUpdateFacts(database);
      const order: Order = { name: sort, by: [...sorts[sort], byText(sql.ref('one.update_id'))], isDescending };
      const keys = sql.join(order.by.map(({ expression }, at) => sql`${expression} as ${sql.id(`key_${at}`)}`));
      const { rows: found } = await sql<Row & Record<string, string | number>>`
        select ${columns}, ${keys} from ${joined}
        where ${allOf([...conditions(filter), ...behindCursor(order, request.cursor)])}
        order by ${sorted(order)} ${limited(request.limit)}`.execute(tables);
      const keyOf = (row: Record<string, string | number>) =>
        order.by.map(({ is }, at) => (is === 'number' ? Number(row[`key_${at}`]) : String(row[`key_${at}`])));
      const { rows, next } = cutPage(found, request, order, keyOf);
      return { items: await described(tables, rows), total: await countIn(tables, filter), next };
    },

    listCategories: (types: readonly string[]) => listCategories(tables, types),

    async listSupersedersOf(updateId: string): Promise<{ updateId: string; title: string }[]> {
      await readUpdateFacts(database);
      const { rows } = await sql<{ update_id: string; title: string }>`
        select one.update_id, one.title from superseded_updates as later
        join update_titles as one on one.update_id = later.superseded_by
        where later.update_id = ${updateId} order by one.title, one.update_id`.execute(tables);
      return rows.map(({ update_id, title }) => ({ updateId: update_id, title }));
    },

    countUpdates: () => countUpdates(database),
  };
}

/** How many updates there are, as every place tells it. */
export async function countUpdates(database: Database): Promise<UpdateCounts> {
  await readUpdateFacts(database);
  const { rows } = await sql<Record<keyof UpdateCounts, number>>`
    select (select count(*) from update_titles as one where ${isUpdate}) as total,
      (select count(*) from ${joined} where ${isUpdate} and updates.is_declined = 1) as declined,
      (select count(distinct decided.update_id) from ${approvals}) as approved,
      (select count(*) from ${approvals}) as deployments`.execute(database.tables);
  const { total = 0, approved = 0, declined = 0, deployments = 0 } = rows[0] ?? {};
  return {
    ...{ total: Number(total), approved: Number(approved) },
    ...{ declined: Number(declined), deployments: Number(deployments) },
  };
}

const approving = sql`('Install', 'OptionalInstall', 'Uninstall')`;

const isUpdate = sql<SqlBool>`one.is_listed = 1`;
/** A part of a bundle that a version of before let be decided on: that can be removed. */
const isDecided = sql<SqlBool>`(updates.is_declined = 1 or exists (
  select 1 from deployments as own where own.update_id = one.update_id and own.action <> 'Inherit'))`;

/** Of updates that are not declined. */
const approvals = sql`deployments as decided
  join update_titles as one on one.update_id = decided.update_id and one.is_listed = 1
  join updates on updates.update_id = decided.update_id and updates.is_declined = 0
  where decided.action in ${approving}`;

const joined = sql`update_titles as one join updates on updates.update_id = one.update_id`;

const isApproved = sql<SqlBool>`exists (select 1 from deployments as decided
  where decided.update_id = one.update_id and decided.action in ${approving})`;
const isSuperseded = sql<SqlBool>`exists (
  select 1 from superseded_updates as later where later.update_id = one.update_id)`;
const inStates = (states: RawBuilder<unknown>) => sql`from computer_update_status as status
  where status.update_id = one.update_id and status.state in ${states}`;
const needing = sql`(2, 3, 6)`;
const failing = sql`(5)`;

const sorts: Readonly<Record<UpdateSort, readonly SortKey[]>> = {
  title: [byText(sql.ref('one.title'))],
  imported: [byNumber(sql.ref('one.revision_id'))],
  severity: [byNumber(sql.ref('one.severity'))],
  needed: [byNumber(sql`(select count(*) ${inStates(needing)})`)],
  failed: [byNumber(sql`(select count(*) ${inStates(failing)})`)],
};

function conditions(filter: UpdateFilter): RawBuilder<SqlBool>[] {
  const { search, title, article, categoryIds = [], approval, groupId, importedSince } = filter;
  const found: RawBuilder<SqlBool>[] = [filter.withDecidedParts ? sql`(${isUpdate} or ${isDecided})` : isUpdate];
  if (search !== undefined && search !== '') found.push(...titleHolds(search));
  if (title !== undefined) found.push(sql`one.title_key = ${title.toLowerCase()}`);
  if (article !== undefined)
    found.push(sql`one.update_id in (select update_id from update_articles where article = ${article})`);
  for (const ids of categoryIds) found.push(inCategories(ids));
  if (filter.severities)
    found.push(sql`one.severity in (${sql.join(filter.severities.map((one) => severities.indexOf(one)))})`);
  if (approval !== undefined) found.push(hasApproval(approval));
  if (groupId !== undefined)
    found.push(sql`exists (select 1 from deployments as decided where decided.update_id = one.update_id
      and decided.group_id = ${groupId} and decided.action in ${approving})`);
  if (filter.isSuperseded !== undefined) found.push(filter.isSuperseded ? isSuperseded : sql`not ${isSuperseded}`);
  if (filter.isNeeded) found.push(sql`exists (select 1 ${inStates(needing)})`);
  if (filter.isFailed) found.push(sql`exists (select 1 ${inStates(failing)})`);
  if (importedSince)
    found.push(sql`one.revision_id in (
    select revision_id from revision_summaries where imported_at >= ${importedSince.getTime()})`);
  return found;
}

/** The first condition is one that PostgreSQL has an index for: it leaves most titles out (migration 0008). */
function titleHolds(search: string): RawBuilder<SqlBool>[] {
  const wanted = search.toLowerCase();
  const ascii = `%${wanted.replaceAll(/[^a-z0-9 .()-]+/g, '%')}%`;
  return [sql`lower(one.title) like ${ascii}`, sql`one.title_key like ${partOf(wanted)} escape '\\'`];
}

function inCategories(ids: readonly string[]): RawBuilder<SqlBool> {
  if (ids.length === 0) return sql`1 = 0`;
  return sql`one.update_id in (select update_id from update_categories where category_id in (${sql.join(ids)}))`;
}

function hasApproval(approval: ApprovalState): RawBuilder<SqlBool> {
  if (approval === 'declined') return sql`updates.is_declined = 1`;
  return approval === 'approved'
    ? sql`(updates.is_declined = 0 and ${isApproved})`
    : sql`(updates.is_declined = 0 and not ${isApproved})`;
}

async function countIn(tables: Kysely<Tables>, filter: UpdateFilter): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from ${joined} where ${allOf(conditions(filter))}`.execute(tables);
  return Number(rows[0]?.count ?? 0);
}

const columns = sql`one.update_id, one.revision_id, one.revision_number, one.title, one.severity,
  case when updates.is_declined = 1 then 'declined' when ${isApproved} then 'approved' else 'unapproved' end as approval,
  case when ${isSuperseded} then 1 else 0 end as is_superseded`;

interface Row {
  update_id: string;
  revision_id: number;
  revision_number: number;
  title: string;
  severity: number;
  approval: ApprovalState;
  is_superseded: number;
}

const idsPerStatement = 500;

/** Facts for the rows of a page alone: categories, articles, and how many computers. */
async function described(tables: Kysely<Tables>, rows: readonly Row[]): Promise<PagedUpdate[]> {
  const found: PagedUpdate[] = [];
  for (let start = 0; start < rows.length; start += idsPerStatement) {
    found.push(...(await describedSome(tables, rows.slice(start, start + idsPerStatement))));
  }
  return found;
}

async function describedSome(tables: Kysely<Tables>, rows: readonly Row[]): Promise<PagedUpdate[]> {
  const ids = sql.join(rows.map(({ update_id }) => update_id));
  const summaries = await sql<{ revision_id: number; update_type: string; imported_at: number }>`
    select revision_id, update_type, imported_at from revision_summaries
    where revision_id in (${sql.join(rows.map(({ revision_id }) => revision_id))})`.execute(tables);
  const articles = await sql<{ update_id: string; article: string }>`
    select update_id, article from update_articles where update_id in (${ids}) order by article`.execute(tables);
  const categories = await sql<{ update_id: string; category_id: string }>`
    select update_id, category_id from update_categories where update_id in (${ids})`.execute(tables);
  const counted = await sql<{ update_id: string; needed: number; failed: number }>`
    select update_id, sum(case when state = 5 then 0 else 1 end) as needed,
      sum(case when state = 5 then 1 else 0 end) as failed
    from computer_update_status where update_id in (${ids}) and state in (2, 3, 5, 6) group by update_id`.execute(
    tables,
  );
  const named = await categoriesOf(tables, [...new Set(categories.rows.map(({ category_id }) => category_id))]);
  const summaryOf = new Map(summaries.rows.map((row) => [Number(row.revision_id), row]));
  const articlesOf = Map.groupBy(articles.rows, ({ update_id }) => update_id);
  const categoriesIn = Map.groupBy(categories.rows, ({ update_id }) => update_id);
  const countsOf = new Map(counted.rows.map((row) => [row.update_id, row]));
  return rows.map((row) => {
    const summary = summaryOf.get(Number(row.revision_id));
    const own = (categoriesIn.get(row.update_id) ?? []).flatMap(({ category_id }) => named.get(category_id) ?? []);
    const counts = countsOf.get(row.update_id);
    return {
      ...{ updateId: row.update_id, revisionId: Number(row.revision_id), revisionNumber: row.revision_number },
      ...{ title: row.title, updateType: summary?.update_type ?? '' },
      articles: (articlesOf.get(row.update_id) ?? []).map(({ article }) => article),
      severity: severities[row.severity] ?? 'unspecified',
      classification: own.find(({ type }) => type === 'UpdateClassification')?.name,
      products: own
        .filter(({ type }) => type === 'Product')
        .map(({ name }) => name)
        .sort(),
      importedAt: new Date(Number(summary?.imported_at ?? 0)),
      approval: row.approval,
      isSuperseded: Number(row.is_superseded) === 1,
      ...{ needed: Number(counts?.needed ?? 0), failed: Number(counts?.failed ?? 0) },
    };
  });
}

async function listCategories(tables: Kysely<Tables>, types: readonly string[]): Promise<Category[]> {
  const { rows } = await sql<{ update_id: string }>`
    select distinct update_id from revision_summaries
    where update_type in ('Category', 'Detectoid') and category_type in (${sql.join(types)})`.execute(tables);
  const found = await categoriesOf(
    tables,
    rows.map(({ update_id }) => update_id),
  );
  return [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** In their newest revisions. */
async function categoriesOf(tables: Kysely<Tables>, ids: readonly string[]): Promise<Map<string, Category>> {
  const found = new Map<string, Category>();
  for (let start = 0; start < ids.length; start += idsPerStatement) {
    const { rows } = await sql<{ update_id: string; category_type: string | null; title: string; clauses: string }>`
      select revisions.update_id, revisions.category_type, title, clauses from revisions
      join revision_summaries on revision_summaries.revision_id = revisions.revision_id
      where revisions.update_id in (${sql.join(ids.slice(start, start + idsPerStatement))})
      order by revisions.revision_number`.execute(tables);
    for (const { update_id, category_type, title, clauses } of rows) {
      const parents = clauses.match(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g) ?? [];
      found.set(update_id, { categoryId: update_id, type: category_type ?? '', name: title, parents });
    }
  }
  return found;
}
