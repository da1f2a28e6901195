// Small random catalogs, deployments and clients for property tests: few ids, so that everything meets everything.
import {
  type DeployedAction,
  DeploymentSet,
  parseUpdateId,
  type RevisionId,
  type UpdateId,
  type UpdateSummary,
} from '@moult/catalog';
import fc from 'fast-check';

export function updateId(number: number): UpdateId {
  // Not rising with the number: order by id must not look like order of import.
  return parseUpdateId(
    `${((number * 2654435761) >>> 0).toString(16).padStart(8, '0')}-0000-4000-8000-${String(number).padStart(12, '0')}`,
  );
}

const number = fc.integer({ min: 1, max: 9 });
const identity = fc.record({ updateId: number.map(updateId), revisionNumber: fc.integer({ min: 1, max: 2 }) });

const summary: fc.Arbitrary<UpdateSummary> = fc.record({
  identity,
  updateType: fc.constantFrom('Software', 'Software', 'Category', 'Detectoid', 'Driver'),
  explicitlyDeployable: fc.boolean(),
  isExpired: fc.boolean(),
  prerequisiteClauses: fc.array(
    fc.record({ isCategory: fc.boolean(), anyOf: fc.array(number.map(updateId), { minLength: 1, maxLength: 2 }) }),
    { maxLength: 2 },
  ),
  bundleClauses: fc.array(fc.array(identity, { minLength: 1, maxLength: 2 }), { maxLength: 1 }),
  supersedes: fc.array(number.map(updateId), { maxLength: 1 }),
  drivers: fc.constant([]),
});

export interface CatalogCase {
  /** Distinct identities. */
  summaries: UpdateSummary[];
  unapproved: 'report' | 'hide';
  deployed: { at: number; action: DeployedAction }[];
  declined: UpdateId[];
}

export const catalogCase: fc.Arbitrary<CatalogCase> = fc.record({
  summaries: fc.uniqueArray(summary, {
    maxLength: 14,
    selector: (one) => `${one.identity.updateId}@${one.identity.revisionNumber}`,
  }),
  unapproved: fc.constantFrom('report' as const, 'hide' as const),
  deployed: fc.array(
    fc.record({
      at: fc.nat(13),
      action: fc.constantFrom<DeployedAction>('Install', 'PreDeploymentCheck', 'Block', 'Uninstall'),
    }),
    { maxLength: 5 },
  ),
  declined: fc.array(number.map(updateId), { maxLength: 1 }),
});

/** Ids by place in the list; the same case gives the same decisions whatever ids `idOf` gives. */
export function deploymentsOf(testCase: CatalogCase, idOf: (summary: UpdateSummary) => RevisionId): DeploymentSet {
  const set = new DeploymentSet({ unapproved: testCase.unapproved });
  for (const { at, action } of testCase.deployed) {
    const summary = testCase.summaries[at];
    if (summary) set.set(idOf(summary), { deploymentId: at + 1, action, lastChangeTime: at + 1 });
  }
  for (const id of testCase.declined) set.decline(id);
  return set;
}
