// Which revisions the operator's metadata has to cover: those that an agent may install, those with rules beyond
// Microsoft's, and the prerequisites and members with such rules.

import {
  byUpdate,
  type CatalogIndex,
  countsDecisions,
  formatIdentity,
  type IndexedRevision,
  type UpdateId,
} from '@moult/catalog';
import type { Approval } from '@moult/releases/metadata';
import type { CoveredUpdate } from '@moult/releases/repository';
import type { Store } from '@moult/store';
import { treeBounds } from '../bounds.ts';
import { approvalsFrom, joined } from './approvals.ts';
import { type Instructions, instructionsOf } from './instructions.ts';

interface WantedParts {
  store: Store;
  index: CatalogIndex;
  /** Ids of revisions whose core fragment has rules of Moult's own. */
  withMoultRules: ReadonlySet<number>;
  /** The earlier readings, by revision id: a revision never changes. */
  known: Map<number, Known>;
}

/** `undefined` inside: nothing to cover. */
export type Known = { core: Uint8Array; instructions: Instructions } | { why: string } | undefined;

interface Wanted {
  covered: Map<string, CoveredUpdate>;
  /** `UPDATE: why`, for revisions that should be covered and cannot be. */
  refused: string[];
}

/** Reads the decisions and what is not known yet of the revisions that they are about. */
export async function wantedUpdates({ store, index, withMoultRules, known }: WantedParts): Promise<Wanted> {
  const approvals = await approvalsByRevision(store, index);
  const declined = new Set(await store.loadDeclined());
  for (const id of withMoultRules) {
    const revision = index.get(id as never);
    if (!revision || declined.has(revision.update.updateId) || approvals.has(id)) continue;
    if (index.latest(revision.update.updateId)?.revisionId === id) approvals.set(id, { revision, approvals: [] });
  }
  await learn(store, known, [...approvals.keys()]);
  const covered = new Map<string, CoveredUpdate>();
  const refused: string[] = [];
  for (const [id, { revision, approvals: groups }] of approvals) {
    const one = known.get(id);
    const { identity } = revision.summary;
    if (one === undefined) continue;
    if ('why' in one) refused.push(`${formatIdentity(identity)}: ${one.why}`);
    else {
      const path = `updates/${identity.updateId}/${identity.revisionNumber}`;
      covered.set(path, { bytes: one.core, ours: { ...one.instructions, approvals: groups } });
    }
  }
  return { covered, refused };
}

type Approved = Map<number, { revision: IndexedRevision; approvals: Approval[] }>;

/** Approved revisions, the members of approved bundles, and the detectoids that approved ones need. */
async function approvalsByRevision(store: Store, index: CatalogIndex): Promise<Approved> {
  const toApprovals = approvalsFrom(await store.loadGroups());
  const declined = new Set(await store.loadDeclined());
  const found: Approved = new Map();
  const add = (revision: IndexedRevision | undefined, approvals: Approval[], depth: number) => {
    if (!revision || depth > treeBounds.maxCoveredDepth) return;
    const before = found.get(revision.revisionId)?.approvals ?? [];
    const together = joined(before, approvals);
    if (found.has(revision.revisionId) && together.length === before.length) return;
    found.set(revision.revisionId, { revision, approvals: together });
    const { bundleClauses, prerequisiteClauses } = revision.summary;
    for (const identity of bundleClauses.flat()) add(index.find(identity), together, depth + 1);
    for (const updateId of prerequisiteClauses.flatMap(({ anyOf }) => anyOf)) {
      const needed = index.latest(updateId);
      // Never installed, so that an approval of theirs is no more than leave to evaluate.
      if (needed && ruleOnly.has(needed.summary.updateType)) add(needed, together, depth + 1);
    }
  };
  let seen = 0;
  for (const [updateId, decisions] of byUpdate(await store.loadDeploymentHistory())) {
    seen += 1;
    // With many groups each is some work: requests are answered in between.
    if (seen % batch === 0) await new Promise(setImmediate);
    if (declined.has(updateId)) continue;
    const approvals = toApprovals(decisions);
    const latest = index.latest(updateId as UpdateId);
    // Parts of bundles come with them, and expired updates are not offered, whatever was decided.
    if (latest && approvals.length > 0 && countsDecisions(latest)) add(latest, approvals, 0);
  }
  return found;
}

const ruleOnly: ReadonlySet<string> = new Set(['Detectoid', 'Category']);
const batch = 200;

async function learn(store: Store, known: Map<number, Known>, ids: readonly number[]): Promise<void> {
  const missing = ids.filter((id) => !known.has(id));
  for (let start = 0; start < missing.length; start += batch) {
    const some = missing.slice(start, start + batch);
    const [cores, documents] = [await store.loadFragments('core', some), await store.loadDocuments(some)];
    for (const id of some) known.set(id, read(documents.get(id), cores.get(id)));
    await new Promise(setImmediate);
  }
}

function read(document: string | undefined, core: string | undefined): Known {
  if (document === undefined || core === undefined) return undefined;
  try {
    const instructions = instructionsOf(document, core);
    if (typeof instructions === 'string') return { why: instructions };
    return instructions && { core: Buffer.from(core), instructions };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}
