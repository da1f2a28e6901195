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
import { addUpBeforeList } from '../update-figures.ts';
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
import { readRows } from './read-rows.ts';
import { compareNames } from './sort-keys.ts';
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
      const isAddedUp = await addUpBeforeList(database);
      const order: Order = { name: sort, by: sorts[sort], isDescending };
      const keys = sql.join(order.by.map(({ expression }, at) => sql`${expression} as ${sql.id(`key_${at}`)}`));
      const statement = sql<Row & Record<string, string | number>>`
        select ${columns(filter)}, ${keys} from ${isFigure(sort) ? withFigures(isAddedUp) : joined} ${described}
        where ${allOf([...conditions(filter), ...behindCursor(order, request.cursor)])}
        order by ${sorted(order)} ${limited(request.limit)}`;
      const { rows: found } = await readRows(database, statement, request.limit);
      const keyOf = (row: Record<string, string | number>) =>
        order.by.map(({ is }, at) => (is === 'number' ? Number(row[`key_${at}`]) : String(row[`key_${at}`])));
      const { rows, next } = cutPage(found, request, order, keyOf);
      return { items: await withFacts(tables, rows, filter), total: await countIn(tables, filter), next };
    },

    listCategories: (types: readonly string[]) => listCategories(tables, types),

    async listSupersedersOf(updateId: string): Promise<{ updateId: string; title: string }[]> {
      await readUpdateFacts(database);
      const { rows } = await sql<{ update_id: string; title: string }>`
        select one.update_id, one.title from superseded_updates as later
        join update_titles as one on one.update_id = later.superseded_by
        where later.update_id = ${updateId} order by one.title_key, one.update_id`.execute(tables);
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

/** Of updates that are not declined. */
const approvals = sql`deployments as decided
  join update_titles as one on one.update_id = decided.update_id and one.is_listed = 1
  join updates on updates.update_id = decided.update_id and updates.is_declined = 0
  where decided.action in ${approving}`;

const joined = sql`update_titles as one join updates on updates.update_id = one.update_id`;

function isApproved({ within }: Pick<UpdateFilter, 'within'>): RawBuilder<SqlBool> {
  const there = within ? sql`and decided.group_id in (${sql.join(within.length > 0 ? within : [''])})` : sql``;
  return sql`exists (select 1 from deployments as decided
    where decided.update_id = one.update_id and decided.action in ${approving} ${there})`;
}
const isSuperseded = sql<SqlBool>`exists (
  select 1 from superseded_updates as later where later.update_id = one.update_id)`;
const isExpired = sql<SqlBool>`exists (
  select 1 from revision_summaries as summary where summary.revision_id = one.revision_id and summary.is_expired = 1)`;
/** Each title has its row of figures, when all are added up. The other way needs no rows, and reads all titles. */
const withFigures = (isAddedUp: boolean) => sql`${isAddedUp ? sql`update_figures` : figuresOrNone} as figures
  join update_titles as one on one.update_id = figures.update_id join updates on updates.update_id = one.update_id`;
const figuresOrNone = sql`(select title.update_id, coalesce(own.needed, 0) as needed, coalesce(own.failed, 0) as failed
  from update_titles as title left join update_figures as own on own.update_id = title.update_id)`;
const ofFigures = (figure: 'needed' | 'failed') => sql<SqlBool>`exists (
  select 1 from update_figures as own where own.update_id = one.update_id and own.${sql.ref(figure)} > 0)`;

/** As the index has it (migration 0028). */
const beginningOfTitle = sql`substr(one.title_key, 1, 600)`;
const ownId = byText(sql.ref('one.update_id'));
const idOfFigures = byText(sql.ref('figures.update_id'));

/** Each is what an index is in the order of. */
const sorts: Readonly<Record<UpdateSort, readonly SortKey[]>> = {
  title: [byText(beginningOfTitle), ownId],
  imported: [byNumber(sql.ref('one.revision_id')), ownId],
  severity: [byNumber(sql.ref('one.severity')), ownId],
  needed: [byNumber(sql.ref('figures.needed')), idOfFigures],
  failed: [byNumber(sql.ref('figures.failed')), idOfFigures],
};

function isFigure(sort: UpdateSort): boolean {
  return sort === 'needed' || sort === 'failed';
}

function conditions(filter: UpdateFilter): RawBuilder<SqlBool>[] {
  const { search, title, article, categoryIds = [], approval, groupId, importedSince } = filter;
  const found: RawBuilder<SqlBool>[] = filter.withParts ? [] : [isUpdate];
  if (search !== undefined && search !== '') found.push(...titleHolds(search));
  if (filter.updateIds)
    found.push(filter.updateIds.length === 0 ? sql`1 = 0` : sql`one.update_id in (${sql.join(filter.updateIds)})`);
  if (title !== undefined) found.push(...isTitle(title.toLowerCase()));
  if (article !== undefined)
    found.push(sql`one.update_id in (select update_id from update_articles where article = ${article})`);
  for (const ids of categoryIds) found.push(inCategories(ids));
  if (filter.severities)
    found.push(sql`one.severity in (${sql.join(filter.severities.map((one) => severities.indexOf(one)))})`);
  if (approval !== undefined) found.push(hasApproval(approval, filter));
  if (groupId !== undefined)
    found.push(sql`exists (select 1 from deployments as decided where decided.update_id = one.update_id
      and decided.group_id = ${groupId} and decided.action in ${approving})`);
  if (filter.isSuperseded !== undefined) found.push(filter.isSuperseded ? isSuperseded : sql`not ${isSuperseded}`);
  if (filter.isExpired !== undefined) found.push(filter.isExpired ? isExpired : sql`not ${isExpired}`);
  if (filter.isNeeded) found.push(ofFigures('needed'));
  if (filter.isFailed) found.push(ofFigures('failed'));
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

/** The first condition is one that the index finds. */
function isTitle(key: string): RawBuilder<SqlBool>[] {
  const beginning = sql`substr(cast(${key} as text), 1, 600)`;
  return [sql`${beginningOfTitle} = ${beginning}`, sql`one.title_key = ${key}`];
}

function inCategories(ids: readonly string[]): RawBuilder<SqlBool> {
  if (ids.length === 0) return sql`1 = 0`;
  return sql`one.update_id in (select update_id from update_categories where category_id in (${sql.join(ids)}))`;
}

function hasApproval(approval: ApprovalState, filter: UpdateFilter): RawBuilder<SqlBool> {
  if (approval === 'declined') return sql`updates.is_declined = 1`;
  return approval === 'approved'
    ? sql`(updates.is_declined = 0 and ${isApproved(filter)})`
    : sql`(updates.is_declined = 0 and not ${isApproved(filter)})`;
}

/** Each title is of an update: to count them, the others need not be read. */
function asksUpdates({ approval }: UpdateFilter): boolean {
  return approval !== undefined;
}

async function countIn(tables: Kysely<Tables>, filter: UpdateFilter): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from ${asksUpdates(filter) ? joined : sql`update_titles as one`}
    where ${allOf(conditions(filter))}`.execute(tables);
  return Number(rows[0]?.count ?? 0);
}

/** One row of each for a title, found by its key. */
const described = sql`left join revision_summaries as summary on summary.revision_id = one.revision_id
  left join update_figures as counted on counted.update_id = one.update_id`;

const columns = (
  filter: UpdateFilter,
) => sql`one.update_id, one.revision_id, one.revision_number, one.title, one.severity,
  summary.update_type, summary.imported_at, summary.is_expired, counted.needed, counted.failed,
  case when updates.is_declined = 1 then 'declined' when ${isApproved(filter)} then 'approved' else 'unapproved' end as approval,
  case when ${isSuperseded} then 1 else 0 end as is_superseded`;

interface Row {
  update_id: string;
  revision_id: number;
  revision_number: number;
  title: string;
  severity: number;
  approval: ApprovalState;
  is_superseded: number;
  update_type: string | null;
  imported_at: number | null;
  is_expired: number | null;
  needed: number | null;
  failed: number | null;
}

const idsPerStatement = 2000;

/** Facts for the rows of a page alone: categories and articles. */
async function withFacts(
  tables: Kysely<Tables>,
  rows: readonly Row[],
  { within }: UpdateFilter,
): Promise<PagedUpdate[]> {
  const articlesOf = new Map<string, string[]>();
  const categoriesIn = new Map<string, string[]>();
  for (let start = 0; start < rows.length; start += idsPerStatement) {
    const ids = sql.join(rows.slice(start, start + idsPerStatement).map(({ update_id }) => update_id));
    const articles = await sql<{ update_id: string; article: string }>`
      select update_id, article from update_articles where update_id in (${ids}) order by article`.execute(tables);
    const categories = await sql<{ update_id: string; category_id: string }>`
      select update_id, category_id from update_categories where update_id in (${ids})`.execute(tables);
    for (const { update_id, article } of articles.rows) addTo(articlesOf, update_id, article);
    for (const { update_id, category_id } of categories.rows) addTo(categoriesIn, update_id, category_id);
  }
  const named = await categoriesOf(tables, [...new Set([...categoriesIn.values()].flat())]);
  return rows.map((row) => {
    const own = (categoriesIn.get(row.update_id) ?? []).flatMap((id) => named.get(id) ?? []);
    const paged = toPaged(row, { articles: articlesOf.get(row.update_id) ?? [], categories: own });
    // The figures are of all computers.
    return within ? { ...paged, needed: undefined, failed: undefined } : paged;
  });
}

function addTo(lists: Map<string, string[]>, key: string, value: string): void {
  const known = lists.get(key);
  if (known) known.push(value);
  else lists.set(key, [value]);
}

function toPaged(row: Row, { articles, categories }: { articles: string[]; categories: Category[] }): PagedUpdate {
  return {
    ...{ updateId: row.update_id, revisionId: Number(row.revision_id), revisionNumber: row.revision_number },
    ...{ title: row.title, updateType: row.update_type ?? '', articles },
    severity: severities[row.severity] ?? 'unspecified',
    classification: categories.find(({ type }) => type === 'UpdateClassification')?.name,
    products: categories
      .filter(({ type }) => type === 'Product')
      .map(({ name }) => name)
      .sort(compareNames),
    importedAt: new Date(Number(row.imported_at ?? 0)),
    approval: row.approval,
    isSuperseded: Number(row.is_superseded) === 1,
    isExpired: Number(row.is_expired) === 1,
    ...{ needed: Number(row.needed ?? 0), failed: Number(row.failed ?? 0) },
  };
}

async function listCategories(tables: Kysely<Tables>, types: readonly string[]): Promise<Category[]> {
  const { rows } = await sql<{ update_id: string }>`
    select distinct update_id from revision_summaries
    where update_type in ('Category', 'Detectoid') and category_type in (${sql.join(types)})`.execute(tables);
  const found = await categoriesOf(
    tables,
    rows.map(({ update_id }) => update_id),
  );
  return [...found.values()].sort((one, other) => compareNames(one.name, other.name));
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
