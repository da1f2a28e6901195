// The events, newest first, page by page: reports, status pings, changes of identities, and the audit.
import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import { beginningOf, leftOut, wholeUpTo } from '../bounds.ts';
import type {
  AuditFilter,
  IdentityAspect,
  ListStore,
  Page,
  PagedAuditRecord,
  PagedIdentityChange,
  PagedPing,
  PagedReport,
  PageRequest,
  PingFilter,
  ReportFilter,
  TimeSpan,
} from '../contract/index.ts';
import type { Database } from '../database.ts';
import { keptBounds, textBytes } from '../declared-bounds.ts';
import { stretchesAbout } from '../event-blocks.ts';
import { loadFigures } from '../figures.ts';
import { failedPings, failedReports } from '../migrations/0009-lists.ts';
import { isWithin } from '../reach/is-within.ts';
import type { Tables } from '../schema.ts';
import { eventOf, pingColumns } from '../self-update-events.ts';
import { allOf, beginningWith, behindCursor, byNumber, byText, cutPage, limited, type Order, sorted } from './page.ts';

type EventPages = 'pageReports' | 'pageStatusPings' | 'pageIdentityChanges' | 'pageAudit' | 'countFaults';

export function eventPages({ tables, engine }: Database): Pick<ListStore, EventPages> {
  return {
    async pageReports(filter: ReportFilter, request: PageRequest): Promise<Page<PagedReport>> {
      const order = newestFirst('reports', sql.ref('event.event_id'));
      const wanted = reportConditions(filter);
      const isLookedUp = engine === 'sqlite' && filter.updateId !== undefined && filter.computerId === undefined;
      if (isLookedUp) return pageAbout(tables, filter.updateId ?? '', wanted, order, request);
      const rows = await reports(tables, [...wanted, ...behindCursor(order, request.cursor)], order, request.limit);
      const { rows: kept, next } = cutPage(rows, request, order, ({ event_id }) => [Number(event_id)]);
      return { items: kept.map(toReport), total: await countReports(tables, filter, wanted), next };
    },

    async pageStatusPings(filter: PingFilter, request: PageRequest): Promise<Page<PagedPing>> {
      const order = newestFirst('pings', sql.ref('event.event_id'));
      const { computerId, isFailed } = filter;
      const wanted = [
        ...(computerId === undefined ? [] : [sql<SqlBool>`event.computer_id = ${computerId}`]),
        ...(isFailed ? [sql.raw<SqlBool>(failedPings)] : []),
        ...reached('event.computer_id', filter),
        ...within('event.received_at', filter),
      ];
      const { rows } = await sql<PingRow>`select ${sql.join(pingColumns())},
          ${beginningOf('computers.dns_name', textBytes.name)} as dns_name
        from self_update_events as event left join computers on computers.computer_id = event.computer_id
        where ${allOf([...wanted, ...behindCursor(order, request.cursor)])}
        order by ${sorted(order)} ${limited(request.limit)}`.execute(tables);
      const { rows: kept, next } = cutPage(rows, request, order, ({ event_id }) => [Number(event_id)]);
      const items = kept.map((row) => ({ ...eventOf(row), dnsName: row.dns_name ?? '' }));
      return { items, total: await count(tables, sql`self_update_events as event`, wanted), next };
    },

    async pageIdentityChanges(
      filter: { computerId?: string | undefined; within?: readonly string[] | undefined },
      request: PageRequest,
    ): Promise<Page<PagedIdentityChange>> {
      const by = [
        byNumber(sql.ref('change.changed_at')),
        byText(sql.ref('change.computer_id')),
        byNumber(sql.ref('change.number')),
      ];
      const order: Order = { name: 'identity', by, isDescending: true };
      const { computerId } = filter;
      const wanted = [
        ...(computerId === undefined ? [] : [sql<SqlBool>`change.computer_id = ${computerId}`]),
        ...reached('change.computer_id', filter),
      ];
      const from = sql`identity_changes as change join computers on computers.computer_id = change.computer_id`;
      const { rows } = await sql<Tables['identity_changes'] & { dns_name: string }>`
        select change.computer_id, change.number, change.changed_at, change.aspect, change.before, change.after,
          ${beginningOf('computers.dns_name', textBytes.name)} as dns_name
        from ${from} where ${allOf([...wanted, ...behindCursor(order, request.cursor)])}
        order by ${sorted(order)} ${limited(request.limit)}`.execute(tables);
      const keyOf = (row: Tables['identity_changes']) => [Number(row.changed_at), row.computer_id, Number(row.number)];
      const { rows: kept, next } = cutPage(rows, request, order, keyOf);
      const items = kept.map(({ computer_id, dns_name, changed_at, aspect, before, after }) => ({
        ...{ computerId: computer_id, dnsName: dns_name, at: new Date(Number(changed_at)) },
        ...{ aspect: aspect as IdentityAspect, before, after },
      }));
      return { items, total: await count(tables, from, wanted), next };
    },

    async pageAudit(filter: AuditFilter, request: PageRequest): Promise<Page<PagedAuditRecord>> {
      const order = newestFirst('audit', sql.ref('audit_id'));
      const { subject, actor, action } = filter;
      const wanted = [
        ...(subject === undefined ? [] : [sql<SqlBool>`subject = ${subject}`]),
        ...(actor === undefined
          ? []
          : [
              sql<SqlBool>`(lower(actor) = ${actor.toLowerCase()}
          or lower(actor) like ${beginningWith(`${actor.toLowerCase()} (`)} escape '\\')`,
            ]),
        ...(action === undefined ? [] : [sql<SqlBool>`action like ${`%${action.replaceAll(/[\\%_]/g, '')}%`}`]),
        ...within('occurred_at', filter),
      ];
      const { rows } = await sql<AuditRow>`
        select audit_id, occurred_at, actor, action, subject, before, after, ${nameOfSubject} as subject_name
        from audit where ${allOf([...wanted, ...behindCursor(order, request.cursor)])}
        order by ${sorted(order)} ${limited(request.limit)}`.execute(tables);
      const { rows: kept, next } = cutPage(rows, request, order, ({ audit_id }) => [Number(audit_id)]);
      return { items: kept.map(toAuditRecord), total: await count(tables, sql`audit`, wanted), next };
    },

    async countFaults(): Promise<{ reports: Map<number, number>; pings: number }> {
      const { rows } = await sql<{ event_number: number; count: number }>`
        select event_number, count(*) as count from reporting_events where ${sql.raw(failedReports)}
        group by event_number`.execute(tables);
      const pings = await count(tables, sql`self_update_events`, [sql.raw<SqlBool>(failedPings)]);
      return { reports: new Map(rows.map(({ event_number, count: found }) => [event_number, Number(found)])), pings };
    },
  };
}

function newestFirst(name: string, id: RawBuilder<unknown>): Order {
  return { name, by: [byNumber(id)], isDescending: true };
}

function within(column: string, { since, until }: TimeSpan): RawBuilder<SqlBool>[] {
  return [
    ...(since ? [sql<SqlBool>`${sql.ref(column)} >= ${since.getTime()}`] : []),
    ...(until ? [sql<SqlBool>`${sql.ref(column)} < ${until.getTime()}`] : []),
  ];
}

function reached(column: string, filter: { within?: readonly string[] | undefined }): RawBuilder<SqlBool>[] {
  return filter.within ? [isWithin(sql.ref(column), filter.within)] : [];
}

async function count(
  tables: Kysely<Tables>,
  from: RawBuilder<unknown>,
  wanted: readonly RawBuilder<SqlBool>[],
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from ${from} where ${allOf(wanted)}`.execute(tables);
  return Number(rows[0]?.count ?? 0);
}

function reportConditions(filter: ReportFilter): RawBuilder<SqlBool>[] {
  const { computerId, updateId, eventNumber, isFailed } = filter;
  return [
    ...(computerId === undefined ? [] : [sql<SqlBool>`event.computer_id = ${computerId}`]),
    ...(updateId === undefined ? [] : [sql<SqlBool>`event.update_id = ${updateId}`]),
    ...(eventNumber === undefined ? [] : [sql<SqlBool>`event.event_number = ${eventNumber}`]),
    ...(isFailed ? [sql.raw<SqlBool>(failedReports)] : []),
    ...reached('event.computer_id', filter),
    ...within('event.received_at', filter),
  ];
}

/** From a counter where there is one. */
async function countReports(
  tables: Kysely<Tables>,
  filter: ReportFilter,
  wanted: readonly RawBuilder<SqlBool>[],
): Promise<number> {
  if (wanted.length === 0) return (await loadFigures(tables)).events;
  if (wanted.length === 1 && filter.within) return countReportsWithin(tables, filter.within);
  if (wanted.length > 1 || filter.computerId === undefined)
    return count(tables, sql`reporting_events as event`, wanted);
  const { rows } = await sql<{ events: number }>`
    select events from computer_figures where computer_id = ${filter.computerId}`.execute(tables);
  return Number(rows[0]?.events ?? 0);
}

async function countReportsWithin(tables: Kysely<Tables>, groupIds: readonly string[]): Promise<number> {
  const { rows } = await sql<{
    events: number;
  }>`select coalesce(sum(events), 0) as events from computer_figures as figures
    where ${isWithin(sql.ref('figures.computer_id'), groupIds)}`.execute(tables);
  return Number(rows[0]?.events ?? 0);
}

/** On SQLite, where events have no index by update: only stretches that hold some are read. */
async function pageAbout(
  tables: Kysely<Tables>,
  updateId: string,
  wanted: readonly RawBuilder<SqlBool>[],
  order: Order,
  request: PageRequest,
): Promise<Page<PagedReport>> {
  const behind = behindCursor(order, request.cursor);
  const found: ReportRow[] = [];
  let total = 0;
  for (const { first, below } of await stretchesAbout(tables, updateId)) {
    const inside = [...wanted, sql<SqlBool>`event.event_id >= ${first}`, sql<SqlBool>`event.event_id < ${below}`];
    total += await count(tables, sql`reporting_events as event`, inside);
    const left = request.limit === undefined ? undefined : request.limit - found.length;
    if (left === undefined || left >= 0) found.push(...(await reports(tables, [...inside, ...behind], order, left)));
  }
  const { rows, next } = cutPage(found, request, order, ({ event_id }) => [Number(event_id)]);
  return { items: rows.map(toReport), total, next };
}

interface ReportRow {
  event_id: number;
  instance_id: string;
  computer_id: string;
  received_at: number;
  time_at_target: number;
  namespace_id: number;
  event_number: number;
  source_id: number;
  update_id: string | null;
  revision_number: number;
  win32_hresult: number;
  app_name: string;
  replacement_strings: string;
  misc_data: string;
  dns_name: string | null;
  title: string | null;
}

async function reports(
  tables: Kysely<Tables>,
  conditions: readonly RawBuilder<SqlBool>[],
  order: Order,
  limit: number | undefined,
): Promise<ReportRow[]> {
  const { rows } = await sql<ReportRow>`
    select event.event_id, instance_id, event.computer_id, received_at, time_at_target, namespace_id, event_number,
      source_id, event.update_id, event.revision_number, win32_hresult, update_titles.title,
      ${beginningOf('event.app_name', textBytes.appName)} as app_name,
      ${wholeUpTo('event.replacement_strings', keptBounds.readableJsonBytes, leftOut)} as replacement_strings,
      ${wholeUpTo('event.misc_data', keptBounds.readableJsonBytes, leftOut)} as misc_data,
      ${beginningOf('computers.dns_name', textBytes.name)} as dns_name
    from reporting_events as event
    left join computers on computers.computer_id = event.computer_id
    left join update_titles on update_titles.update_id = event.update_id
    where ${allOf(conditions)} order by ${sorted(order)} ${limited(limit)}`.execute(tables);
  return rows;
}

function toReport(row: ReportRow): PagedReport {
  return {
    eventId: Number(row.event_id),
    instanceId: row.instance_id,
    computerId: row.computer_id,
    dnsName: row.dns_name ?? '',
    receivedAt: new Date(Number(row.received_at)),
    timeAtTarget: new Date(Number(row.time_at_target)),
    namespaceId: row.namespace_id,
    eventNumber: row.event_number,
    sourceId: row.source_id,
    updateId: row.update_id ?? undefined,
    updateTitle: row.title ?? '',
    revisionNumber: row.revision_number,
    win32HResult: row.win32_hresult,
    appName: row.app_name,
    replacementStrings: JSON.parse(row.replacement_strings) as string[],
    miscData: JSON.parse(row.misc_data) as string[],
  };
}

type PingRow = Parameters<typeof eventOf>[0] & { dns_name: string | null };

/** Subjects are ids of four kinds, and names of things that have no id. */
const nameOfSubject = sql`coalesce(
  (select name from target_groups where group_id = audit.subject),
  (select title from update_titles where update_id = audit.subject),
  (select dns_name from computers where computer_id = audit.subject),
  (select name from accounts where account_id = audit.subject),
  (select name from api_tokens where token_id = audit.subject), '')`;

interface AuditRow {
  audit_id: number;
  occurred_at: number;
  actor: string;
  action: string;
  subject: string;
  before: string | null;
  after: string | null;
  subject_name: string;
}

function toAuditRecord(row: AuditRow): PagedAuditRecord {
  return {
    auditId: Number(row.audit_id),
    at: new Date(Number(row.occurred_at)),
    actor: row.actor,
    action: row.action,
    subject: row.subject,
    subjectName: row.subject_name,
    before: row.before === null ? undefined : JSON.parse(row.before),
    after: row.after === null ? undefined : JSON.parse(row.after),
  };
}
