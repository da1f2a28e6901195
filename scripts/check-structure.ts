// Holds the import table of ARCHITECTURE.md: who may import whom, in production code. Tests may reach further.
// Prints each breach as file:line and exits 1.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const mayImport: Record<string, readonly string[]> = {
  formats: [],
  catalog: ['formats'],
  protocol: ['catalog', 'formats'],
  server: ['protocol', 'catalog', 'formats'],
  agent: ['protocol', 'catalog', 'formats'],
  simulator: ['protocol', 'catalog', 'formats'],
  console: [],
  cli: ['server', 'agent', 'simulator', 'protocol', 'catalog', 'formats'],
};

const pure: Record<string, readonly RegExp[]> = {
  formats: [/^node:(fs|net|http|https|child_process|dns)/],
  catalog: [/^node:(fs|net|http|https|child_process|dns|sqlite)/, /^kysely|^pg$/],
  protocol: [/^node:(fs|net|http|https|child_process|dns|sqlite)/, /^kysely|^pg$/],
};

export interface Breach {
  file: string;
  line: number;
  why: string;
}

/** Every import in production code that ARCHITECTURE.md does not allow. */
export function findBreaches(): Breach[] {
  const breaches: Breach[] = [];
  for (const [name, allowed] of Object.entries(mayImport)) {
    for (const file of sourceFiles(join(root, 'packages', name, 'src'))) {
      breaches.push(...breachesIn(name, allowed, file));
    }
  }
  return breaches;
}

function breachesIn(name: string, allowed: readonly string[], file: string): Breach[] {
  const found: Breach[] = [];
  const text = readFileSync(file, 'utf8');
  const report = (index: number, why: string) =>
    found.push({ file: relative(root, file), line: text.slice(0, index).split('\n').length, why });
  for (const match of text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g,
  )) {
    const specifier = match[1] ?? match[2] ?? '';
    const ours = /^@moult\/([a-z]+)/.exec(specifier)?.[1];
    if (ours && ours !== name && !allowed.includes(ours)) report(match.index, `${name} must not import ${specifier}`);
    if (/\.\.\/\.\.\/.*(packages|src)\//.test(specifier)) report(match.index, `imports ${specifier} by path`);
    for (const forbidden of pure[name] ?? []) {
      if (forbidden.test(specifier)) report(match.index, `${name} is pure and must not import ${specifier}`);
    }
  }
  if (name === 'catalog') {
    for (const match of text.matchAll(/\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/g)) {
      report(match.index, 'catalog takes time and randomness as arguments');
    }
  }
  return found;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/[\\/]test[\\/]/.test(file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const breaches = findBreaches();
  for (const { file, line, why } of breaches) console.error(`${file}:${line}: ${why} (ARCHITECTURE.md)`);
  if (breaches.length === 0) console.log('structure: imports are as ARCHITECTURE.md says');
  process.exitCode = breaches.length === 0 ? 0 : 1;
}
