import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const documents = globSync(['*.md', 'docs/**/*.md', 'conformance/**/*.md', 'examples/**/*.md'], { cwd: root });

describe('the README', () => {
  it('has exactly two set-up commands', () => {
    const commands = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
      block.trim().split('\n'),
    );
    assert.deepEqual(commands, ['npm ci && npm start', 'npm ci && npm test']);
  });

  it('says what it is in five lines and shows one picture', () => {
    const [, introduction = ''] = readme.split('\n\n');
    assert.ok(introduction.split('\n').length <= 5);
    assert.equal(readme.match(/!\[/g)?.length, 1);
  });

  it('is what CI runs', () => {
    assert.match(readFileSync(join(root, '.ci/run'), 'utf8'), /^npm ci && npm test$/m);
  });
});

describe('the documents', () => {
  it('link only to what is there', () => {
    const broken = documents.flatMap((document) =>
      linksOf(document)
        .filter(({ file, anchor }) => !existsSync(join(root, file)) || !hasAnchor(file, anchor))
        .map(({ file, anchor }) => `${document} → ${file}${anchor ? `#${anchor}` : ''}`),
    );
    assert.deepEqual(broken, []);
  });

  it('are all within reach of docs/index.md', () => {
    const reached = new Set(linksOf('docs/index.md').map(({ file }) => file));
    const there = globSync('docs/*.md', { cwd: root }).filter((file) => file !== normalize('docs/index.md'));
    assert.deepEqual(
      there.filter((file) => !reached.has(file)),
      [],
    );
  });

  it('name no path of the machine they were written on', () => {
    for (const document of documents) {
      assert.doesNotMatch(
        readFileSync(join(root, document), 'utf8'),
        /(^|[\s"'`(])\/(work|tmp|root|home)\//m,
        document,
      );
    }
  });
});

function linksOf(document: string): { file: string; anchor: string }[] {
  const text = readFileSync(join(root, document), 'utf8').replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^(https?:|mailto:)/.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#');
      return { file: path === '' ? document : normalize(join(dirname(document), path)), anchor };
    });
}

function hasAnchor(file: string, anchor: string): boolean {
  if (anchor === '' || !file.endsWith('.md')) return true;
  const headings = readFileSync(join(root, file), 'utf8').match(/^#+ .+$/gm) ?? [];
  return headings.some((heading) => anchorOf(heading.replace(/^#+ /, '')) === anchor);
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
}
