// The lists of revisions by themselves: categories and those below them, parts of bundles, and what is new.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CatalogIndex, type RevisionId, type UpdateId, type UpdateSummary } from '@moult/catalog';
import { createRevisionLists } from './revision-lists.ts';

const id = (name: string) => `00000000-0000-4000-8000-${Buffer.from(name.padEnd(6, '.')).toString('hex')}` as UpdateId;

interface Made {
  type?: UpdateSummary['updateType'];
  revision?: number;
  names?: string[];
  parts?: [name: string, revision: number][];
}

function catalogOf(...revisions: [name: string, made?: Made][]) {
  const index = new CatalogIndex();
  const names = new Map<number, string>();
  const add = (name: string, { type = 'Software', revision = 1, names: named = [], parts = [] }: Made = {}) => {
    const number = index.size + 1;
    names.set(number, `${name}@${revision}`);
    const summary = {
      ...{ identity: { updateId: id(name), revisionNumber: revision }, updateType: type, explicitlyDeployable: true },
      ...{ isExpired: false, supersedes: [], drivers: [] },
      prerequisiteClauses: named.map((one) => ({ isCategory: false, anyOf: [id(one)] })),
      bundleClauses: parts.map(([part, revisionNumber]) => [{ updateId: id(part), revisionNumber }]),
    };
    index.add(number as RevisionId, summary, number);
  };
  for (const [name, made] of revisions) add(name, made);
  const lists = createRevisionLists(() => index);
  const namesOf = (found: { revisionId: number }[]) => found.map(({ revisionId }) => names.get(revisionId));
  const wanted = (ids: Record<string, boolean>) =>
    new Map(Object.entries(ids).map(([name, delta]) => [id(name), delta]));
  return {
    ...{ add, lists },
    configuration: (since = 0) => namesOf(lists.configuration(since)),
    updates: (categories: Record<string, boolean>, classes: Record<string, boolean>, since = 0) =>
      namesOf(lists.updates({ since, categories: wanted(categories), classifications: wanted(classes) })),
  };
}

const category: Made = { type: 'Category' };
const basic: [string, Made?][] = [
  ['family', category],
  ['win', { type: 'Category', names: ['family'] }],
  ['office', category],
  ['sec', category],
  ['crit', category],
  ['x64', { type: 'Detectoid' }],
];

it('the newest revision of each update is listed, in a category and in a classification', () => {
  const { updates, configuration } = catalogOf(
    ...basic,
    ['one', { names: ['win', 'sec', 'x64'] }],
    ['two', { names: ['office', 'sec'] }],
    ['one', { names: ['win', 'sec'], revision: 2 }],
    ['three', { names: ['win', 'crit'] }],
    ['sec', { type: 'Category', revision: 2 }],
  );
  assert.deepEqual(configuration(), ['family@1', 'win@1', 'office@1', 'crit@1', 'x64@1', 'sec@2']);
  assert.deepEqual(configuration(6), ['sec@2']);
  assert.deepEqual(updates({ win: false }, { sec: false }), ['one@2']);
  assert.deepEqual(updates({ win: false, office: false }, { sec: false, crit: false }), ['two@1', 'one@2', 'three@1']);
  assert.deepEqual(updates({ family: false }, { crit: false }), ['three@1']);
  assert.deepEqual(updates({ win: false }, {}), []);
  assert.deepEqual(updates({}, {}), ['two@1', 'one@2', 'three@1']);
  assert.deepEqual(updates({}, {}, 9), ['three@1']);
});

it('of known ids only changes are listed, and all of a new category or classification', () => {
  const { updates, add } = catalogOf(
    ...basic,
    ['one', { names: ['win', 'sec'] }],
    ['two', { names: ['office', 'sec'] }],
    ['three', { names: ['win', 'crit'] }],
  );
  assert.deepEqual(updates({ win: true }, { sec: true, crit: true }, 9), []);
  assert.deepEqual(updates({ win: true, office: false }, { sec: true }, 9), ['two@1']);
  assert.deepEqual(updates({ win: true }, { sec: true, crit: false }, 9), ['three@1']);
  add('four', { names: ['win', 'sec'] });
  assert.deepEqual(updates({ win: true }, { sec: true }, 9), ['four@1']);
});

it('a bundle comes with its parts, in the revision that it names, also one that comes later', () => {
  const { updates, add } = catalogOf(
    ...basic,
    ['part', { revision: 1 }],
    ['part', { revision: 2 }],
    ['inner', { parts: [['part', 1]] }],
    [
      'all',
      {
        names: ['win', 'sec'],
        parts: [
          ['inner', 1],
          ['late', 1],
        ],
      },
    ],
    ['other', { parts: [['late', 1]] }],
  );
  assert.deepEqual(updates({ win: false }, { sec: false }), ['part@1', 'inner@1', 'all@1']);
  add('late');
  assert.deepEqual(updates({ win: true }, { sec: true }, 11), ['late@1']);
  assert.deepEqual(updates({ office: true }, { sec: true }, 11), []);
});

it('bundles that hold each other end', () => {
  const { updates } = catalogOf(
    ...basic,
    ['a', { names: ['win', 'sec'], parts: [['b', 1]] }],
    ['b', { parts: [['a', 1]] }],
  );
  assert.deepEqual(updates({ win: false }, { sec: false }), ['a@1', 'b@1']);
});

it('after a restore the lists are those of the other catalog', () => {
  let index = new CatalogIndex();
  const lists = createRevisionLists(() => index);
  assert.equal(lists.last(), undefined);
  index = new CatalogIndex();
  const identity = { updateId: id('one'), revisionNumber: 1 };
  const plain = { prerequisiteClauses: [], bundleClauses: [], supersedes: [], drivers: [] };
  index.add(
    7 as RevisionId,
    { identity, updateType: 'Software', explicitlyDeployable: true, isExpired: false, ...plain },
    1,
  );
  assert.equal(lists.last()?.revisionId, 7);
});
