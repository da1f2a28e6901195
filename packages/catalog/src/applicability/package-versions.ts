// Order of package versions, as each package manager defines it: dpkg (deb-version(7)), rpm (rpm-version(7)), pacman
// (vercmp(8)), apk (the order of Gentoo with suffixes and builds of its own). Managers disagree ("1.0+b" against "1.0",
// "1.0a" against "1.0"). If the manager is not named, two versions are ordered only when all managers agree.
import { compareBy } from './compare.ts';

type Order = (first: string, second: string) => number;

/** undefined: that manager has no such versions. */
const orders: Readonly<Record<string, (first: string, second: string) => number | undefined>> = {
  dpkg: (a, b) => withEpoch(a, b, orderDebian),
  rpm: (a, b) => withEpoch(a, b, (one, other) => orderReleases(one, other, orderSegments)),
  pacman: (a, b) => withEpoch(a, b, (one, other) => orderReleases(one, other, orderPacman)),
  apk: orderAlpine,
};

/**
 * `found token wanted` as `manager` orders versions. Without a manager (or with one that publishes no order) only where
 * all orders give the same answer. undefined: not decided, or the token is not a comparison.
 */
export function comparePackageVersions(
  token: string | undefined,
  found: string,
  wanted: string,
  manager = '',
): boolean | undefined {
  const asked = orders[manager] ? [orders[manager]] : Object.values(orders);
  const given = asked.map((order) => order(found.trim(), wanted.trim())).filter((order) => order !== undefined);
  const answers = new Set(given.map((order) => compareBy(token, order)));
  return answers.size === 1 ? [...answers][0] : undefined;
}

function withEpoch(first: string, second: string, order: Order): number {
  const a = splitEpoch(first);
  const b = splitEpoch(second);
  return a.epoch - b.epoch || order(a.rest, b.rest);
}

function splitEpoch(version: string): { epoch: number; rest: string } {
  const match = /^(\d+):(.*)$/.exec(version);
  return { epoch: Number(match?.[1] ?? 0), rest: match?.[2] ?? version };
}

/** Upstream version, then revision: the text behind the last hyphen. */
function orderDebian(first: string, second: string): number {
  const [a, b] = [first, second].map((version) => /^(.*?)(?:-([^-]*))?$/.exec(version) ?? []);
  return orderDebianPart(a?.[1] ?? '', b?.[1] ?? '') || orderDebianPart(a?.[2] ?? '0', b?.[2] ?? '0');
}

/** By turns a run without digits, character by character, and a number. An absent number is 0. */
function orderDebianPart(first: string, second: string): number {
  const a: string[] = first.match(/\D+|\d+/g) ?? [];
  const b: string[] = second.match(/\D+|\d+/g) ?? [];
  if (/^\d/.test(a[0] ?? '')) a.unshift('');
  if (/^\d/.test(b[0] ?? '')) b.unshift('');
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const order = at % 2 === 0 ? orderDebianText(a[at] ?? '', b[at] ?? '') : orderNumbers(a[at] ?? '0', b[at] ?? '0');
    if (order !== 0) return order;
  }
  return 0;
}

/** `~` before the end, the end before letters, letters before everything else. */
function orderDebianText(a: string, b: string): number {
  const weight = (character: string | undefined) => {
    if (character === '~') return -1;
    if (character === undefined) return 0;
    return /[A-Za-z]/.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256;
  };
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const order = weight(a[at]) - weight(b[at]);
    if (order !== 0) return order;
  }
  return 0;
}

/** version-release. A release that only one of them has does not count. */
function orderReleases(first: string, second: string, order: Order): number {
  const [a, b] = [first, second].map((version) => /^(.*?)(?:-([^-]*))?$/.exec(version) ?? []);
  const found = order(a?.[1] ?? '', b?.[1] ?? '');
  if (found !== 0 || a?.[2] === undefined || b?.[2] === undefined) return found;
  return order(a[2], b[2]);
}

/**
 * rpmvercmp: separators only separate. A number is newer than letters. Of two that agree as far as both go, the longer
 * one is newer, unless it goes on with `~`. `^` is newer than the end, but older than any further segment.
 */
function orderSegments(first: string, second: string): number {
  const a = first.match(/\d+|[A-Za-z]+|[~^]/g) ?? [];
  const b = second.match(/\d+|[A-Za-z]+|[~^]/g) ?? [];
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const order = orderSegment(a[at], b[at]);
    if (order !== 0) return order;
  }
  return 0;
}

function orderSegment(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === '~' || b === '~') return a === '~' ? -1 : 1;
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
  if (a === '^' || b === '^') return a === '^' ? -1 : 1;
  const [isNumber, isOtherNumber] = [/^\d/.test(a), /^\d/.test(b)];
  if (isNumber !== isOtherNumber) return isNumber ? 1 : -1;
  return isNumber ? orderNumbers(a, b) : orderTexts(a, b);
}

/**
 * vercmp(8): as rpm once did, without `~` and `^`. Longer separators are newer. Letters behind the end of the other
 * version are older than that end ("1.0rc" is before "1.0"). Anything else there is newer.
 */
function orderPacman(first: string, second: string): number {
  let [a, b] = [first, second];
  while (a !== '' && b !== '') {
    const [one, other] = [nextSegment(a), nextSegment(b)];
    if (one.segment === '' || other.segment === '') [a, b] = [one.segment + one.rest, other.segment + other.rest];
    else {
      const order = one.separator.length - other.separator.length || orderSegment(one.segment, other.segment);
      if (order !== 0) return order;
      [a, b] = [one.rest, other.rest];
    }
  }
  if (a === b) return 0;
  const isOlder = a === '' ? !/^[A-Za-z]/.test(b) : /^[A-Za-z]/.test(a);
  return isOlder ? -1 : 1;
}

function nextSegment(version: string): { separator: string; segment: string; rest: string } {
  const [, separator = '', segment = '', rest = ''] = /^([^A-Za-z\d]*)(\d+|[A-Za-z]+|)(.*)$/.exec(version) ?? [];
  return { separator, segment, rest };
}

const alpineSuffixes = ['alpha', 'beta', 'pre', 'rc', '', 'cvs', 'svn', 'git', 'hg', 'p'];

/** `1.2.3a_rc1-r4`: numbers, a letter, suffixes (those before `''` are older than none), the build. */
function orderAlpine(first: string, second: string): number | undefined {
  const a = alpineParts(first);
  const b = alpineParts(second);
  if (!a || !b) return undefined;
  return (
    orderLists(a.numbers, b.numbers, orderAlpineNumber) ||
    orderTexts(a.letter, b.letter) ||
    orderLists(a.suffixes, b.suffixes, orderAlpineSuffix) ||
    orderPresent(a.build, b.build, orderNumbers)
  );
}

function alpineParts(version: string) {
  const match = /^(\d+)((?:\.\d+)*)([a-z]?)((?:_[a-z]+\d*)*)(?:~[0-9a-f]+)?(?:-r(\d+))?$/.exec(version);
  if (!match) return undefined;
  const [, first = '', further = '', letter = '', suffixes = '', build] = match;
  // Of the first number leading zeros do not count.
  const numbers = [first.replace(/^0+(?=\d)/, ''), ...further.split('.').slice(1)];
  return { numbers, letter, suffixes: suffixes.split('_').slice(1), build };
}

/** With a leading zero they are the digits behind a decimal point: 1.001 is before 1.1. */
function orderAlpineNumber(a: string | undefined, b: string | undefined): number {
  return orderPresent(a, b, (one, other) =>
    one.startsWith('0') || other.startsWith('0') ? orderTexts(one, other) : orderNumbers(one, other),
  );
}

/** An absent suffix is newer than `_rc1`, and older than `_p1`. */
function orderAlpineSuffix(a = '', b = ''): number {
  const rank = (suffix: string) => alpineSuffixes.indexOf(suffix.replace(/\d+$/, ''));
  const number = (suffix: string) => /\d+$/.exec(suffix)?.[0];
  return rank(a) - rank(b) || orderPresent(number(a), number(b), orderNumbers);
}

function orderLists<T>(
  a: readonly T[],
  b: readonly T[],
  order: (a: T | undefined, b: T | undefined) => number,
): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const found = order(a[at], b[at]);
    if (found !== 0) return found;
  }
  return 0;
}

/** An absent part is older. */
function orderPresent(a: string | undefined, b: string | undefined, order: Order): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return order(a, b);
}

/** Decimal numbers of any length. */
function orderNumbers(first: string, second: string): number {
  const a = first.replace(/^0+(?=\d)/, '');
  const b = second.replace(/^0+(?=\d)/, '');
  return a.length - b.length || orderTexts(a, b);
}

function orderTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
