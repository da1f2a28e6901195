// Comparisons of rules: `machine value  op  rule value`. Tokens are read in any letter case (one in the wild is not
// capitalized). Everything answers undefined when it cannot be decided.

/** The verdict of comparing as numbers, dates or version part lists already ordered: negative, 0 or positive. */
export function compareBy(token: string | undefined, order: number): boolean | undefined {
  switch ((token ?? 'EqualTo').toLowerCase()) {
    case 'lessthan':
      return order < 0;
    case 'lessthanorequalto':
      return order <= 0;
    case 'equalto':
      return order === 0;
    case 'greaterthanorequalto':
      return order >= 0;
    case 'greaterthan':
      return order > 0;
    default:
      return undefined;
  }
}

/** 1 to 4 numeric parts, missing ones 0. Undefined if the text is not a version. */
export function parseVersion(text: string): number[] | undefined {
  const parts = text.trim().split('.');
  if (parts.length > 4 || !parts.every((part) => /^\d{1,10}$/.test(part))) return undefined;
  return [0, 1, 2, 3].map((index) => Number(parts[index] ?? 0));
}

/** Order of two version texts, part by part. Undefined if one is not a version. */
export function orderVersions(first: string, second: string): number | undefined {
  const a = parseVersion(first);
  const b = parseVersion(second);
  return a && b && orderParts(a, b);
}

export function orderParts(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** String comparison. Whether letter case counts is not documented: if the unknown decides, the answer is undefined. */
export function compareStrings(token: string | undefined, machine: string, rule: string): boolean | undefined {
  const exact = matches(token, machine, rule);
  const folded = matches(token, machine.toLowerCase(), rule.toLowerCase());
  return exact === folded ? exact : undefined;
}

function matches(token: string | undefined, machine: string, rule: string): boolean | undefined {
  switch ((token ?? 'EqualTo').toLowerCase()) {
    case 'equalto':
      return machine === rule;
    case 'beginswith':
      return machine.startsWith(rule);
    case 'contains':
      return machine.includes(rule);
    case 'endswith':
      return machine.endsWith(rule);
    default:
      return undefined;
  }
}

/** xs:boolean, false when absent. */
export function isTrue(text: string | undefined): boolean {
  return text === 'true' || text === '1' || text === 'True';
}

/** A decimal or 0x number. Undefined if it is not one. */
export function toNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\s*(-?\d+|0x[0-9a-f]+)\s*$/i.test(text)) return undefined;
  return Number(text);
}

/** A GUID the way Windows Installer writes it: braces, upper case. */
export function bracedGuid(text: string): string {
  return `{${text.trim().replace(/[{}]/g, '').toUpperCase()}}`;
}
