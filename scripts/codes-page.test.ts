import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { codesPage } from './codes-page.ts';

it('docs/codes-without-cause.md is what the program knows', () => {
  const page = readFileSync(new URL('../docs/codes-without-cause.md', import.meta.url), 'utf8');
  assert.equal(page, codesPage(), 'node scripts/codes-page.ts writes it anew');
});
