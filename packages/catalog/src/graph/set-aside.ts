// Revisions in the catalog that cannot be offered now: half bundles, missing prerequisites, prerequisites in a circle.
// They are named and kept, because the missing part may still be imported.

import type { CatalogErrorCode } from '../errors.ts';
import type { UpdateIdentity } from '../ids.ts';
import { formatIdentity } from '../ids.ts';
import type { CatalogIndex, IndexedRevision, IndexedUpdate } from './catalog-index.ts';

export interface SetAside {
  identity: UpdateIdentity;
  code: Extract<
    CatalogErrorCode,
    'CATALOG_BUNDLE_INCOMPLETE' | 'CATALOG_PREREQUISITE_CYCLE' | 'CATALOG_PREREQUISITE_MISSING'
  >;
  message: string;
}

/** Looks at the latest revision of every update. The answer does not depend on the order of import. */
export function findSetAside(index: CatalogIndex): SetAside[] {
  const found: SetAside[] = [];
  const blocked = findBlocked(index);
  const cyclic = findCycles(index, blocked);
  for (const update of index.updates()) {
    const revision = update.revisions.at(-1);
    if (!revision) continue;
    const { identity } = revision.summary;
    const problem =
      incompleteBundle(index, revision) ??
      (blocked.has(update) ? blockedBy(index, revision, blocked, cyclic) : undefined);
    if (problem) found.push({ identity, ...problem });
  }
  return found.sort((a, b) => (formatIdentity(a.identity) < formatIdentity(b.identity) ? -1 : 1));
}

type Problem = Omit<SetAside, 'identity'>;

function incompleteBundle(index: CatalogIndex, revision: IndexedRevision): Problem | undefined {
  const name = formatIdentity(revision.summary.identity);
  const { missing, isCircular } = lackingMembers(index, revision);
  if (missing.length > 0) {
    return {
      code: 'CATALOG_BUNDLE_INCOMPLETE',
      message: `Update ${name} bundles ${missing.length} that are not in the catalog: ${listed(missing)}.`,
    };
  }
  if (!isCircular) return undefined;
  return { code: 'CATALOG_BUNDLE_INCOMPLETE', message: `Update ${name} bundles updates that bundle each other.` };
}

/** The missing parts of a bundle at every depth, and whether some bundle in it holds itself. */
function lackingMembers(index: CatalogIndex, top: IndexedRevision): { missing: string[]; isCircular: boolean } {
  const missing = new Set<string>();
  const done = new Set<IndexedRevision>();
  const above = new Set<IndexedRevision>();
  let isCircular = false;
  const walk: { revision: IndexedRevision; next: Iterator<UpdateIdentity> }[] = [];
  const enter = (revision: IndexedRevision) => {
    above.add(revision);
    walk.push({ revision, next: revision.summary.bundleClauses.flat()[Symbol.iterator]() });
  };
  enter(top);
  for (let frame = walk.at(-1); frame; frame = walk.at(-1)) {
    const step = frame.next.next();
    if (step.done) {
      walk.pop();
      above.delete(frame.revision);
      done.add(frame.revision);
      continue;
    }
    const member = index.find(step.value);
    if (!member) missing.add(formatIdentity(step.value));
    else if (above.has(member)) isCircular = true;
    else if (!done.has(member)) enter(member);
  }
  return { missing: [...missing], isCircular };
}

function blockedBy(
  index: CatalogIndex,
  { summary }: IndexedRevision,
  blocked: ReadonlySet<IndexedUpdate>,
  cyclic: ReadonlySet<IndexedUpdate>,
): Problem | undefined {
  const name = formatIdentity(summary.identity);
  const update = index.update(summary.identity.updateId);
  const open = summary.prerequisiteClauses.find(({ anyOf }) =>
    anyOf.every((id) => {
      const named = index.update(id);
      return !named || named.revisions.length === 0 || blocked.has(named);
    }),
  );
  if (!open) return undefined;
  if (update && cyclic.has(update)) {
    return {
      code: 'CATALOG_PREREQUISITE_CYCLE',
      message: `Update ${name} requires updates that in turn require it: ${listed(open.anyOf)}.`,
    };
  }
  return {
    code: 'CATALOG_PREREQUISITE_MISSING',
    message: `Update ${name} requires one of ${listed(open.anyOf)}. None of them is in the catalog and can be satisfied.`,
  };
}

/** Updates whose prerequisites no client can ever satisfy: what is left when everything satisfiable is taken away. */
function findBlocked(index: CatalogIndex): Set<IndexedUpdate> {
  const blocked = new Set<IndexedUpdate>();
  const waiting = new Map<IndexedUpdate, IndexedUpdate[]>();
  for (const update of index.updates()) {
    blocked.add(update);
    for (const id of update.revisions.at(-1)?.summary.prerequisiteClauses.flatMap(({ anyOf }) => anyOf) ?? []) {
      const named = index.update(id);
      if (!named) continue;
      const dependents = waiting.get(named);
      if (dependents) dependents.push(update);
      else waiting.set(named, [update]);
    }
  }
  const open = [...blocked];
  for (let update = open.pop(); update; update = open.pop()) {
    if (!blocked.has(update) || !isSatisfiable(index, update, blocked)) continue;
    blocked.delete(update);
    open.push(...(waiting.get(update) ?? []));
  }
  return blocked;
}

function isSatisfiable(index: CatalogIndex, update: IndexedUpdate, blocked: ReadonlySet<IndexedUpdate>): boolean {
  return (update.revisions.at(-1)?.summary.prerequisiteClauses ?? []).every(({ anyOf }) =>
    anyOf.some((id) => {
      const named = index.update(id);
      return named !== undefined && named.revisions.length > 0 && !blocked.has(named);
    }),
  );
}

/** Members of circles among the blocked ones (Tarjan's strongly connected components, without recursion). */
function findCycles(index: CatalogIndex, blocked: ReadonlySet<IndexedUpdate>): Set<IndexedUpdate> {
  const cyclic = new Set<IndexedUpdate>();
  const order = new Map<IndexedUpdate, number>();
  const low = new Map<IndexedUpdate, number>();
  const stack: IndexedUpdate[] = [];
  const onStack = new Set<IndexedUpdate>();
  const enter = (update: IndexedUpdate) => {
    order.set(update, order.size);
    low.set(update, order.size - 1);
    stack.push(update);
    onStack.add(update);
    return { update, next: blockedPrerequisites(index, update, blocked)[Symbol.iterator]() };
  };
  for (const start of blocked) {
    if (order.has(start)) continue;
    const walk = [enter(start)];
    for (let frame = walk.at(-1); frame; frame = walk.at(-1)) {
      const { update, next } = frame;
      const step = next.next();
      if (step.done) {
        walk.pop();
        if (low.get(update) === order.get(update)) closeComponent(update, stack, onStack, cyclic);
        const parent = walk.at(-1)?.update;
        if (parent) low.set(parent, Math.min(low.get(parent) ?? 0, low.get(update) ?? 0));
      } else if (!order.has(step.value)) walk.push(enter(step.value));
      else if (onStack.has(step.value)) low.set(update, Math.min(low.get(update) ?? 0, order.get(step.value) ?? 0));
    }
  }
  return cyclic;
}

function closeComponent(
  root: IndexedUpdate,
  stack: IndexedUpdate[],
  onStack: Set<IndexedUpdate>,
  cyclic: Set<IndexedUpdate>,
): void {
  const members = stack.splice(stack.lastIndexOf(root));
  for (const member of members) {
    onStack.delete(member);
    if (members.length > 1) cyclic.add(member);
  }
}

function blockedPrerequisites(
  index: CatalogIndex,
  update: IndexedUpdate,
  blocked: ReadonlySet<IndexedUpdate>,
): IndexedUpdate[] {
  return (update.revisions.at(-1)?.summary.prerequisiteClauses ?? [])
    .flatMap(({ anyOf }) => anyOf.map((id) => index.update(id)))
    .filter((named): named is IndexedUpdate => named !== undefined && blocked.has(named));
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
