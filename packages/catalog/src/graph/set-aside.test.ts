import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseUpdateId, type RevisionId } from '../ids.ts';
import { CatalogIndex, findSetAside, type UpdateSummary } from './index.ts';

const id = (n: number) => parseUpdateId(`00000000-0000-0000-0000-${String(n).padStart(12, '0')}`);

function update(n: number, prerequisites: number[][] = [], bundles: number[] = []): UpdateSummary {
  return {
    identity: { updateId: id(n), revisionNumber: 1 },
    updateType: 'Software',
    explicitlyDeployable: true,
    isExpired: false,
    prerequisiteClauses: prerequisites.map((anyOf) => ({ isCategory: false, anyOf: anyOf.map(id) })),
    bundleClauses: bundles.map((member) => [{ updateId: id(member), revisionNumber: 1 }]),
    supersedes: [],
    drivers: [],
  };
}

function setAside(...updates: UpdateSummary[]): [number, string][] {
  const index = new CatalogIndex();
  for (const [position, summary] of updates.entries()) index.add((position + 1) as RevisionId, summary);
  return findSetAside(index).map(({ identity, code }) => [Number(identity.updateId.slice(-12)), code]);
}

describe('findSetAside', () => {
  it('finds nothing in a sound catalog', () =>
    assert.deepEqual(setAside(update(1), update(2, [[1]]), update(3, [[2], [9, 1]], [2])), []));

  it('names a bundle with a missing member', () =>
    assert.deepEqual(setAside(update(1, [], [2])), [[1, 'CATALOG_BUNDLE_INCOMPLETE']]));

  it('names bundles that lack a member deeper down, and bundles that hold each other', () =>
    assert.deepEqual(setAside(update(1, [], [2]), update(2, [], [9]), update(3, [], [4]), update(4, [], [3])), [
      [1, 'CATALOG_BUNDLE_INCOMPLETE'],
      [2, 'CATALOG_BUNDLE_INCOMPLETE'],
      [3, 'CATALOG_BUNDLE_INCOMPLETE'],
      [4, 'CATALOG_BUNDLE_INCOMPLETE'],
    ]));

  it('names members of a circle and, with another code, those that hang on it', () =>
    assert.deepEqual(setAside(update(1, [[2]]), update(2, [[3]]), update(3, [[1]]), update(4, [[1]])), [
      [1, 'CATALOG_PREREQUISITE_CYCLE'],
      [2, 'CATALOG_PREREQUISITE_CYCLE'],
      [3, 'CATALOG_PREREQUISITE_CYCLE'],
      [4, 'CATALOG_PREREQUISITE_MISSING'],
    ]));

  it('lets a circle be that an alternative opens', () =>
    assert.deepEqual(setAside(update(1, [[2, 3]]), update(2, [[1]]), update(3)), []));

  it('names an update whose prerequisite is nowhere', () =>
    assert.deepEqual(setAside(update(1, [[9]])), [[1, 'CATALOG_PREREQUISITE_MISSING']]));
});
