import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findWordBreaches, sourceBreaches, sourceFiles, wordsIn } from './check-words.ts';
import { proseOf, readSourceTexts } from './words/comments.ts';
import { promiseFaults, promiseRows, titlesIn } from './words/promises.ts';
import { countWords, readPieces, readSentences } from './words/prose.ts';
import { faultsOf } from './words/rules.ts';

const faults = (text: string, kind: Parameters<typeof faultsOf>[0]['kind'] = 'paragraph') => faultsOf({ kind, text });

const root = fileURLToPath(new URL('..', import.meta.url));

describe('the words of this checkout', () => {
  it('are plain, and every promise names its test', async () => {
    assert.deepEqual(await findWordBreaches(root), []);
  });
});

describe('a page as pieces', () => {
  it('has paragraphs, items, headings and cells with their lines, and no code', () => {
    const pieces = readPieces(
      '# Title\n\nOne line\nand its end.\n\n- an item\n  goes on\n\n```sh\nmoult; serve\n```\n\n| A | B |\n| --- | --- |\n| `a|b` | c |\n<!-- nothing; here -->',
    );
    assert.deepEqual(
      pieces.map(({ kind, line, text }) => `${line} ${kind}: ${text}`),
      [
        '1 heading: Title',
        '3 paragraph: One line and its end.',
        '6 paragraph: an item goes on',
        '13 header: A',
        '13 header: B',
        '15 cell: `a/b`',
        '15 cell: c',
      ],
    );
  });

  it('is read in sentences, in which a piece of code and a link are one word', () => {
    const sentences = readSentences('Run `moult serve --data-dir DIR`. See [the page](a.md#b): it helps.');
    assert.deepEqual(sentences, ['Run CODE.', 'See the page:', 'it helps.']);
    assert.equal(countWords(sentences[0] ?? ''), 2);
  });
});

describe('the comments of a source file', () => {
  const source = [
    "const address = 'http://host; x'; // It waits; then it sleeps.",
    'call();',
    '// The first line',
    '// and the second. `a; b` is code:',
    '//   0 size; 4 counter',
    'const pattern = /a; b \\/\\/ nobody/g;',
    '/**',
    ' * It would help.',
    ' */',
  ].join('\n');

  it('are read as prose, without code, strings, patterns and layouts', () => {
    const comments = readSourceTexts(source).filter(({ kind }) => kind === 'comment');
    assert.deepEqual(
      comments.map(({ line, text }) => `${line} ${proseOf(text)}`),
      ['1 It waits; then it sleeps.', '3 The first line and the second. `a; b` is code: .', '7 It would help.'],
    );
  });

  it('keep the rules', () => {
    assert.deepEqual(
      sourceBreaches('scripts/x.ts', source).map(({ line }) => line),
      [1, 7],
    );
  });

  it('of every package, script, bench and of the conformance suite are held to the rules', () => {
    const sources = sourceFiles(root);
    const packages = readdirSync(join(root, 'packages'));
    const unread = [
      ...packages.map((name) => `packages/${name}/src/`),
      'packages/doctor/assembly/',
      'scripts/',
      'bench/',
      'conformance/',
    ].filter((folder) => !sources.some((file) => file.startsWith(folder)));
    assert.deepEqual(unread, []);
  });
});

describe('the texts of a source file', () => {
  it('are plain: house words and mended numbers are found, code and names are not texts', () => {
    const source = [
      "// The comment quotes 'this text'.",
      "const said = 'There is nothing to mend here.';",
      'fail(`\u0024{name} is no time, and \u0024{counted(s)} has 1 file(s)`);',
      "const names = ['nobody', 'x'];",
      'const pattern = /it lies on/;',
      "log('There is no computer, and the agent is no longer here.');",
    ].join('\n');
    const found = sourceBreaches('packages/a/src/x.ts', source).map(({ line, why }) => `${line} ${why.slice(0, 12)}`);
    assert.deepEqual(found, ['2 "mend": writ', '3 "is no": neg', '3 "e(s)": coun']);
  });
});

describe('the rules', () => {
  const wrong: [string, RegExp][] = [
    [`${'word '.repeat(21)}.`, /21 words/],
    ['It waits; then it sleeps.', /two sentences/],
    ['The server mends the tree.', /"fix"/],
    ['It is set aside.', /hold back/],
    ['It is made anew.', /again/],
    ['It waits till noon.', /until/],
    ['The approval is taken back.', /undo/],
    ['All but for one.', /except/],
    ['This is no error.', /negate the verb/],
    ['It is offered to nobody.', /negate the verb/],
    ['That would help.', /present/],
    ['It has to be renewed.', /must/],
    ['The clock is to be set.', /must/],
    ['A clause of which it knows nothing.', /noun/],
    ['Where no mirror answers, it waits.', /"If"/],
    ['What it needs is a key.', /actor/],
    ['The key lies in the folder.', /"is"/],
    ['It is held against the list.', /check/],
    ['1 file(s) checked.', /count right/],
    ['One: two: three.', /two colons/],
  ];
  for (const [text, why] of wrong) {
    it(`refuse "${text.slice(0, 40)}"`, () => {
      const found = faults(text);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0] ?? '', why);
    });
  }

  it('let pass what is plain', () => {
    for (const text of [
      'If no mirror answers, the agent waits.',
      'Which port does it use?',
      'A version is no longer listed.',
      'Run `a; b` and read `till`.',
      `${'word '.repeat(19)}end.`,
    ])
      assert.deepEqual(faults(text), [], text);
    assert.deepEqual(faults('What Moult does not do', 'heading'), []);
  });

  it('want a page to say for whom it is, and to end with the next one', () => {
    const [first, last] = wordsIn('docs/a.md', '# A\n\nText.\n').map(({ why }) => why);
    assert.match(first ?? '', /for whom/);
    assert.match(last ?? '', /Next page/);
    const good = '# A\n\nFor administrators.\n\nNext page: [B](b.md). Questions: the issue tracker of the project.\n';
    assert.deepEqual(wordsIn('docs/a.md', good), []);
  });
});

describe('promises', () => {
  const table = (heldBy: string) =>
    `It never fails.\n\n| Promise | Held by |\n| --- | --- |\n| It never fails | ${heldBy} |\n`;

  it('are the rows of the table', () => {
    assert.deepEqual(promiseRows(table('x')), [{ line: 5, promise: 'It never fails', heldBy: 'x' }]);
  });

  it('name a test file that exists and a test that is in it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'moult-promises-'));
    try {
      mkdirSync(join(folder, 'src'));
      writeFileSync(join(folder, 'src/a.test.ts'), "it('holds', () => {});");
      const why = (heldBy: string) => promiseFaults(folder, 'docs/a.md', table(heldBy)).map((fault) => fault.why);
      assert.deepEqual(why('[a](../src/a.test.ts): "holds"'), []);
      assert.match(why('[a](../src/a.test.ts): "breaks"').join(), /has no test "breaks"/);
      assert.match(why('[b](../src/b.test.ts): "holds"').join(), /no test file/);
      assert.match(why('[a](../src/a.ts): "holds"').join(), /not a test file/);
      assert.match(why('somebody').join(), /names no test/);
      assert.match(promiseFaults(folder, 'docs/a.md', 'It never fails.').join(), /./);
      assert.deepEqual(promiseFaults(folder, 'docs/a.md', 'It works.'), []);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('are found by the titles of tests in any quotes', () => {
    const source = "it('a \\'b\\'', f);\ntest(\n  \"c\", f);\ndescribe(`d`, f); const x = 'y';";
    assert.deepEqual([...titlesIn(source)], ["a 'b'", 'c', 'd']);
  });
});
