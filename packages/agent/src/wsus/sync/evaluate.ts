// The state of this machine, for every cached revision: by its own rules, by its members when it is a bundle, and
// only where its prerequisites hold (MS-WUSP 3.1.1).
import {
  type ApplicabilityKind,
  evaluateApplicability,
  evaluateBundle,
  type MachineFacts,
} from '@moult/catalog/applicability';
import type { RuleScope } from '../../trust/cover.ts';
import type { CachedRevision, UpdateCache } from './update-cache.ts';

export interface Evaluation {
  /** By revision id, prerequisites left out: what SyncUpdates reports as installed. */
  own: ReadonlyMap<number, ApplicabilityKind>;
  /** With prerequisites: installable only where they are all installed. */
  stateOf(revision: CachedRevision): ApplicabilityKind;
}

/** The rules that the operator's signature allows (trust/cover). */
export interface Scopes {
  scopeOf(revision: CachedRevision): RuleScope;
}

/** Evaluates everything in the cache once. A revision whose rules cannot be read is unknown. */
export function evaluateCache(cache: UpdateCache, facts: MachineFacts, scopes: Scopes): Evaluation {
  const revisions = cache.all();
  const own = new Map<number, ApplicabilityKind>();
  for (const revision of revisions) own.set(revision.revisionId, ownState(revision, facts, scopes));
  const byIdentity = new Map(revisions.map((revision) => [identityKey(revision.core.identity), revision]));
  const bundles = revisions.filter(({ core }) => core.bundleClauses.length > 0);
  // Bundles of bundles are rare and shallow: a few passes settle them.
  for (let pass = 0; pass < 4; pass++) {
    for (const bundle of bundles) own.set(bundle.revisionId, bundleState(bundle, own, byIdentity));
  }
  const installed = new Set(
    revisions.filter(({ revisionId }) => own.get(revisionId) === 'installed').map(({ core }) => core.identity.updateId),
  );
  return {
    own,
    stateOf: ({ revisionId, core }) => {
      const state = own.get(revisionId) ?? 'unknown';
      const held = core.prerequisiteClauses.every(({ anyOf }) => anyOf.some((id) => installed.has(id)));
      return state === 'installable' && !held ? 'not-applicable' : state;
    },
  };
}

export function identityKey({ updateId, revisionNumber }: { updateId: string; revisionNumber: number }): string {
  return `${updateId}@${revisionNumber}`;
}

function ownState(revision: CachedRevision, facts: MachineFacts, scopes: Scopes): ApplicabilityKind {
  const scope = scopes.scopeOf(revision);
  const { commandExit, ...withoutCommands } = facts;
  // The fact is not even there where it may not be asked for: no rule, however it is written, comes to a program.
  const allowed = scope === 'all' && commandExit ? { ...withoutCommands, commandExit } : withoutCommands;
  try {
    const vocabulary = scope === 'microsoft' ? 'microsoft' : 'all';
    return evaluateApplicability(revision.xml, allowed, { vocabulary }).kind;
  } catch {
    return 'unknown';
  }
}

function bundleState(
  bundle: CachedRevision,
  states: ReadonlyMap<number, ApplicabilityKind>,
  byIdentity: ReadonlyMap<string, CachedRevision>,
): ApplicabilityKind {
  return evaluateBundle(
    bundle.core.bundleClauses.map((clause) =>
      clause.map((identity) => {
        const member = byIdentity.get(identityKey(identity));
        return member ? (states.get(member.revisionId) ?? 'unknown') : 'not-applicable';
      }),
    ),
  );
}
