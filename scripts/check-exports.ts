// Finds exports that no other file imports: of files in packages/*/src, and names that an index.ts passes on in vain.
// Tests, benches, scripts and the conformance suite count as users. Prints each as file:line and exits 1.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Breach } from './check-structure.ts';

const users = [
  'packages/*/{src,test,assembly}/**/*.{ts,tsx,mjs}',
  'packages/*/{*.ts,bin/*.js}',
  'conformance/**/*.ts',
  'bench/**/*.ts',
  'scripts/**/*.ts',
];

/** bin/moult.js and the build of the client load them by their paths, so no file imports them. */
const startedByPath = ['packages/cli/src/main.ts', 'packages/client/src/client.ts'];

/** A name that a file passes on from another file. `*`: all names of that file. */
interface PassedOn {
  from: string;
  name: string;
}

interface SourceFile {
  /** Exported name → its line, and where it comes from when it is passed on. */
  exports: Map<string, { line: number; passedOn: PassedOn | undefined }>;
  /** `export * from …` */
  passesAllOf: string[];
  imports: PassedOn[];
}

/** Every dead export in the checkout at `root`. */
export function findDeadExports(root: string): Breach[] {
  const files = new Map<string, SourceFile>();
  for (const path of globSync(users, { cwd: root })) {
    const file = path.replaceAll('\\', '/');
    if (!file.includes('/dist/')) files.set(file, parse(root, file, readFileSync(join(root, file), 'utf8')));
  }
  const used = new Set<string>();
  for (const { imports } of files.values()) for (const { from, name } of imports) use(from, name);
  return [...files]
    .filter(([file]) => isChecked.test(file) && !isTest(file) && !startedByPath.includes(file))
    .flatMap(([file, { exports }]) =>
      [...exports]
        .filter(([name]) => !used.has(`${file} ${name}`))
        .map(([name, { line }]) => ({ file, line, why: `nobody imports ${name}` })),
    )
    .sort((one, other) => (one.file < other.file ? -1 : one.file > other.file ? 1 : one.line - other.line));

  /** Marks the export, and each one that it passes on. */
  function use(file: string, name: string): void {
    const found = files.get(file);
    if (!found || used.has(`${file} ${name}`)) return;
    used.add(`${file} ${name}`);
    if (name === '*') for (const one of found.exports.keys()) use(file, one);
    const passedOn = found.exports.get(name)?.passedOn;
    if (passedOn) use(passedOn.from, passedOn.name);
    if (!found.exports.has(name)) for (const from of found.passesAllOf) use(from, name);
  }
}

/** All packages. */
const isChecked = /^packages\/[^/]+\/src\//;

function isTest(file: string): boolean {
  return /\.test\.tsx?$|\/test\//.test(file);
}

const statement =
  /^(?<kind>import|export)\b\s*(?:type\s+)?(?:(?<all>\*)(?:\s+as\s+(?<as>\w+))?|(?:\w+\s*,\s*)?\{(?<names>[^}]*)\}|\w+)\s*from\s*'(?<from>[^']+)'/gm;
const declaration =
  /^export\s+(?:abstract\s+)?(?:async\s+)?(?:function\*?|const|let|class|interface|type|enum)\s+(\w+)/gm;
const list = /^export\s+(?:type\s+)?\{([^}]*)\};/gm;
/** Files that are asked for by name while the program runs, or by a thread. */
const later = /\bimport\(\s*(?:'([^']+)'|new URL\('([^']+)')|repositoryFile\('(packages\/[^']+\.ts)'\)/g;

function parse(root: string, file: string, text: string): SourceFile {
  const source: SourceFile = { exports: new Map(), passesAllOf: [], imports: [] };
  const lineOf = (index: number) => text.slice(0, index).split('\n').length;
  for (const match of text.matchAll(statement)) {
    const { kind, all, as, names = '', from: specifier = '' } = match.groups ?? {};
    const from = resolve(root, file, specifier);
    if (from === undefined) continue;
    const line = lineOf(match.index);
    if (kind === 'import') {
      source.imports.push(...(all ? [{ from, name: '*' }] : namesIn(names).map(({ name }) => ({ from, name }))));
    } else if (all && as === undefined) source.passesAllOf.push(from);
    else if (as !== undefined) source.exports.set(as, { line, passedOn: { from, name: '*' } });
    else
      for (const { name, as: outer } of namesIn(names)) source.exports.set(outer, { line, passedOn: { from, name } });
  }
  for (const match of text.matchAll(declaration)) {
    source.exports.set(match[1] ?? '', { line: lineOf(match.index), passedOn: undefined });
  }
  for (const match of text.matchAll(list)) {
    for (const { as } of namesIn(match[1] ?? ''))
      source.exports.set(as, { line: lineOf(match.index), passedOn: undefined });
  }
  for (const match of text.matchAll(later)) {
    const from = match[3] ?? resolve(root, file, match[1] ?? match[2] ?? '');
    if (from !== undefined) source.imports.push({ from, name: '*' });
  }
  return source;
}

function namesIn(text: string): { name: string; as: string }[] {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')
    .split(',')
    .map((one) => one.trim().replace(/^type\s+/, ''))
    .filter((one) => one !== '')
    .map((one) => {
      const [name = '', as = name] = one.split(/\s+as\s+/);
      return { name, as };
    });
}

/** The file that a specifier leads to. Undefined for one that is not ours. */
function resolve(root: string, file: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return join(dirname(file), specifier).replaceAll('\\', '/');
  const [, name, part] = /^@moult\/([a-z]+)(?:\/(.+))?$/.exec(specifier) ?? [];
  if (name === undefined) return undefined;
  const exported = exportsOf(root, name);
  const exact = exported[part === undefined ? '.' : `./${part}`];
  const target = exact ?? exported['./*']?.replace('*', part ?? '');
  return target && join('packages', name, target).replaceAll('\\', '/');
}

const known = new Map<string, Record<string, string>>();

function exportsOf(root: string, name: string): Record<string, string> {
  const file = join(root, 'packages', name, 'package.json');
  const found = known.get(file) ?? (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).exports : {});
  known.set(file, found);
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const breaches = findDeadExports(fileURLToPath(new URL('..', import.meta.url)));
  for (const { file, line, why } of breaches) console.error(`${file}:${line}: ${why}`);
  if (breaches.length === 0) console.log('exports: each one has somebody who imports it');
  process.exitCode = breaches.length === 0 ? 0 : 1;
}
