// Promises of a page and the tests that hold them. A page that says "never", "nothing" or "always" has a table. Its
// columns are "Promise" and "Held by", as in docs/compatibility.md. Each row names a test file and the name of a test
// in it.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import type { Breach } from '../check-structure.ts';
import { readPieces } from './prose.ts';

/** Words that need a test which fails if they are wrong. */
const absolute = /\b(?:never|nothing|always)\b(?!$)/i;

/** Pages that are made from the program, and the report of a run. */
const fromProgram: ReadonlySet<string> = new Set(
  ['errors', 'commands', 'codes', 'fault-injection'].map((name) => `docs/${name}.md`),
);

/** The faults of the promises of `file`, a page of the checkout at `root`. */
export function promiseFaults(root: string, file: string, markdown: string): Breach[] {
  if (!/^(?:docs\/[^/]+|SECURITY|README)\.md$/.test(file) || fromProgram.has(file)) return [];
  const rows = promiseRows(markdown);
  const faults = rows.flatMap(({ line, heldBy }) =>
    testsNamed(heldBy).map((test) => ({ file, line, why: faultOf(root, file, test) })),
  );
  const unnamed = rows
    .filter(({ heldBy }) => testsNamed(heldBy).length === 0)
    .map(({ line }) => ({ file, line, why: 'a promise names no test: [file](path): "name of the test"' }));
  const bold = readPieces(markdown).find(({ kind, text }) => kind !== 'heading' && absolute.test(text));
  const missing =
    rows.length === 0 && bold
      ? [{ file, line: bold.line, why: `"${absolute.exec(bold.text)?.[0]}" needs a table of promises and their tests` }]
      : [];
  return [...faults.filter((fault): fault is Breach => fault.why !== undefined), ...unnamed, ...missing];
}

interface PromiseRow {
  line: number;
  promise: string;
  heldBy: string;
}

/** The rows of every table with the columns "Promise" and "Held by". */
export function promiseRows(markdown: string): PromiseRow[] {
  const lines = markdown.split('\n');
  const rows: PromiseRow[] = [];
  for (let at = 0; at < lines.length; at++) {
    if (!/^\| *Promise *\| *Held by *\|$/.test(lines[at] ?? '')) continue;
    for (at += 2; lines[at]?.startsWith('|'); at++) {
      const [, promise = '', heldBy = ''] = lines[at]?.split(/(?<!\\)\|/).map((cell) => cell.trim()) ?? [];
      rows.push({ line: at + 1, promise, heldBy });
    }
  }
  return rows;
}

interface NamedTest {
  path: string;
  name: string;
}

/** `[label](path): "name"`, one or several. */
function testsNamed(cell: string): NamedTest[] {
  return [...cell.matchAll(/\[[^\]]*\]\(([^)]+)\): ["“]([^"”]+)["”]/g)].map(([, path = '', name = '']) => ({
    path,
    name,
  }));
}

function faultOf(root: string, file: string, { path, name }: NamedTest): string | undefined {
  const test = normalize(join(dirname(file), path));
  if (!/\.test\.ts$/.test(test)) return `${path} is not a test file`;
  if (!existsSync(join(root, test))) return `there is no test file ${test}`;
  const titles = titlesIn(readFileSync(join(root, test), 'utf8'));
  return titles.has(name) ? undefined : `${test} has no test "${name}"`;
}

/** The names of the tests and groups of a test file, as written there. */
export function titlesIn(source: string): ReadonlySet<string> {
  const titles = source.matchAll(/\b(?:it|test|describe)\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g);
  return new Set([...titles].map(([, , title = '']) => title.replaceAll(/\\(.)/g, '$1')));
}
