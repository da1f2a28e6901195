// Reads docs/limits.md and, in the source, the bounds that it must list.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface LimitRow {
  what: string;
  /** The flag; or the name of a constant, with the end of its file's path when several have this name. */
  setting: string;
  value: string;
  client: string;
  administrator: string;
}

/** Every row that names a setting or a constant in its second column. */
export function findRows(page: string): LimitRow[] {
  return page
    .split('\n')
    .filter((line) => /^\| [^|]+ \| `/.test(line))
    .map((line) => {
      const [what = '', setting = '', value = '', client = '', administrator = ''] = line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim());
      return { what, setting: setting.replaceAll('`', ''), value, client, administrator };
    });
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

/** Every number that is a constant of its own, or a member of one, at the top of a source file. */
export function findConstants(root: string): Constant[] {
  return globSync('packages/*/src/**/*.ts', { cwd: root })
    .filter((file) => !file.endsWith('.test.ts') && !file.includes('/test/') && !file.startsWith('packages/console/'))
    .sort()
    .flatMap((file) => constantsIn(readFileSync(join(root, file), 'utf8'), file.replaceAll('\\', '/')));
}

/**
 * Bounds are called so: most…, max…, longest…, largest…, or stand in an object of limits, bounds or texts' bytes. Those of
 * `defaultStoreBounds` are the defaults of settings.
 */
export function isBound({ name }: Constant): boolean {
  if (name.startsWith('defaultStoreBounds.')) return false;
  return /^(?:most|max|longest|largest)[A-Z]/.test(name) || /(?:^limits|Limits|Bounds|^textBytes)\./.test(name);
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

/** What a cell says, as a constant of this name holds it: 64 KiB are bytes, 20 s of …Ms are milliseconds. */
export function numberIn(cell: string, name: string): number {
  const [, digits = '', unit = ''] = /^([\d,.]*\d)(?: ?([^\s,]+))?/.exec(cell) ?? [];
  const number = Number(digits.replaceAll(',', ''));
  if (unit in sizes) return number * (sizes[unit] ?? 1);
  if (unit in seconds) return number * (seconds[unit] ?? 1) * (/(?:Ms|Wait|Minutes)$/.test(name) ? 1000 : 1);
  if (unit === '%') return number / 100;
  return number;
}
