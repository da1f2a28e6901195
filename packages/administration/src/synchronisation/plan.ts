// Plans the next question to an upstream: the filter of a list, and the consequence of a fault for a batch. Asks no
// server.

import type { ListedIdentity, ServerSyncFilter } from '@moult/protocol/server-sync';
import type { ServerRole, SyncAnchor, SyncChoice, SyncFilter } from '@moult/store';

/**
 * The filter for the choices. Undefined without a product or without a classification: an upstream answers such a
 * filter with nothing. A replica asks for everything, without either.
 */
export function filterOf(choices: readonly SyncChoice[], role: ServerRole = 'autonomous'): SyncFilter | undefined {
  const of = (kind: SyncChoice['kind']) => choices.filter((one) => one.kind === kind).map(({ id }) => id);
  const isReplica = role === 'replica';
  const [categories, classifications] = isReplica ? [[], []] : [of('product').sort(), of('classification').sort()];
  if (!isReplica && (categories.length === 0 || classifications.length === 0)) return undefined;
  const languages = of('language')
    .map(Number)
    .sort((one, other) => one - other);
  return { categories, classifications, languages };
}

/**
 * The question for the list of updates. For an id that was in the filter of the anchor it asks for changes since. For a
 * new id it asks for everything. An id that was removed needs no new list.
 */
export function askUpdates(filter: SyncFilter, last: SyncAnchor | undefined): ServerSyncFilter {
  // All of it is not a change of a part of it: an anchor of another kind of filter says nothing.
  const isOther = isEverything(filter) !== (last?.filter !== undefined && isEverything(last.filter));
  if (isOther && last) return askUpdates(filter, undefined);
  const isKnown = <T>(before: readonly T[] | undefined, id: T) => last !== undefined && (before ?? []).includes(id);
  return {
    ...(last && { anchor: last.anchor }),
    getConfig: false,
    get63LanguageOnly: false,
    categories: filter.categories.map((id) => ({ id, delta: isKnown(last?.filter?.categories, id) })),
    classifications: filter.classifications.map((id) => ({ id, delta: isKnown(last?.filter?.classifications, id) })),
    languages: filter.languages.map((id) => ({ id, delta: isKnown(last?.filter?.languages, id) })),
  };
}

function isEverything({ categories, classifications }: SyncFilter): boolean {
  return categories.length === 0 && classifications.length === 0;
}

/** The question for the list of categories, classifications and detectoids. */
export function askConfig(last: SyncAnchor | undefined): ServerSyncFilter {
  const nothing = { categories: [], classifications: [], languages: [] };
  return { ...(last && { anchor: last.anchor }), getConfig: true, get63LanguageOnly: false, ...nothing };
}

export function isSameFilter(one: SyncFilter | undefined, other: SyncFilter | undefined): boolean {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}

/**
 * The revisions that Microsoft's public service names as missing, of those that were asked for. Real WSUS names none.
 */
export function missingIn(message: string, asked: readonly ListedIdentity[]): ListedIdentity[] {
  const [, names] = /Missing Revisions:\s*(.*)$/s.exec(message) ?? [];
  if (names === undefined) return [];
  const missing = new Set(names.toLowerCase().match(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\.\d{1,10}/g));
  return asked.filter(({ updateId, revisionNumber }) => missing.has(`${updateId}.${revisionNumber}`));
}

/** Two halves of a batch. */
export function halves<T>(batch: readonly T[]): [T[], T[]] {
  const middle = Math.ceil(batch.length / 2);
  return [batch.slice(0, middle), batch.slice(middle)];
}

/** Seconds until all is fetched, at the speed so far. Undefined before the first revision. */
export function secondsLeft({ listed, fetched, sinceMs }: { listed: number; fetched: number; sinceMs: number }) {
  if (fetched <= 0 || sinceMs <= 0) return undefined;
  return Math.ceil(((listed - fetched) * sinceMs) / fetched / 1000);
}
