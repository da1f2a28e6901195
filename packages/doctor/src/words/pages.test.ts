import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type FindingCode, findingCodes, isFindingCode } from './codes.ts';
import { explains } from './explains.ts';
import { parsePage, readPageText } from './page.ts';

const codes = Object.keys(findingCodes) as FindingCode[];
const folder = fileURLToPath(new URL('../../../../docs/findings/', import.meta.url));

describe('pages of findings', () => {
  it('exist for every code, and for nothing else', () => {
    const pages = readdirSync(folder)
      .map((file) => basename(file, '.md'))
      .sort();
    assert.deepEqual(pages, [...codes].sort());
  });

  for (const code of codes) {
    it(`says of ${code} what, why, what to do and how it is seen`, () => {
      const text = readPageText(code);
      const page = parsePage(text);
      const { rung, eventIds } = findingCodes[code];
      assert.ok(text.startsWith(`# ${code}\n`));
      assert.match(
        text,
        new RegExp(`^Rung ${rung}\\.${eventIds.length > 0 ? ` Event ids ${eventIds.join(', ')}\\.` : ''}$`, 'm'),
      );
      assert.ok(page.what.length > 10 && page.what.length < 200, 'one sentence');
      assert.ok(page.cause.length > 5);
      assert.ok(page.remedy.length > 0);
      assert.ok(page.seen.length > 5);
    });
  }

  it('are all listed in docs/doctor.md', () => {
    const text = readFileSync(`${folder}../doctor.md`, 'utf8');
    assert.deepEqual(
      codes.filter((code) => !text.includes(`(findings/${code}.md)`)),
      [],
    );
  });

  it('are each produced by a test', () => {
    const root = fileURLToPath(new URL('..', import.meta.url));
    const tests = globSync(['**/*.test.ts', '**/test/**/*.ts'], { cwd: root })
      .filter((file) => !file.endsWith('pages.test.ts'))
      .map((file) => readFileSync(`${root}/${file}`, 'utf8'))
      .join('\n');
    assert.deepEqual(
      codes.filter((code) => !new RegExp(`\\b${code}\\b`).test(tests)),
      [],
    );
  });
});

describe('the table of what explains what', () => {
  it('names only codes that exist and never goes in a circle of two', () => {
    for (const code of codes) {
      for (const other of explains(code)) {
        assert.ok(isFindingCode(other));
        if (other !== code) assert.ok(!explains(other).includes(code), `${code} and ${other} explain each other`);
      }
    }
  });
});
