// Revisions in an order in which each one comes behind those that it needs: rules, then classifications, then products, then
// updates, parts before their bundles. WSUS imports a package only in such an order.
import { type CatalogIndex, formatIdentity, toRevisionId } from '@moult/catalog';
import type { ExportedRevision } from './catalog-state.ts';

/** Of revisions that need each other in a circle, one comes first. */
export function needsFirst(revisions: readonly ExportedRevision[], index: CatalogIndex): ExportedRevision[] {
  const byUpdate = new Map<string, ExportedRevision[]>();
  const byIdentity = new Map<string, ExportedRevision>();
  for (const revision of revisions) {
    byUpdate.set(revision.updateId, [...(byUpdate.get(revision.updateId) ?? []), revision]);
    byIdentity.set(`${revision.updateId}@${revision.revisionNumber}`, revision);
  }
  const needsOf = ({ revisionId }: ExportedRevision): ExportedRevision[] => {
    const summary = index.get(toRevisionId(revisionId))?.summary;
    if (!summary) return [];
    const parts = summary.bundleClauses.flat().flatMap((identity) => byIdentity.get(formatIdentity(identity)) ?? []);
    return [
      ...parts,
      ...summary.prerequisiteClauses.flatMap(({ anyOf }) => anyOf.flatMap((id) => byUpdate.get(id) ?? [])),
    ];
  };
  const sorted = [...revisions].sort((one, other) => rankOf(one) - rankOf(other) || one.revisionId - other.revisionId);
  return inOrder(sorted, needsOf);
}

/** Depth first, without recursion: bundles of bundles have no bound. */
function inOrder(
  revisions: readonly ExportedRevision[],
  needsOf: (revision: ExportedRevision) => ExportedRevision[],
): ExportedRevision[] {
  const done: ExportedRevision[] = [];
  const seen = new Set<ExportedRevision>();
  for (const first of revisions) {
    if (seen.has(first)) continue;
    seen.add(first);
    const walk = [{ revision: first, needs: needsOf(first)[Symbol.iterator]() }];
    for (let top = walk.at(-1); top !== undefined; top = walk.at(-1)) {
      const next = top.needs.next();
      if (next.done) {
        done.push(top.revision);
        walk.pop();
      } else if (!seen.has(next.value)) {
        seen.add(next.value);
        walk.push({ revision: next.value, needs: needsOf(next.value)[Symbol.iterator]() });
      }
    }
  }
  return done;
}

function rankOf({ updateType, categoryType }: ExportedRevision): number {
  if (updateType === 'Detectoid') return 0;
  if (updateType !== 'Category') return 3;
  return categoryType === 'UpdateClassification' ? 1 : 2;
}
