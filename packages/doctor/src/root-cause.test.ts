import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Observation, observe, type Verdict } from './finding.ts';
import { findRoots } from './root-cause.ts';
import { type FindingCode, findingCodes } from './words/codes.ts';

const codes = Object.keys(findingCodes) as FindingCode[];
const observation = fc
  .record({
    code: fc.constantFrom(...codes),
    verdict: fc.constantFrom<Verdict>('fail', 'unknown', 'pass'),
    subject: fc.constantFrom(
      ['server'],
      ['server', 'a'],
      ['server', 'a', '/x'],
      ['server', 'b'],
      ['client', 'c'],
      ['client'],
    ),
  })
  .map(({ code, verdict, subject }) => observe(code, verdict, subject, {}, [{ source: 's', text: code }]));

describe('root causes', () => {
  it('lose no observation, whatever comes together', () => {
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 25 }), (all) => {
        const roots = findRoots(all);
        const told = roots.flatMap(({ root, consequences }) => [root, ...consequences]);
        assert.deepEqual(new Set(told.map(keyOf)), new Set(all.map(keyOf)));
        assert.equal(told.length, new Set(told.map(keyOf)).size, 'told once');
      }),
    );
  });

  it('do not depend on the order in which things were seen', () => {
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 12 }), (all) => {
        const forth = findRoots(all).map(({ root }) => keyOf(root));
        const back = findRoots(all.toReversed()).map(({ root }) => keyOf(root));
        assert.deepEqual(new Set(forth), new Set(back));
      }),
    );
  });

  it('are always there when something failed', () => {
    fc.assert(
      fc.property(fc.array(observation, { minLength: 1, maxLength: 25 }), (all) => {
        const failed = all.some(({ verdict }) => verdict === 'fail');
        assert.equal(findRoots(all)[0]?.root.verdict === 'fail', failed);
      }),
    );
  });

  it('of a server explain the same trouble on its clients', () => {
    const server = observe('DOCTOR_TREE_MISSING', 'fail', ['server', 'port 8530'], {}, []);
    const client = observe('DOCTOR_TREE_MISSING', 'fail', ['client', 'pc7'], {}, []);
    const roots = findRoots([client, server]);
    assert.deepEqual(
      roots.map(({ root }) => root),
      [server],
    );
    assert.deepEqual(roots[0]?.consequences, [client]);
  });
});

function keyOf({ code, verdict, subject }: Observation): string {
  return [code, verdict, ...subject].join('|');
}
