// docs/limits.md and the source: rows of settings, rows of declared bounds, and constants that a format fixes.
//   node scripts/limits-page.ts          writes the rows of declared bounds
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bound, boundsOf, inWords } from '@moult/bounds';
import { allBounds } from '../packages/cli/src/limits/all-bounds.ts';

export interface LimitRow {
  what: string;
  /** The flag, the name of a declared bound, or a constant: its name, with the end of its file's path. */
  setting: string;
  value: string;
  client: string;
  administrator: string;
}

export const pagePath = join(fileURLToPath(new URL('..', import.meta.url)), 'docs', 'limits.md');

/** Every row that names a setting, a bound or a constant in its second column. */
export function findRows(page: string): LimitRow[] {
  return page
    .split('\n')
    .filter((line) => settingOf(line) !== undefined)
    .map((line) => {
      const [what = '', setting = '', value = '', client = '', administrator = ''] = line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim());
      return { what, setting: setting.replaceAll('`', ''), value, client, administrator };
    });
}

/** The page with the rows of declared bounds as they are declared. A new one goes below the last one of its topic. */
export function writeBoundRows(page: string, bounds: readonly Bound[] = boundsOf(allBounds)): string {
  const byName = new Map(bounds.map((bound) => [bound.name, bound]));
  const written = new Set<string>();
  const lines = page.split('\n').flatMap((line) => {
    const name = settingOf(line) ?? '';
    if (!isBoundName(name)) return [line];
    const bound = byName.get(name);
    if (!bound || written.has(name)) return [];
    written.add(name);
    return [rowOf(bound)];
  });
  for (const bound of bounds.filter(({ name }) => !written.has(name))) {
    const after = lines.findLastIndex((line) => settingOf(line)?.startsWith(topicOf(bound)));
    if (after < 0)
      throw new Error(
        `docs/limits.md has no table with a row of ${topicOf(bound)}: add one with a row of ${bound.name}`,
      );
    lines.splice(after + 1, 0, rowOf(bound));
  }
  return lines.join('\n');
}

function settingOf(line: string): string | undefined {
  return /^\| [^|]+ \| `([^`]+)/.exec(line)?.[1];
}

/** Whether a second column names a declared bound: `xml.max-depth`. */
export function isBoundName(setting: string): boolean {
  return /^[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*$/.test(setting);
}

function topicOf({ name }: Bound): string {
  return name.slice(0, name.indexOf('.') + 1);
}

function rowOf({ what, name, fallback, unit, client, administrator }: Bound): string {
  return `| ${what} | \`${name}\` | ${inWords(fallback, unit)} | ${client} | ${administrator} |`;
}

const unitsBySuffix: readonly [suffix: RegExp, unit: string][] = [
  [/-mib$/, ' MiB'],
  [/-kib$/, ' KiB'],
  [/-kib-per-second$/, ' KiB/s'],
  [/-per-second$/, '/s'],
  [/-seconds$/, ' s'],
  [/-minutes$/, ' min'],
  [/-days$/, ' days'],
];

/** The default of a setting as its row shows it: the unit is the end of the flag's name. */
export function inUnits(value: number, flag: string): string {
  const unit = unitsBySuffix.find(([suffix]) => suffix.test(flag))?.[1] ?? '';
  return `${value.toLocaleString('en-US')}${unit}`;
}

export interface Constant {
  name: string;
  /** From the root of the repository. */
  file: string;
  value: number;
}

/** Every number at the top of a source file: a constant of its own, or a member of one. */
export function findConstants(root: string): Constant[] {
  return globSync('packages/*/src/**/*.ts', { cwd: root })
    .filter((file) => !file.endsWith('.test.ts') && !file.includes('/test/') && !file.startsWith('packages/console/'))
    .sort()
    .flatMap((file) => constantsIn(readFileSync(join(root, file), 'utf8'), file.replaceAll('\\', '/')));
}

/** Bounds are called so: most…, max…, longest…, largest…, or are in an object of limits, bounds or texts' bytes. */
export function isBound({ name }: Constant): boolean {
  // Defaults of settings of `moult serve`, which have rows of their own.
  if (name.startsWith('defaultStoreBounds.')) return false;
  return /^(?:most|max|longest|largest)[A-Z]/.test(name) || /(?:^limits|Limits|Bounds|^textBytes)\./.test(name);
}

/** Declared bounds that no source file takes from their table, as `table.key`. A table may be used as a whole. */
export function findUnusedBounds(root: string): string[] {
  const files = globSync('packages/*/src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
  const texts = files.map((file) => readFileSync(join(root, file), 'utf8'));
  const code = texts.map((text) =>
    text.replaceAll(/^(?:import|export) (?:type )?\{[^}]*\} from .*$|^ *(?:\/\/|\/?\*).*$/gm, ''),
  );
  const unused: string[] = [];
  for (const text of texts) {
    for (const [, table = '', rows = ''] of text.matchAll(
      /^export const (\w+) = declareBounds\('[^']+', \{\n([\s\S]*?)^\}\);/gm,
    )) {
      const whole = new RegExp(`(?:\\.\\.\\.|= |, |: )${table}\\b(?![.\\]]| = )`);
      const isUsedWhole = code.some((one) => whole.test(one.replaceAll(/^export const \w+ = \[[^\]]*\];$/gm, '')));
      for (const [, key = ''] of rows.matchAll(/^ {2}(\w+): \{/gm)) {
        const use = new RegExp(isUsedWhole ? `\\b${key}\\b(?!: \\{)` : `\\b${table}\\.${key}\\b`);
        if (!code.some((one) => use.test(one))) unused.push(`${table}.${key}`);
      }
    }
  }
  return unused;
}

function constantsIn(text: string, file: string): Constant[] {
  const found: Constant[] = [];
  for (const [, name = '', expression = ''] of text.matchAll(
    /^(?:export )?const (\w+)(?::[^=\n]+)? = ([\d_ *+.<-]+|[\d_ *]+(?:ki|me|gi)bibyte);/gm,
  )) {
    found.push({ name, file, value: numberOf(expression) });
  }
  // Defaults of parameters.
  for (const [, name = '', expression = ''] of text.matchAll(/[{,]\s(\w+) = ([\d_ *]+)(?=[,}\s])/g)) {
    found.push({ name, file, value: numberOf(expression) });
  }
  for (const [, name = '', members = ''] of text.matchAll(/^(?:export )?const (\w+)(?::[^=\n]+)? = \{([^}]*)\}/gm)) {
    for (const [, member = '', expression = ''] of members.matchAll(/(?<!\w)(\w+): ([\d_ *+.<-]+)(?=[,\n ]|$)/g)) {
      found.push({ name: `${name}.${member}`, file, value: numberOf(expression) });
    }
  }
  return found;
}

/** Products, sums, powers and shifts of numbers. */
function numberOf(expression: string): number {
  const text = expression
    .replaceAll('_', '')
    .replace('kibibyte', '1024')
    .replace('mebibyte', '1048576')
    .replace('gibibyte', '1073741824')
    .trim();
  const [left = '', right] = text.split('<<');
  if (right !== undefined) return numberOf(left) * 2 ** numberOf(right);
  const factor = (one: string) => {
    const [base = '', ...powers] = one.split('^').map(Number);
    return powers.reduce((product, power) => product ** power, Number(base));
  };
  const product = (term: string) => term.split('*').reduce((so, one) => so * factor(one), 1);
  return text
    .replaceAll('**', '^')
    .replaceAll(' - ', ' + -')
    .split('+')
    .reduce((sum, term) => sum + product(term), 0);
}

const sizes: Record<string, number> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
const seconds: Record<string, number> = { ms: 0.001, s: 1, min: 60, h: 3600, days: 86_400 };

/** The number in a cell, as a constant of this name holds it: 64 KiB are bytes, 20 s of …Ms are milliseconds. */
export function numberIn(cell: string, name: string): number {
  const [, digits = '', unit = ''] = /^([\d,.]*\d)(?: ?([^\s,]+))?/.exec(cell) ?? [];
  const number = Number(digits.replaceAll(',', ''));
  if (unit in sizes) return number * (sizes[unit] ?? 1);
  if (unit in seconds) return number * (seconds[unit] ?? 1) * (/(?:Ms|Wait|Minutes)$/.test(name) ? 1000 : 1);
  if (unit === '%') return number / 100;
  return number;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(pagePath, writeBoundRows(readFileSync(pagePath, 'utf8')));
}
