import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CatalogIndex } from '../graph/index.ts';
import { toRevisionId, type UpdateId } from '../ids.ts';
import { planRemoval } from './index.ts';

const day = 86_400_000;
const start = Date.parse('2026-01-01T00:00:00Z');
const on = (days: number) => new Date(start + days * day);

interface Given {
  revision?: number;
  day?: number;
  needs?: string[];
  /** `name@revision`. */
  bundles?: string[];
  isPart?: boolean;
  type?: 'Software' | 'Driver' | 'Category' | 'Detectoid';
}

/** Names stand for update ids. Each revision gets the next id. */
function catalogOf(revisions: readonly (readonly [name: string, given?: Given])[]) {
  const index = new CatalogIndex();
  revisions.forEach(
    ([name, { revision = 1, day: added = 0, needs = [], bundles = [], isPart = false, type } = {}], at) => {
      const members = bundles.map((member) => {
        const [id = '', number = ''] = member.split('@');
        return [{ updateId: id as UpdateId, revisionNumber: Number(number) }];
      });
      index.add(
        toRevisionId(at + 1),
        {
          identity: { updateId: name as UpdateId, revisionNumber: revision },
          updateType: type ?? 'Software',
          ...{ explicitlyDeployable: !isPart, isExpired: false, supersedes: [], drivers: [] },
          prerequisiteClauses: needs.map((id) => ({ isCategory: false, anyOf: [id as UpdateId] })),
          bundleClauses: members,
        },
        on(added).getTime(),
      );
    },
  );
  return index;
}

function plan(index: CatalogIndex, declined: readonly string[], held: readonly string[] = []) {
  const {
    declined: whole,
    parts,
    replaced,
  } = planRemoval({
    ...{ index, declinedAt: new Map(declined.map((name) => [name, on(1)])), held: new Set(held) },
    ...{ declinedBefore: on(50), replacedBefore: on(50) },
  });
  const names = (chosen: typeof whole) => chosen.map(({ updateId }) => updateId as string).sort();
  return { declined: names(whole), parts: names(parts), replaced: replaced.flatMap(({ revisionIds }) => revisionIds) };
}

const revisions = (list: Parameters<typeof catalogOf>[0]) => catalogOf(list.map(([name, given = {}]) => [name, given]));

describe('a cleanup of the catalog', () => {
  it('takes updates that were declined long enough ago, and no others', () => {
    const index = revisions([['old'], ['young'], ['approved']]);
    const declinedAt = new Map([
      ['old', on(49)],
      ['young', on(50)],
    ]);
    const ages = { declinedBefore: on(50), replacedBefore: undefined };
    const found = planRemoval({ index, declinedAt, held: new Set(), ...ages });
    assert.deepEqual(found, { declined: [{ updateId: 'old', revisionIds: [1] }], parts: [], replaced: [] });
    const none = { declinedBefore: undefined, replacedBefore: undefined };
    assert.deepEqual(planRemoval({ index, declinedAt, held: new Set(), ...none }).declined, []);
  });

  it('keeps a declined update that one that stays needs or bundles, with all that it needs itself', () => {
    const index = revisions([
      ['kept', { needs: ['needed'] }],
      ['needed', { bundles: ['inner@1'] }],
      ['inner', { needs: ['deep'], isPart: true }],
      ['deep'],
      ['free', { needs: ['alone'] }],
      ['alone'],
    ]);
    assert.deepEqual(plan(index, ['needed', 'deep', 'free', 'alone']), {
      ...{ declined: ['alone', 'free'], parts: [], replaced: [] },
    });
  });

  it('takes the parts of declined bundles with them, and leaves those that another bundle has', () => {
    const index = revisions([
      ['bundle', { bundles: ['own@1', 'shared@1'] }],
      ['other', { bundles: ['shared@1'] }],
      ['own', { isPart: true, bundles: ['nested@1'] }],
      ['nested', { isPart: true }],
      ['shared', { isPart: true }],
    ]);
    assert.deepEqual(plan(index, ['bundle']), { declined: ['bundle'], parts: ['nested', 'own'], replaced: [] });
  });

  it('takes parts that no bundle names any more, once they are old', () => {
    const index = revisions([
      ['orphan', { isPart: true }],
      ['new', { isPart: true, day: 60 }],
    ]);
    assert.deepEqual(plan(index, []).parts, ['orphan']);
  });

  it('takes no categories, no detectoids, and nothing that rings or vendors hold', () => {
    const index = revisions([
      ['c', { type: 'Category' }],
      ['d', { type: 'Detectoid' }],
      ['held'],
      ['driver', { type: 'Driver' }],
    ]);
    assert.deepEqual(plan(index, ['c', 'd', 'held', 'driver'], ['held']).declined, ['driver']);
  });

  it('takes revisions that were replaced long enough ago, and keeps each that a bundle names', () => {
    const index = revisions([
      ['a', { revision: 1 }],
      ['a', { revision: 2, day: 10 }],
      ['a', { revision: 3, day: 60 }],
      ['part', { revision: 1, isPart: true }],
      ['part', { revision: 2, isPart: true, day: 1 }],
      ['bundle', { bundles: ['part@1'] }],
    ]);
    // The second revision of "a" was replaced on day 60, which is too late.
    assert.deepEqual(plan(index, []).replaced, [1]);
  });

  it('takes an old revision of a bundle with the old revisions of its parts', () => {
    const index = revisions([
      ['part', { revision: 1, isPart: true }],
      ['part', { revision: 2, isPart: true, day: 1 }],
      ['bundle', { revision: 1, bundles: ['part@1'] }],
      ['bundle', { revision: 2, bundles: ['part@2'], day: 1 }],
    ]);
    assert.deepEqual(plan(index, []).replaced, [1, 3]);
  });

  it('leaves no name without its update, in 300 random catalogs', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = randomOf(seed);
      const some = () => `u${Math.floor(random() * 12)}`;
      const list = Array.from({ length: 30 }, (_, at): [string, Given] => [
        `u${at % 12}`,
        {
          ...{ revision: 1 + Math.floor(at / 12), day: Math.floor(random() * 70), isPart: at % 12 > 7 },
          needs: random() < 0.3 ? [some()] : [],
          bundles: random() < 0.3 ? [`${some()}@${1 + Math.floor(random() * 3)}`] : [],
        },
      ]);
      const index = catalogOf(list);
      const declinedAt = new Map(['u0', 'u1', 'u2', 'u3', 'u4'].map((name) => [name, on(1)]));
      const ages = { declinedBefore: on(50), replacedBefore: on(50) };
      const found = planRemoval({ index, declinedAt, held: new Set(['u4']), ...ages });
      const gone = new Set([...found.declined, ...found.parts, ...found.replaced].flatMap((one) => one.revisionIds));
      const before = new Set([...index.updates()].map(({ updateId }) => updateId));
      const staying = [...index.updates()]
        .flatMap((update) => update.revisions)
        .filter((one) => !gone.has(one.revisionId));
      const left = new Set(staying.map(({ update }) => update.updateId));
      for (const { summary } of staying) {
        for (const { anyOf } of summary.prerequisiteClauses)
          for (const id of anyOf) assert.ok(!before.has(id) || left.has(id), `seed ${seed}: ${id} is needed`);
        for (const identity of summary.bundleClauses.flat()) {
          const part = index.find(identity);
          assert.ok(part === undefined || !gone.has(part.revisionId), `seed ${seed}: a part is missing`);
        }
      }
      assert.ok(left.has('u4' as UpdateId) && left.has('u5' as UpdateId), 'nobody declined it');
    }
  });
});

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
