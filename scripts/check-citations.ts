// Checks what sources and pages cite. A section of MS-WUSP or MS-WSUSSS must be among the headings of the documents
// (fixtures/specifications). If the line or the name of the file names an operation, it must be the section of that one.
// A Markdown page must be in the repository. A result code must have its published name, if it has one.
// Prints each breach as file:line and exits 1.
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { meaningOf } from '../packages/doctor/src/hresult/error-table.ts';
import type { Breach } from './check-structure.ts';
import { readSourceTexts } from './words/comments.ts';

const cited = [
  'packages/*/{src,test}/**/*.{ts,tsx}',
  'conformance/**/*.{ts,md,py}',
  'bench/**/*.ts',
  'scripts/**/*.ts',
  'docs/**/*.md',
  '*.md',
];

/** Everything that names of pages are looked up in. */
const repositoryPages = ['{docs,examples,fixtures,conformance}/**/*.md', 'packages/*/*.md', '*.md'];

/** The parts of the documents whose sections are operations. */
const operationParts: Readonly<Record<string, string>> = { 'MS-WUSP': '3.1.5', 'MS-WSUSSS': '3.1.4' };

interface Headings {
  sections: ReadonlyMap<string, string>;
  /** Section by the name of its operation. */
  operations: ReadonlyMap<string, string>;
}

/** Every citation in the checkout at `root` that does not fit. */
export function findWrongCitations(root: string): Breach[] {
  const documents = new Map(Object.keys(operationParts).map((name) => [name, readHeadings(root, name)]));
  const pages = readPages(root);
  return globSync(cited, { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !file.includes('/dist/') && !file.endsWith('check-citations.test.ts'))
    .sort()
    .flatMap((file) => wrongIn(file, readFileSync(join(root, file), 'utf8'), documents, pages));
}

/** The pages of the checkout at `root`, by their paths. */
export function readPages(root: string): ReadonlySet<string> {
  return new Set(globSync(repositoryPages, { cwd: root }).map((file) => file.replaceAll('\\', '/')));
}

/** The citations in `text` that do not fit. `file` says which operation it is about, if it has the name of one. */
export function wrongIn(
  file: string,
  text: string,
  documents: ReadonlyMap<string, Headings>,
  pages: ReadonlySet<string>,
): Breach[] {
  const ofLines = text.split('\n').flatMap((line, at) => [
    ...(isTest(file) ? [] : missingPages(file, line, pages)).map((why) => ({ file, line: at + 1, why })),
    ...[...line.matchAll(/(MS-WUSP|MS-WSUSSS)(?: section)? (\d+(?:\.\d+)*(?:(?:, | and )\d+(?:\.\d+)+)*)/g)].flatMap(
      ([, name = '', numbers = '']) => {
        const headings = documents.get(name);
        if (!headings) return [];
        return numbers
          .split(/, | and /)
          .map((number) => problemOf(number, headings, operationParts[name] ?? '', line, file))
          .filter((why) => why !== undefined)
          .map((why) => ({ file, line: at + 1, why: `${name} ${why}` }));
      },
    ),
  ]);
  return [
    ...ofLines,
    ...(/\.tsx?$/.test(file) && !isTest(file) && !definesCodes.test(file) ? namelessCodes(file, text) : []),
  ];
}

function isTest(file: string): boolean {
  return /\.test\.tsx?$|\/test\//.test(file);
}

/** Pages that a line cites and that no reader of the repository has: summaries from elsewhere. */
function missingPages(file: string, line: string, pages: ReadonlySet<string>): string[] {
  const cited = [...line.matchAll(/(?<![\w*{}.-])((?:[\w.-]+\/)*[\w-]+\.md)\b/g)].map(([, path = '']) => path);
  const digests = line.match(/\bdigest (?:of MS-\w+ )?\d+\.\d+/g) ?? [];
  return [...cited.filter((path) => !isHere(path, file, pages)), ...digests].map(
    (note) => `${note} is not in this repository: say in a sentence what it says`,
  );
}

/** From the file, from the root, or from docs/. A recipe adds pages, and one comment stands for all pages of codes. */
function isHere(path: string, file: string, pages: ReadonlySet<string>): boolean {
  if (file.startsWith('docs/contributing/') || basename(path) === 'CODE.md') return true;
  return [join(dirname(file), path), path, join('docs', path)].some((one) => pages.has(one.replaceAll('\\', '/')));
}

/** Lists of codes and ranges of them. */
const definesCodes = /^packages\/(?:protocol|doctor)\/src\/hresult\//;

/** Result codes as bare numbers, though they have a published name: in code, and in comments outside of quotations. */
function namelessCodes(file: string, source: string): Breach[] {
  const ofComments = readSourceTexts(source).flatMap(({ kind, line, text }) =>
    kind === 'comment' ? codesIn(text).map((code) => ({ code, line, isNamed: text.includes(code.name) })) : [],
  );
  const ofCode = source.split('\n').flatMap((text, at) =>
    codesIn(text.replace(/\/\/.*|\/\*.*|^ *\*.*|(?<=^|[(,=:|])\s*\/.*\/[a-z]*/, '')).map((code) => ({
      ...{ code, line: at + 1, isNamed: false },
    })),
  );
  return [...ofComments, ...ofCode]
    .filter(({ isNamed }) => !isNamed)
    .map(({ code, line }) => ({ file, line, why: `${code.digits} has a name: write ${code.name}` }));
}

function codesIn(text: string): { digits: string; name: string }[] {
  const plain = text.replaceAll(/`[^`]*`|"[^"]*"|“[^”]*”|'[^']*'/g, '');
  return (plain.match(/\b0x(?:8\d|[89a-f]{2}|00)[\da-f]{6}\b/gi) ?? []).flatMap((digits) => {
    const name = meaningOf(Number(digits))?.name;
    return name === undefined ? [] : [{ digits, name }];
  });
}

function problemOf(
  number: string,
  { sections, operations }: Headings,
  part: string,
  line: string,
  file: string,
): string | undefined {
  if (!sections.has(number)) return `has no section ${number}`;
  if (!number.startsWith(`${part}.`)) return undefined;
  const inLine = [...operations].filter(([name]) => new RegExp(`\\b${name}\\b`).test(line));
  const stem = basename(file).replace(/(\.test)?\.\w+$/, '');
  const named = inLine.length > 0 ? inLine : [...operations].filter(([name]) => kebab(name) === stem);
  if (named.length === 0 || named.some(([, section]) => section === number || number.startsWith(`${section}.`)))
    return undefined;
  return `${number} is ${sections.get(number)}; ${named.map(([name, section]) => `${name} is ${section}`).join(', ')}`;
}

export function readHeadings(root: string, name: string): Headings {
  const lines = readFileSync(join(root, 'fixtures/specifications', `${name}.headings.txt`), 'utf8')
    .trim()
    .split('\n');
  const sections = new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
  const part = operationParts[name] ?? '';
  const isOperation = new RegExp(`^${part.replaceAll('.', '\\.')}\\.\\d+$`);
  const operations = [...sections].filter(([number, title]) => isOperation.test(number) && /^[A-Z]\w+$/.test(title));
  return { sections, operations: new Map(operations.map(([number, title]) => [title, number])) };
}

/** GetCookie → get-cookie. */
function kebab(name: string): string {
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const breaches = findWrongCitations(fileURLToPath(new URL('..', import.meta.url)));
  for (const { file, line, why } of breaches) console.error(`${file}:${line}: ${why}`);
  if (breaches.length === 0)
    console.log('citations: sections are what they are said to be, pages are here, and codes have their names');
  process.exitCode = breaches.length === 0 ? 0 : 1;
}
