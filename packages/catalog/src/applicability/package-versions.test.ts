import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { comparePackageVersions } from './package-versions.ts';

/** What each manager answers to `first < second`, `=` and `>`, as one sign. */
function sign(first: string, second: string, manager: string): string | undefined {
  const tokens = { '<': 'LessThan', '=': 'EqualTo', '>': 'GreaterThan' };
  return Object.entries(tokens).find(([, token]) => comparePackageVersions(token, first, second, manager))?.[0];
}

// From deb-version(7), vercmp(8) and what dpkg, rpm, pacman and apk-tools themselves answer, in this order of columns; a
// question mark where apk-tools takes it for no version.
const table = `
1.0                    1.0                    = = = =
1.9                    1.10                   < < < <
1.0-1                  1.0.1-1                < < < ?
1.0+dfsg-1             1.0-1                  > > > ?
1.0a                   1.0                    > > < >
1.0~rc1                1.0                    < < > ?
1.0~~                  1.0~                   < < = ?
1:0.1                  2.0                    > > > ?
1.0-1                  1.0                    > = = ?
1.001                  1.1                    = = = <
1.0.a                  1.0+a                  > = = ?
2a                     2.0                    < < < <
1.0^20210501           1.0                    > > > ?
1.0^20210501           1.0.1                  > < > ?
1.0_rc1                1.0                    > > > <
1.0_p1                 1.0                    > > > >
1.0-r2                 1.0-r10                < < < <
20231231235959999999999 20231231235959999999998 > > > >
1.0rc                  1.0                    > > < ?
1.0.a                  1.0a                   > = > ?
1.0..1                 1.0.1                  > = > ?
1.0.                   1.0_                   < = = ?
1.01                   1.010                  < < < <
01.2                   1.2                    = = = =
1.0                    1.0-r0                 < = = <
1.0_rc                 1.0_rc0                = < < <
`
  .trim()
  .split('\n')
  .map((row) => row.split(/ +/));

describe('comparePackageVersions', () => {
  for (const [first = '', second = '', dpkg, rpm, pacman, apk] of table) {
    it(`puts ${first} and ${second} in the order of each manager, from either side`, () => {
      const turned: Record<string, string> = { '<': '>', '>': '<', '=': '=' };
      for (const [manager, expected] of Object.entries({ dpkg, rpm, pacman, apk })) {
        assert.equal(sign(first, second, manager) ?? '?', expected, manager);
        assert.equal(sign(second, first, manager) ?? '?', turned[expected ?? ''] ?? '?', manager);
      }
    });
  }

  it('answers without a manager only what all managers answer', () => {
    assert.equal(comparePackageVersions('GreaterThanOrEqualTo', '2.1-1', '2.0', ''), true);
    assert.equal(comparePackageVersions('GreaterThanOrEqualTo', '2.0-1', '2.0', ''), true);
    assert.equal(comparePackageVersions('GreaterThan', '2.0-1', '2.0', ''), undefined);
    assert.equal(comparePackageVersions('LessThan', '1.0~rc1', '1.1'), true);
    assert.equal(comparePackageVersions('LessThan', '1.0~rc1', '1.0'), undefined);
    assert.equal(comparePackageVersions('LessThan', '1.0_rc1', '1.0'), undefined);
    assert.equal(comparePackageVersions('EqualTo', '1.0-1', '1.0', 'apk'), undefined);
    assert.equal(comparePackageVersions('Contains', '1.0', '1.0', 'dpkg'), undefined);
  });
});
