// Values of bounds as people write and read them: 64 MiB, 20 s, 2,000.

/** Bytes and milliseconds are written with the unit that fits. Anything else is a number, with this word behind it. */
export type Unit = 'bytes' | 'ms' | (string & {});

const scales: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  bytes: { bytes: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 },
  ms: { ms: 1, s: 1000, min: 60_000, h: 3_600_000, days: 86_400_000 },
};

/** `67108864` bytes → `64 MiB`. The largest unit that divides the value, with a number that one can read. */
export function inWords(value: number, unit: Unit): string {
  const scale = Object.entries(scales[unit] ?? {});
  const fitting = scale.filter(([, size]) => value % size === 0 && value >= size && value / size < 10_000);
  const [name, size] = fitting.at(-1) ?? [unit, 1];
  return `${(value / size).toLocaleString('en-US')}${name === '' ? '' : ` ${name}`}`;
}

/**
 * `64 MiB`, `64MiB`, `67108864` → 67108864. Undefined for anything else, and for units that this kind does not have.
 */
export function fromWords(given: unknown, unit: Unit): number | undefined {
  if (typeof given === 'number') return Number.isSafeInteger(given) ? given : undefined;
  if (typeof given !== 'string') return undefined;
  const [, digits = '', word = ''] = /^(\d{1,15}) ?([A-Za-z]*)$/.exec(given.trim()) ?? [];
  if (digits === '') return undefined;
  const known = Object.entries(scales[unit] ?? {}).find(([name]) => name.toLowerCase() === word.toLowerCase());
  const size = word === '' ? 1 : known?.[1];
  const value = Number(digits) * (size ?? Number.NaN);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The units for a number of this kind: ` (bytes, KiB, …)`. '' without units. */
export function unitsOf(unit: Unit): string {
  const names = Object.keys(scales[unit] ?? {});
  return names.length === 0 ? '' : ` (${names.join(', ')})`;
}
