// Reads docs/limits.md and, in the source, the bounds that it must list.

export interface LimitRow {
  what: string;
  /** The flag, or the name of a constant. */
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
