import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { joinErrorDocs, readErrorParagraphs } from '../../../scripts/join-error-docs.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const homes = globSync(['packages/*/src/**/errors.ts', 'packages/cli/src/terminal.ts'], { cwd: root });
const paragraphs = readErrorParagraphs(root);

describe('error codes', () => {
  it('are found in every package that has errors', () => {
    const prefixes = new Set([...codesInSource()].map((code) => code.split('_')[0]));
    for (const prefix of ['FORMAT', 'CATALOG', 'PROTOCOL', 'RELEASE', 'SERVER', 'AGENT', 'CLI'])
      assert.ok(prefixes.has(prefix));
  });

  it('each have a paragraph that an administrator can act on', () => {
    const documented = new Set(paragraphs.map(({ code }) => code));
    assert.deepEqual(
      [...codesInSource()].filter((code) => !documented.has(code)),
      [],
      'codes without a paragraph in docs/errors/*.md',
    );
    for (const { code, text } of paragraphs) {
      assert.ok(text.length >= 80, `docs/errors: ${code} says what happened, but hardly what to do`);
    }
  });

  it('have no paragraph once they are gone, and only one while they live', () => {
    const codes = codesInSource();
    assert.deepEqual(
      paragraphs.filter(({ code }) => !codes.has(code)).map(({ code, file }) => `${file}: ${code}`),
      [],
    );
    assert.equal(new Set(paragraphs.map(({ code }) => code)).size, paragraphs.length, 'a code is documented twice');
  });

  it('are all listed in docs/errors.md (node scripts/join-error-docs.ts)', () => {
    assert.equal(readFileSync(join(root, 'docs/errors.md'), 'utf8'), joinErrorDocs(paragraphs));
  });
});

function codesInSource(): Set<string> {
  const text = homes.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
  return new Set(text.match(/(?<=['"])[A-Z]+_[A-Z0-9_]+(?=['"])/g) ?? []);
}
