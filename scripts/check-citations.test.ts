import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findWrongCitations, readHeadings, readPages, wrongIn } from './check-citations.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const documents = new Map(['MS-WUSP', 'MS-WSUSSS'].map((name) => [name, readHeadings(root, name)]));
const pages = readPages(root);
const why = (file: string, text: string) => wrongIn(file, text, documents, pages).map((one) => one.why);

it('every citation in the repository fits', () => {
  assert.deepEqual(findWrongCitations(root), []);
});

it('a section that does not exist, or is that of another operation, is named', () => {
  assert.deepEqual(why('a.ts', '// MS-WUSP 6.12 says so.'), ['MS-WUSP has no section 6.12']);
  assert.match(
    why('a.ts', '// GetCookie (MS-WUSP 3.1.5.3): a cookie.')[0] ?? '',
    /3\.1\.5\.3 is GetAuthorizationCookie/,
  );
  assert.match(why('x/refresh-cache.ts', '// (MS-WUSP 3.1.5.5)')[0] ?? '', /RefreshCache is 3\.1\.5\.8/);
  assert.match(why('a.ts', '// RollupComputers (MS-WSUSSS 3.1.4.14)')[0] ?? '', /RollupComputers is 3\.1\.4\.15/);
  assert.equal(why('a.ts', '// Reporting (MS-WUSP 2.2.2.3, 3.1.5.13)').length, 1);
});

it('notes that are not in the repository are no source', () => {
  for (const note of ['ms-wusp.md', 'agent-trust.md', 'reference/policy-and-gpo.md'])
    assert.deepEqual(why('packages/a/b.ts', `// always so (${note}, 4.2)`), [
      `${note} is not in this repository: say in a sentence what it says`,
    ]);
  assert.match(why('a.ts', '// refuses beyond this (digest 6.6)')[0] ?? '', /is not in this repository/);
  assert.deepEqual(why('docs/errors/a.md', 'See docs/self-update.md and [its page](../self-update.md).'), []);
});

it('a result code that has a published name is cited by it', () => {
  const name = 'WU_E_PT_EXCEEDED_MAX_SERVER_TRIPS';
  const wanted = [`0x80244010 has a name: write ${name}`];
  assert.deepEqual(why('a.ts', '// It gives up then (0x80244010).'), wanted);
  assert.deepEqual(why('a.ts', 'const codes = [0x80244010, 0x800f0906];'), wanted);
  assert.deepEqual(why('a.ts', `// It gives up then (${name}, 0x80244010).`), []);
  assert.deepEqual(
    why('a.ts', "const shown = 'as 0x80244010'; // Such as `0x80244010`.\nconst marks = /0x80244010/i;"),
    [],
  );
});

it('what fits is not named', () => {
  assert.deepEqual(why('x/get-cookie.ts', '// GetCookie (MS-WUSP 3.1.5.4 and 2.2.2.2.2)'), []);
  assert.deepEqual(why('x/get-cookie.ts', '// As GetConfig (MS-WUSP 3.1.5.2) does.'), []);
});
