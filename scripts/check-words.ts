// Holds the words of documents, help texts and findings to the countable rules of our style (scripts/words/rules.ts).
// So it does with the comments and texts of the sources. It also holds the promises of the documents to the tests that
// they name. Prints each breach as file:line and exits 1.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Breach } from './check-structure.ts';
import { proseOf, readSourceTexts } from './words/comments.ts';
import { helpTexts } from './words/help-texts.ts';
import { promiseFaults } from './words/promises.ts';
import { readPieces } from './words/prose.ts';
import { faultsOf, sentenceFaults, textFaults } from './words/rules.ts';

/** Decisions (docs/adr) and changes are records of their day, and stay as they were written. */
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'examples/*.md',
  'docs/*.md',
  'docs/{errors,findings}/*.md',
];

/** Every breach in the words of the checkout at `root`. */
export async function findWordBreaches(root: string): Promise<Breach[]> {
  const files = globSync(pages, { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
  const ofPages = files.flatMap((file) => wordsIn(file, readFileSync(join(root, file), 'utf8')));
  const ofPromises = files.flatMap((file) => promiseFaults(root, file, readFileSync(join(root, file), 'utf8')));
  const ofSources = sourceFiles(root).flatMap((file) => sourceBreaches(file, readFileSync(join(root, file), 'utf8')));
  return [...ofPages, ...ofPromises, ...ofSources, ...helpBreaches(await helpTexts())];
}

const sources = ['packages/*/{src,assembly}/**/*.{ts,tsx}', 'packages/*/*.ts', '{scripts,bench,conformance}/**/*.ts'];

/** The files whose comments are held: sources, and no tests. */
export function sourceFiles(root: string): string[] {
  return globSync(sources, { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !/\.test\.tsx?$|\/test\//.test(file))
    .sort();
}

/** Sources with texts for people: errors, lists and screens. Those of developers are not held. */
const hasTexts = /^packages\/[^/]+\/src\//;

/** The faults of the comments of one source file, and of its texts. */
export function sourceBreaches(file: string, source: string): Breach[] {
  return readSourceTexts(source).flatMap(({ kind, line, text }) => {
    if (kind === 'string' && !hasTexts.test(file)) return [];
    const faults = kind === 'string' ? textFaults(text) : sentenceFaults({ kind: 'paragraph', text: proseOf(text) });
    return faults.map((why) => ({ file, line, why }));
  });
}

/** The faults of the words of one page. */
export function wordsIn(file: string, markdown: string): Breach[] {
  const faults = readPieces(markdown).flatMap((piece) =>
    faultsOf(piece).map((why) => ({ file, line: piece.line, why })),
  );
  return [...faults, ...framesOf(file, markdown)];
}

/** A page for people begins with its readers, and ends with the next page and the place for questions. */
function framesOf(file: string, markdown: string): Breach[] {
  if (!/^docs\/[^/]+\.md$/.test(file) || file === 'docs/index.md') return [];
  const lines = markdown.trimEnd().split('\n');
  const faults: Breach[] = [];
  if (!/\b(administrators|developers|operators|reviewers|everyone)\b/i.test(lines.slice(0, 14).join(' ')))
    faults.push({ file, line: 1, why: 'the first lines do not say for whom the page is' });
  const last = lines.slice(-3).join(' ');
  if (!/\bNext(?: page)?: \[/.test(last) || !/\bQuestions: /.test(last))
    faults.push({ file, line: lines.length, why: 'the page does not end with "Next page: […](…). Questions: …"' });
  return faults;
}

function helpBreaches(texts: readonly { place: string; text: string }[]): Breach[] {
  return texts.flatMap(({ place, text }) =>
    faultsOf({ kind: 'paragraph', text }).map((why) => ({ file: `moult ${place} --help`, line: 1, why })),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const breaches = await findWordBreaches(fileURLToPath(new URL('..', import.meta.url)));
  for (const { file, line, why } of breaches) console.error(`${file}:${line}: ${why}`);
  if (breaches.length === 0)
    console.log(
      'words: pages, help texts, findings, texts of the sources and comments are plain, and promises name their tests',
    );
  process.exitCode = breaches.length === 0 ? 0 : 1;
}
