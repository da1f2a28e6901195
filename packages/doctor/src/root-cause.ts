// One broken thing gives one root finding. Pure: observations in, roots with their consequences out.
// 1. Equal observations are merged (same code, same subject): their evidence adds up.
// 2. A root explains every observation that `explains` lists for it and that is below the root's subject.
// 3. Roots are ordered: failures, then unknowns, then passes. Within each by how early they stop a client.
import { reportBounds } from './bounds.ts';
import { type Evidence, type Observation, type Verdict, webServicesSubject } from './finding.ts';
import { factsOf } from './words/codes.ts';
import { explains, sparesServices } from './words/explains.ts';

interface RootedObservation {
  root: Observation;
  consequences: Observation[];
}

const verdictOrder: Record<Verdict, number> = { fail: 0, answer: 1, unknown: 2, pass: 3 };

/** Folds consequences under their roots. The first root is the one to act on. */
export function findRoots(observations: readonly Observation[]): RootedObservation[] {
  const merged = mergeEqual(observations).sort(byUrgency);
  const roots: RootedObservation[] = [];
  const taken = new Set<Observation>();
  for (const candidate of merged) {
    if (taken.has(candidate) || candidate.verdict === 'pass') continue;
    const explainer = merged.find(
      (other) =>
        other !== candidate && !taken.has(other) && other.verdict === 'fail' && isExplainedBy(candidate, other),
    );
    if (explainer) taken.add(candidate);
  }
  for (const root of merged) {
    if (taken.has(root)) continue;
    roots.push({ root, consequences: [] });
  }
  for (const consequence of merged) {
    if (!taken.has(consequence)) continue;
    const home =
      roots.find(({ root }) => root.verdict === 'fail' && isExplainedBy(consequence, root)) ??
      chainHome(roots, merged, consequence);
    home?.consequences.push(consequence);
  }
  return roots;
}

/** A consequence of a consequence belongs to the root of the chain. */
function chainHome(
  roots: RootedObservation[],
  merged: readonly Observation[],
  consequence: Observation,
): RootedObservation | undefined {
  const seen = new Set<Observation>([consequence]);
  let current = consequence;
  for (;;) {
    const next = merged.find((other) => !seen.has(other) && other.verdict === 'fail' && isExplainedBy(current, other));
    if (!next) return roots[0];
    const home = roots.find(({ root }) => root === next);
    if (home) return home;
    seen.add(next);
    current = next;
  }
}

function isExplainedBy(consequence: Observation, root: Observation): boolean {
  const explained = explains(root.code);
  if (!explained.includes(consequence.code)) return false;
  // A fault of a server explains the faults of its clients.
  if (root.subject[0] === 'server' && consequence.subject[0] === 'client') return true;
  if (sparesServices(root.code, consequence.code) && !root.subject.includes(webServicesSubject)) return false;
  if (consequence.code === root.code && root.subject.length >= consequence.subject.length) return false;
  return root.subject.every((part, index) => consequence.subject[index] === part);
}

function mergeEqual(observations: readonly Observation[]): Observation[] {
  const byKey = new Map<string, Observation>();
  for (const observation of observations) {
    const key = [observation.code, observation.verdict, ...observation.subject].join('\n');
    const known = byKey.get(key);
    byKey.set(key, known ? merge(known, observation) : observation);
  }
  return [...byKey.values()];
}

function merge(known: Observation, more: Observation): Observation {
  const eventIds = [...new Set([...eventIdsOf(known), ...eventIdsOf(more)])];
  return {
    ...known,
    values: { ...more.values, ...known.values },
    evidence: addEvidence(known.evidence, more.evidence),
    ...(known.eventIds || more.eventIds ? { eventIds } : {}),
  };
}

function eventIdsOf(observation: Observation): readonly number[] {
  return observation.eventIds ?? factsOf(observation.code).eventIds;
}

function addEvidence(known: readonly Evidence[], more: readonly Evidence[]): Evidence[] {
  const all = [...known];
  for (const item of more) {
    if (all.length >= reportBounds.maxEvidence) break;
    if (!all.some((other) => other.source === item.source && other.line === item.line && other.text === item.text)) {
      all.push(item);
    }
  }
  return all;
}

function byUrgency(a: Observation, b: Observation): number {
  return (
    verdictOrder[a.verdict] - verdictOrder[b.verdict] ||
    factsOf(a.code).order - factsOf(b.code).order ||
    a.subject.length - b.subject.length
  );
}
