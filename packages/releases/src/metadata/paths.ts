// The delegated role of each target path (specification 4.5). Patterns are those of a shell, as Python's
// fnmatch reads them, part by part: `*` and `?` never cross a `/`. No braces, no `**`, no `!` in front: a pattern that
// two clients read differently is a hole.
import { createHash } from 'node:crypto';
import type { DelegatedRole, Delegations, RoleKeys, SuccinctRoles } from './types.ts';

/** The roles that are asked for a target, in order of priority. */
export function rolesForTarget(delegations: Delegations, path: string): { name: string; terminating: boolean }[] {
  const { roles, succinct_roles: bins } = delegations;
  if (bins) return [{ name: binForTarget(bins, path), terminating: true }];
  return (roles ?? [])
    .filter((role) => isDelegatedPath(role, path))
    .map(({ name, terminating }) => ({ name, terminating }));
}

/** Keys and threshold of a delegated role. Undefined when nothing is delegated to that name. */
export function keysOfDelegated(delegations: Delegations, name: string): RoleKeys | undefined {
  const { roles, succinct_roles: bins } = delegations;
  if (bins) return isBin(bins, name) ? bins : undefined;
  return roles?.find((role) => role.name === name);
}

/** True when the role's paths or hash prefixes cover the target path. */
function isDelegatedPath(role: DelegatedRole, path: string): boolean {
  if (role.paths) return role.paths.some((pattern) => matchesPattern(path, pattern));
  const digest = createHash('sha256').update(path).digest('hex');
  return (role.path_hash_prefixes ?? []).some((prefix) => digest.startsWith(prefix));
}

/** True when the path matches the pattern, part by part. Linear in the pattern for each place of the path. */
export function matchesPattern(path: string, pattern: string): boolean {
  const parts = path.split('/');
  const patterns = pattern.split('/');
  return parts.length === patterns.length && patterns.every((one, index) => matchesPart(parts[index] ?? '', one));
}

/** The hash bin of a target (TAP 15): the leftmost bits of the SHA-256 of its path. */
export function binForTarget({ bit_length: bits, name_prefix: prefix }: SuccinctRoles, path: string): string {
  const number = createHash('sha256').update(path).digest().readUInt32BE(0) >>> (32 - bits);
  return `${prefix}-${number.toString(16).padStart(suffixLength(bits), '0')}`;
}

function isBin({ bit_length: bits, name_prefix: prefix }: SuccinctRoles, name: string): boolean {
  if (!name.startsWith(`${prefix}-`)) return false;
  const suffix = name.slice(prefix.length + 1);
  return /^[0-9a-f]+$/.test(suffix) && suffix.length === suffixLength(bits) && Number.parseInt(suffix, 16) < 2 ** bits;
}

function suffixLength(bits: number): number {
  return (2 ** bits - 1).toString(16).length;
}

type Token = { kind: 'any' } | { kind: 'one' } | { kind: 'text'; character: string } | SetToken;
interface SetToken {
  kind: 'set';
  negated: boolean;
  ranges: [string, string][];
}

/** Two pointers and one place to go back to: no pattern makes it slow. */
function matchesPart(text: string, pattern: string): boolean {
  const characters = [...text];
  const tokens = tokensOf([...pattern]);
  let place = 0;
  let token = 0;
  let back: { token: number; place: number } | undefined;
  while (place < characters.length) {
    const current = tokens[token];
    if (current?.kind === 'any') {
      back = { token: token + 1, place };
      token += 1;
    } else if (current && matchesOne(characters[place] ?? '', current)) {
      place += 1;
      token += 1;
    } else if (back) {
      back.place += 1;
      ({ place, token } = back);
    } else return false;
  }
  return tokens.slice(token).every(({ kind }) => kind === 'any');
}

function matchesOne(character: string, token: Token): boolean {
  if (token.kind === 'one') return true;
  if (token.kind === 'text') return token.character === character;
  if (token.kind === 'any') return false;
  const inside = token.ranges.some(([from, to]) => from <= character && character <= to);
  return inside !== token.negated;
}

function tokensOf(pattern: readonly string[]): Token[] {
  const tokens: Token[] = [];
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index] ?? '';
    const set = character === '[' ? readSet(pattern, index) : undefined;
    if (set) {
      tokens.push(set.token);
      index = set.end;
    } else if (character === '*') tokens.push({ kind: 'any' });
    else if (character === '?') tokens.push({ kind: 'one' });
    else tokens.push({ kind: 'text', character });
  }
  return tokens;
}

/** `[abc]`, `[a-z]`, `[!x]`. A `]` in first place is itself. Without an end, `[` is itself. */
function readSet(pattern: readonly string[], start: number): { token: SetToken; end: number } | undefined {
  const negated = pattern[start + 1] === '!';
  const first = start + (negated ? 2 : 1);
  const end = pattern.indexOf(']', first + 1);
  if (end < 0) return undefined;
  const ranges: [string, string][] = [];
  for (let index = first; index < end; index += 1) {
    const from = pattern[index] ?? '';
    const isRange = pattern[index + 1] === '-' && index + 2 < end;
    ranges.push([from, isRange ? (pattern[index + 2] ?? '') : from]);
    if (isRange) index += 2;
  }
  return { token: { kind: 'set', negated, ranges }, end };
}
