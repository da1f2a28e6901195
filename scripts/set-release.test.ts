// One command sets version and day of a release, and `npm run check` finds each place that disagrees.
import assert from 'node:assert/strict';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findReleaseProblems, setRelease } from './set-release.ts';

const checkout = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'moult-release-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const now = new Date('2030-06-01T12:00:00Z');
const named = [
  'package.json',
  'package-lock.json',
  'CHANGELOG.md',
  ...globSync('packages/*/package.json', { cwd: checkout }),
];
const [versionFile = ''] = globSync('packages/*/src/version.ts', { cwd: checkout });

describe('a release', () => {
  beforeEach(() => {
    for (const name of [...named, versionFile]) cpSync(join(checkout, name), join(folder, name), { recursive: true });
  });
  const edit = (name: string, from: string | RegExp, to: string) => {
    const text = readFileSync(join(folder, name), 'utf8');
    const edited = text.replace(from, to);
    assert.notEqual(edited, text, name);
    writeFileSync(join(folder, name), edited);
  };

  it('of this checkout is named the same everywhere', () => {
    assert.ok(dirname(versionFile).endsWith('src'));
    assert.deepEqual(findReleaseProblems(checkout, new Date()), []);
  });

  it('is set in all places at once', () => {
    setRelease(folder, '7.8.9', '2030-05-31');
    assert.deepEqual(findReleaseProblems(folder, now), []);
    assert.match(readFileSync(join(folder, versionFile), 'utf8'), /'7\.8\.9'[\s\S]*'2030-05-31T00:00:00Z'/);
    assert.match(readFileSync(join(folder, 'CHANGELOG.md'), 'utf8'), /^## Unreleased\n\n## 7\.8\.9 \(2030-05-31\)\n/m);
    for (const name of named.filter((one) => one.endsWith('.json'))) {
      const text = readFileSync(join(folder, name), 'utf8');
      assert.ok(text.includes('"version": "7.8.9"'), name);
      assert.doesNotMatch(text, /"@moult\/[a-z]+": "(?!7\.8\.9)/, name);
    }
  });

  it('that differs in one place is found', () => {
    setRelease(folder, '7.8.9', '2030-05-31');
    edit('packages/disk/package.json', '"version": "7.8.9"', '"version": "7.8.8"');
    edit('package-lock.json', /("@moult\/catalog"): "7\.8\.9"/, '$1: "7.8.7"');
    edit('CHANGELOG.md', '(2030-05-31)', '(2030-06-01)');
    const problems = findReleaseProblems(folder, now).join('\n');
    for (const told of [
      /^packages\/disk\/package\.json says 7\.8\.8/m,
      /^package-lock\.json says 7\.8\.7/m,
      /^CHANGELOG\.md says 7\.8\.9 \(2030-06-01\)/m,
    ]) {
      assert.match(problems, told);
    }
    assert.match(findReleaseProblems(folder, new Date('2030-01-01')).join('\n'), /in the future/);
  });

  it('that is mistyped changes nothing', () => {
    const before = readFileSync(join(folder, versionFile), 'utf8');
    for (const [version, date] of [
      ['7.8', '2030-05-31'],
      ['7.8.9', '31.5.2030'],
      ['7.8.9', '2030-13-31'],
      ['7.8.9', ''],
    ] as const) {
      assert.throws(() => setRelease(folder, version, date), /Give the version as/);
    }
    assert.equal(readFileSync(join(folder, versionFile), 'utf8'), before);
  });
});
