import assert from 'node:assert/strict';
import { it } from 'node:test';
import { askConfig, askUpdates, filterOf, halves, missingIn, secondsLeft } from './plan.ts';

const [one, two] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
const choice = (kind: 'product' | 'classification' | 'language', id: string) => ({ kind, id });

it('nothing is asked while no product or no classification is chosen: an upstream would answer an empty list', () => {
  assert.equal(filterOf([]), undefined);
  assert.equal(filterOf([choice('product', one)]), undefined);
  assert.equal(filterOf([choice('classification', one)]), undefined);
  assert.deepEqual(filterOf([choice('product', two), choice('classification', one), choice('language', '1033')]), {
    categories: [two],
    classifications: [one],
    languages: [1033],
  });
});

it('what was asked for before asks for changes, what is new for all', () => {
  const filter = { categories: [one, two], classifications: [one], languages: [1031, 1033] };
  const first = askUpdates(filter, undefined);
  assert.equal(first.anchor, undefined);
  assert.ok([...first.categories, ...first.classifications, ...first.languages].every(({ delta }) => !delta));
  const next = askUpdates(filter, {
    anchor: 'a',
    filter: { categories: [one], classifications: [one], languages: [1033] },
  });
  assert.deepEqual(next.categories, [
    { id: one, delta: true },
    { id: two, delta: false },
  ]);
  assert.deepEqual(next.languages, [
    { id: 1031, delta: false },
    { id: 1033, delta: true },
  ]);
  assert.deepEqual([next.anchor, next.getConfig, next.get63LanguageOnly], ['a', false, false]);
  assert.equal(askConfig({ anchor: 'b' }).anchor, 'b');
});

it("the revisions that Microsoft's public service names as missing are found, if they were asked for", () => {
  const asked = [
    { updateId: one, revisionNumber: 7 },
    { updateId: two, revisionNumber: 100 },
  ];
  const message = `Requested 99 returned 2 (test content removed: 0). Missing Revisions: ${two.toUpperCase()}.100, ${one}.8`;
  assert.deepEqual(missingIn(message, asked), [asked[1]]);
  assert.deepEqual(missingIn('', asked), []);
});

it('a batch of one has no second half', () => {
  assert.deepEqual(halves([1, 2, 3]), [[1, 2], [3]]);
  assert.deepEqual(halves([1]), [[1], []]);
});

it('the time that is left is that of the speed so far', () => {
  assert.equal(secondsLeft({ listed: 100, fetched: 25, sinceMs: 1000 }), 3);
  assert.equal(secondsLeft({ listed: 100, fetched: 0, sinceMs: 1000 }), undefined);
});
