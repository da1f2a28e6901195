// The events, for administrators: by the names of computers and updates.
import type { ListedIdentityChange, Page, PagedAuditRecord, PagedPing, PagedReport, Store } from '@moult/store';
import { findComputer, findGroup, findUpdate } from './find.ts';
import type { Administration } from './open-server.ts';
import { type ListRequest, paged, toPageRequest } from './pages.ts';

interface EventQuery extends ListRequest {
  /** As findComputer takes it. */
  computer?: string | undefined;
  /** As findUpdate takes it. */
  update?: string | undefined;
  isFailed?: boolean | undefined;
  /** Received since then, and before. */
  since?: Date | undefined;
  until?: Date | undefined;
}

/**
 * Newest first. Throws AdministrationError SERVER_NOT_FOUND, SERVER_REFUSED for a cursor of another list. So do all
 * here.
 */
export async function listReports(
  { store }: Administration,
  query: EventQuery & { eventNumber?: number | undefined },
): Promise<Page<PagedReport>> {
  const { isFailed, since, until, eventNumber } = query;
  const computerId = await computerIdOf(store, query);
  const updateId = query.update === undefined ? undefined : (await findUpdate(store, query.update)).updateId;
  const filter = { computerId, updateId, isFailed, since, until, eventNumber };
  return paged(store.pageReports(filter, toPageRequest(query)));
}

export async function listStatusPings({ store }: Administration, query: EventQuery): Promise<Page<PagedPing>> {
  const { isFailed, since, until } = query;
  const computerId = await computerIdOf(store, query);
  return paged(store.pageStatusPings({ computerId, isFailed, since, until }, toPageRequest(query)));
}

export async function listIdentityChanges(
  { store }: Administration,
  query: EventQuery,
): Promise<Page<ListedIdentityChange>> {
  const computerId = await computerIdOf(store, query);
  return paged(store.pageIdentityChanges({ computerId }, toPageRequest(query)));
}

interface AuditQuery extends EventQuery {
  group?: string | undefined;
  actor?: string | undefined;
  /** A part of what was done, as `approve`. */
  action?: string | undefined;
}

export async function listAudit({ store }: Administration, query: AuditQuery): Promise<Page<PagedAuditRecord>> {
  const { since, until, actor, action } = query;
  const subject = await subjectOf(store, query);
  return paged(store.pageAudit({ subject, since, until, actor, action }, toPageRequest(query)));
}

async function subjectOf(store: Store, query: AuditQuery): Promise<string | undefined> {
  if (query.update !== undefined) return (await findUpdate(store, query.update)).updateId;
  if (query.group !== undefined) return (await findGroup(store, query.group)).groupId;
  return computerIdOf(store, query);
}

async function computerIdOf(store: Store, { computer }: EventQuery): Promise<string | undefined> {
  return computer === undefined ? undefined : (await findComputer(store, computer)).computerId;
}
