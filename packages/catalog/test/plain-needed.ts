// What a computer needs, as the specification says it (MS-WUSP 3.1.5.7): slow, without any index. decideSync is held against it.
import type { UpdateSummary } from '../src/graph/index.ts';
import type { RevisionId } from '../src/ids.ts';
import { type CatalogCase, deploymentsOf } from './arbitrary-catalog.ts';

function countsDecisions({ updateType, explicitlyDeployable, isExpired }: UpdateSummary): boolean {
  const isRuleOnly = updateType === 'Category' || updateType === 'Detectoid';
  return isRuleOnly || (explicitlyDeployable && !isExpired);
}

/** The specification read aloud, without any index. */
export function plainNeeded(
  testCase: CatalogCase,
  { idOf }: { idOf(summary: UpdateSummary): RevisionId },
  installed: RevisionId[],
): Set<RevisionId> {
  const { summaries } = testCase;
  const deployments = deploymentsOf(testCase, idOf);
  const of = (id: string) =>
    summaries
      .filter(({ identity }) => identity.updateId === id)
      .sort((a, b) => a.identity.revisionNumber - b.identity.revisionNumber);
  const exact = (identity: UpdateSummary['identity']) =>
    of(identity.updateId).find((one) => one.identity.revisionNumber === identity.revisionNumber);
  const isComplete = (one: UpdateSummary, above: UpdateSummary[]): boolean =>
    one.bundleClauses.flat().every((identity) => {
      const found = exact(identity);
      return found !== undefined && !above.includes(found) && isComplete(found, [...above, found]);
    });
  const mayBeSent = (one: UpdateSummary | undefined): one is UpdateSummary =>
    one !== undefined && !deployments.isDeclined(one.identity.updateId) && isComplete(one, [one]);
  const isDeployed = (one: UpdateSummary) => (deployments.get(idOf(one))?.action ?? 'Block') !== 'Block';
  const scope = new Set<UpdateSummary>();
  const enter = (one: UpdateSummary | undefined): void => {
    if (!mayBeSent(one) || scope.has(one)) return;
    scope.add(one);
    for (const identity of one.bundleClauses.flat()) enter(exact(identity));
    for (const id of one.prerequisiteClauses.flatMap(({ anyOf }) => anyOf))
      enter(of(id).findLast(isDeployed) ?? of(id).at(-1));
  };
  for (const one of summaries) {
    if (isDeployed(one) && countsDecisions(one)) enter(one);
    const revisions = of(one.identity.updateId);
    const isUndecided = revisions.at(-1) === one && !revisions.some((revision) => deployments.get(idOf(revision)));
    if (testCase.unapproved === 'report' && isUndecided && countsDecisions(one)) enter(one);
  }
  const installedUpdates = new Set(
    summaries.filter((one) => installed.includes(idOf(one))).map(({ identity }) => identity.updateId),
  );
  const needed = [...scope].filter(
    (one) =>
      ![...scope].some(
        ({ identity }) =>
          identity.updateId === one.identity.updateId && identity.revisionNumber > one.identity.revisionNumber,
      ) &&
      one.updateType !== 'Driver' &&
      one.prerequisiteClauses.every(({ anyOf }) => anyOf.some((id) => installedUpdates.has(id))),
  );
  return new Set(needed.map(idOf));
}
