// The relations of an update in the catalog: supersedence in both directions, its parts and its bundles.

import type { CatalogIndex, IndexedUpdate, UpdateId } from '@moult/catalog';
import { findUpdate } from './find.ts';
import type { Administration } from './open-server.ts';

interface Relation {
  /** `from` supersedes `to`, or `from` bundles `to`. */
  kind: 'supersedes' | 'bundles';
  from: string;
  to: string;
}

interface Related {
  updateId: string;
  /** '' for one that is only named. */
  title: string;
  /** The catalog has it. */
  isHere: boolean;
  isDeclined: boolean;
  isExpired: boolean;
}

interface Relations {
  /** The update itself is the first one. Near ones come before far ones. */
  updates: Related[];
  relations: Relation[];
  /** There are more updates than this. */
  isCut: boolean;
}

/** Of one answer. */
const mostUpdates = 100;

/**
 * Supersedence over any number of steps, bundles over one step. Throws AdministrationError SERVER_NOT_FOUND.
 */
export async function showRelations(
  { store }: Administration,
  index: CatalogIndex,
  update: string,
): Promise<Relations> {
  const { updateId } = await findUpdate(store, update);
  const { ids, relations, isCut } = relationsOf(index, updateId as UpdateId, mostUpdates);
  const { items } = await store.pageUpdates({ updateIds: ids }, { limit: mostUpdates });
  const listed = new Map(items.map((one) => [one.updateId, one]));
  const updates: Related[] = [];
  for (const id of ids) {
    const inList = listed.get(id);
    // Parts of bundles are in no list.
    const newest = inList ? undefined : (await store.findRevisions(id)).at(-1);
    updates.push({
      ...{ updateId: id, title: (inList ?? newest)?.title ?? '', isHere: (inList ?? newest) !== undefined },
      isDeclined: inList ? inList.approval === 'declined' : (newest?.isDeclined ?? false),
      isExpired: (inList ?? newest)?.isExpired ?? false,
    });
  }
  return { updates, relations, isCut };
}

/** Level by level, so that what is left out beyond `most` is far away. */
export function relationsOf(
  index: CatalogIndex,
  start: UpdateId,
  most: number,
): { ids: UpdateId[]; relations: Relation[]; isCut: boolean } {
  const ids = new Set<UpdateId>([start]);
  const relations = new Map<string, Relation>();
  let isCut = false;
  const add = (kind: Relation['kind'], from: UpdateId, to: UpdateId) => {
    for (const id of [from, to]) {
      if (ids.has(id) || ids.size < most) ids.add(id);
      else isCut = true;
    }
    if (ids.has(from) && ids.has(to)) relations.set(`${kind} ${from} ${to}`, { kind, from, to });
  };
  for (const { bundle, member } of bundlesAround(index, start)) add('bundles', bundle, member);
  // A set that grows while it is walked: each update once, the near ones first.
  const walked = new Set<UpdateId>([start]);
  for (const id of walked) {
    const update = index.update(id);
    for (const older of supersededBy(update)) {
      add('supersedes', id, older);
      if (ids.has(older)) walked.add(older);
    }
    for (const { update: newer } of update?.supersededBy ?? []) {
      add('supersedes', newer.updateId, id);
      if (ids.has(newer.updateId)) walked.add(newer.updateId);
    }
  }
  return { ids: [...ids], relations: [...relations.values()], isCut };
}

/** By any of its revisions, as lists count it. */
function supersededBy(update: IndexedUpdate | undefined): Set<UpdateId> {
  return new Set(update?.revisions.flatMap(({ summary }) => summary.supersedes) ?? []);
}

const membersOf = (update: IndexedUpdate): Set<UpdateId> =>
  new Set((update.revisions.at(-1)?.summary.bundleClauses ?? []).flat().map(({ updateId }) => updateId));

function* bundlesAround(index: CatalogIndex, updateId: UpdateId): Generator<{ bundle: UpdateId; member: UpdateId }> {
  const own = index.update(updateId);
  if (own) for (const member of membersOf(own)) yield { bundle: updateId, member };
  for (const bundle of bundlesIn(index).get(updateId) ?? []) yield { bundle, member: updateId };
}

const bundlesByIndex = new WeakMap<CatalogIndex, { version: number; bundles: Map<UpdateId, UpdateId[]> }>();

/** The bundles of each part. Made once after each change of the catalog, and not once for each request. */
function bundlesIn(index: CatalogIndex): Map<UpdateId, UpdateId[]> {
  const found = bundlesByIndex.get(index);
  if (found?.version === index.version) return found.bundles;
  const bundles = new Map<UpdateId, UpdateId[]>();
  for (const update of index.updates()) {
    for (const member of membersOf(update)) {
      const others = bundles.get(member);
      if (others) others.push(update.updateId);
      else bundles.set(member, [update.updateId]);
    }
  }
  bundlesByIndex.set(index, { version: index.version, bundles });
  return bundles;
}
