// The state of a bundle by its members (MS-WUSP 3.1.1: AND of ORs over revisions).
import type { Applicability } from './evaluate.ts';

export type ApplicabilityKind = Applicability['kind'];

/**
 * Each clause is the states of its alternatives. A clause is installable if an alternative is, installed if an
 * alternative is and none is installable. It is not applicable if all are. A clause with an installed and an
 * installable alternative is unknown, because a real agent's choice is not known. The bundle: not applicable when any
 * clause is, else unknown when any clause is, else installed when all are, else installable.
 */
export function evaluateBundle(clauses: readonly (readonly ApplicabilityKind[])[]): ApplicabilityKind {
  const states = clauses.map(clauseState);
  if (states.length === 0) return 'unknown';
  if (states.includes('not-applicable')) return 'not-applicable';
  if (states.includes('unknown')) return 'unknown';
  return states.every((state) => state === 'installed') ? 'installed' : 'installable';
}

function clauseState(alternatives: readonly ApplicabilityKind[]): ApplicabilityKind {
  const has = (kind: ApplicabilityKind) => alternatives.includes(kind);
  if (has('installable')) return has('installed') ? 'unknown' : 'installable';
  if (has('unknown')) return 'unknown';
  return has('installed') ? 'installed' : 'not-applicable';
}
