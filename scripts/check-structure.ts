// Holds the import table of ARCHITECTURE.md: who may import whom, in production code, and no files in a circle. Tests
// may reach further. Prints each breach as file:line and exits 1.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const mayImport: Record<string, readonly string[]> = {
  bounds: [],
  formats: [],
  disk: ['formats'],
  catalog: ['formats'],
  protocol: ['catalog', 'formats'],
  releases: ['protocol', 'disk', 'formats'],
  store: ['protocol', 'catalog', 'disk', 'formats'],
  administration: ['store', 'protocol', 'catalog', 'disk', 'formats'],
  server: ['administration', 'doctor', 'store', 'releases', 'protocol', 'catalog', 'disk', 'formats'],
  agent: ['releases', 'protocol', 'catalog', 'disk', 'formats'],
  simulator: ['protocol', 'catalog', 'formats'],
  client: [],
  console: [], // and the types of the HTTP API, below
  doctor: ['store', 'protocol', 'catalog', 'disk', 'formats'],
  cli: [
    'doctor',
    'administration',
    'server',
    'store',
    'agent',
    'simulator',
    'releases',
    'protocol',
    'catalog',
    'disk',
    'formats',
  ],
};

/** The console may import these, as types only: the documents that the server sends it. */
const apiTypes = '@moult/server/home-document';

const pure: Record<string, readonly RegExp[]> = {
  bounds: [/^node:/],
  formats: [/^node:(fs|net|http|https|child_process|dns)/],
  catalog: [/^node:(fs|net|http|https|child_process|dns|sqlite)/, /^kysely|^pg$/],
  protocol: [/^node:(fs|net|http|https|child_process|dns|sqlite)/, /^kysely|^pg$/],
};

/** Files that open, read or check a store. Only they know which engine it is. */
const opensStore = /^packages\/store\/src\/(database|snapshot|check-database|data-dir\/expected-database)\.ts$/;

/** These packages decide by files whether there is a policy, a trust, a version or a repository. */
const asksDisk = /^packages\/(?:agent|releases)\//;

/** Names that the doctor may not use: it finds causes, and others show them. */
const terminal = /\bconsole\.|\bprocess\.(?:stdout|stderr|stdin|exit|exitCode)\b|from 'node:readline|from 'commander'/g;

/**
 * Numbers that have a name in protocol. The doctor may: its tables of rules are keyed by the numbers that logs hold.
 */
const namedNumbers: readonly { pattern: RegExp; why: string }[] = [
  {
    pattern: /(?<=[\s([,:=+])0x80(?:07|09|0b|19|24)[0-9a-f]{4}\b/gi,
    why: 'HRESULTs have names in @moult/protocol/hresult',
  },
  {
    pattern: /\bevent(?:Id|Number)\s*(?:===|!==|:)\s*\d{3}\b/g,
    why: 'event numbers have names in @moult/protocol/reporting',
  },
];
const mayName = /^packages\/(?:protocol|doctor)\//;

export interface Breach {
  file: string;
  line: number;
  why: string;
}

/** Every import in the production code of the checkout at `root` that ARCHITECTURE.md does not allow. */
export function findBreaches(root: string): Breach[] {
  const breaches: Breach[] = [];
  const values = new Map<string, ValueImport[]>();
  for (const [name, allowed] of Object.entries(mayImport)) {
    for (const file of sourceFiles(join(root, 'packages', name, 'src'))) {
      const text = readFileSync(file, 'utf8');
      const lineOf = (index: number) => text.slice(0, index).split('\n').length;
      const place = relative(root, file).replaceAll('\\', '/');
      for (const { index, why } of [...breachesIn(name, allowed, text), ...breachesOfRooms(place, text)]) {
        breaches.push({ file: relative(root, file), line: lineOf(index), why });
      }
      values.set(
        file,
        importsIn(text)
          .filter(({ specifier, typesOnly }) => specifier.startsWith('.') && !typesOnly)
          .map(({ index, specifier }) => ({ target: join(dirname(file), specifier), line: lineOf(index) })),
      );
    }
  }
  return [...breaches, ...circles(root, values)];
}

interface ValueImport {
  target: string;
  line: number;
}

/** Imports that lead back to their own file. Imports of types are gone when the program runs. */
function circles(root: string, values: ReadonlyMap<string, readonly ValueImport[]>): Breach[] {
  const found: Breach[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    if (done.has(file)) return;
    for (const { target, line } of values.get(file) ?? []) {
      const at = [...path, file].indexOf(target);
      if (at < 0) visit(target, [...path, file]);
      else {
        const round = [...path, file, target].slice(at).map((one) => relative(root, one));
        found.push({ file: relative(root, file), line, why: `a circle of imports: ${round.join(' → ')}` });
      }
    }
    done.add(file);
  };
  for (const file of values.keys()) visit(file, []);
  return found;
}

function breachesIn(name: string, allowed: readonly string[], text: string): { index: number; why: string }[] {
  const found: { index: number; why: string }[] = [];
  const report = (index: number, why: string) => found.push({ index, why });
  for (const { index, specifier, typesOnly } of importsIn(text)) {
    if (name === 'console' && specifier === apiTypes && typesOnly) continue;
    const ours = /^@moult\/([a-z]+)/.exec(specifier)?.[1];
    const isForAll = ours === 'bounds' && name !== 'console';
    if (ours && ours !== name && !isForAll && !allowed.includes(ours))
      report(index, `${name} must not import ${specifier}`);
    if (/^\.\..*\/(packages|src)\//.test(specifier)) report(index, `imports ${specifier} by path`);
    for (const forbidden of pure[name] ?? []) {
      if (forbidden.test(specifier)) report(index, `${name} is pure and must not import ${specifier}`);
    }
  }
  if (name === 'catalog') {
    for (const match of text.matchAll(/\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/g)) {
      report(match.index, 'catalog takes time and randomness as arguments');
    }
  }
  return found;
}

/** Rules within a package. `file` is its path from the root of the repository. */
function breachesOfRooms(file: string, text: string): { index: number; why: string }[] {
  const found: { index: number; why: string }[] = [];
  const site = /^packages\/server\/src\/sites\/([^/]+)\//.exec(file)?.[1];
  for (const { index, specifier } of importsIn(text)) {
    const target = specifier.startsWith('.') ? join(dirname(file), specifier).replaceAll('\\', '/') : specifier;
    const other = /^packages\/server\/src\/sites\/([^/]+)\//.exec(target)?.[1];
    if (site && other && other !== site)
      found.push({ index, why: `the site ${site} must not import the site ${other}` });
    if (specifier === 'zod' && /^\s*import \{/.test(text.slice(index)))
      found.push({ index, why: "import * as z from 'zod': its object z brings forty languages into the bundle" });
    const engine = /^(?:packages\/store\/src|@moult\/store)\/(sqlite|postgres)(?=\/|$)/.exec(target)?.[1];
    if (engine && !opensStore.test(file) && !file.startsWith(`packages/store/src/${engine}/`))
      found.push({ index, why: `only what opens a store may import ${engine}` });
  }
  if (!mayName.test(file)) {
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, ' '));
    for (const { pattern, why } of namedNumbers) {
      for (const { index } of code.matchAll(pattern)) found.push({ index, why });
    }
  }
  if (asksDisk.test(file)) {
    for (const { index } of text.matchAll(/\bexistsSync\b(?!`| says)/g)) {
      found.push({ index, why: 'existsSync takes a disk that fails for a missing file: use isThere of @moult/disk' });
    }
  }
  if (file.startsWith('packages/doctor/')) {
    for (const { index } of text.matchAll(terminal)) found.push({ index, why: 'the doctor knows no terminal' });
  }
  return found;
}

const importStatement =
  /(?:^|\n)\s*(?:import|export)\b[^;'"]*?\bfrom\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

function importsIn(text: string): { index: number; specifier: string; typesOnly: boolean }[] {
  return [...withoutTemplates(text).matchAll(importStatement)].map((match) => ({
    index: match.index + (match[0].startsWith('\n') ? 1 : 0),
    specifier: match[1] ?? match[2] ?? match[3] ?? '',
    typesOnly: /^\s*(import|export) type\b/.test(match[0]),
  }));
}

/** Programs in a template literal (the sample update's) import nothing here. Places stay as they were. */
function withoutTemplates(text: string): string {
  return text.replace(/(?<=[=:(,?[]\s*)`(?:\\[\s\S]|[^`\\])*`/g, (literal) => literal.replace(/[^\n]/g, ' '));
}

function sourceFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/[\\/]test[\\/]/.test(file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const breaches = findBreaches(fileURLToPath(new URL('..', import.meta.url)));
  for (const { file, line, why } of breaches) console.error(`${file}:${line}: ${why} (ARCHITECTURE.md)`);
  if (breaches.length === 0) console.log('structure: imports are as ARCHITECTURE.md says');
  process.exitCode = breaches.length === 0 ? 0 : 1;
}
