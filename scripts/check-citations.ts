// Holds every citation of MS-WUSP and MS-WSUSSS against the headings of the documents (fixtures/specifications): the section
// exists, and where an operation is named beside it, in the line or by the name of the file, it is the section of that one.
// Prints each breach as file:line and exits 1.
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Breach } from './check-structure.ts';

const cited = [
  'packages/*/{src,test}/**/*.{ts,tsx}',
  'conformance/**/*.{ts,md,py}',
  'bench/**/*.ts',
  'scripts/**/*.ts',
  'docs/**/*.md',
];

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
  return globSync(cited, { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !file.includes('/dist/') && !file.endsWith('check-citations.test.ts'))
    .sort()
    .flatMap((file) => wrongIn(file, readFileSync(join(root, file), 'utf8'), documents));
}

/** The citations in `text` that do not fit. `file` says which operation it is about, when it has the name of one. */
export function wrongIn(file: string, text: string, documents: ReadonlyMap<string, Headings>): Breach[] {
  return text.split('\n').flatMap((line, at) => [
    ...(file.endsWith('.md') ? [] : notesNobodyHas(line)).map((why) => ({ file, line: at + 1, why })),
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
}

/** Summaries that were at hand when the code was written, and are not in the repository. */
function notesNobodyHas(line: string): string[] {
  const notes =
    line.match(
      /(?<![\w/.-])(?:ms-wusp|ms-wsusss|update-metadata|self-update|logs|troubleshooting)\.md\b|\(?digest (?:of MS-\w+ )?\d+\.\d+/g,
    ) ?? [];
  return notes.map((note) => `${note} is not in this repository: say in a sentence what it says`);
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
  if (breaches.length === 0) console.log('citations: every section that is cited is what it is said to be');
  process.exitCode = breaches.length === 0 ? 0 : 1;
}
