// The sort keys of lists: names without letter case, versions and addresses by their numbers. A database compares them
// byte for byte, so that both engines give the same order.
import { isIP } from 'node:net';

/** An index of PostgreSQL takes no entry above 2,700 bytes. A character has three at most. */
const mostCharacters = 600;

/** Letter case of any script aside. */
export function nameKey(name: string): string {
  return bounded(name.toLowerCase());
}

/** IPv4 by number, then IPv6 by number, then other text. An IPv4 address that is written as IPv6 counts as IPv4. */
export function addressKey(address: string): string {
  const [bare = ''] = address.split('%');
  const [, mapped = bare] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare) ?? [];
  if (isIP(mapped) === 4) return `4${bytesOf(mapped)}`;
  if (isIP(bare) === 6) return `6${groupsOf(bare)}`;
  return address === '' ? '' : `9${nameKey(address)}`;
}

/** 10.0 comes after 9.0, and Windows 11 after Windows 7. */
export function numberedKey(text: string): string {
  const counted = text.toLowerCase().replaceAll(/\d+/g, (digits) => {
    const number = digits.replace(/^0+(?=.)/, '');
    // How long a number is comes first: the longer one is the greater one.
    return `${String.fromCharCode(48 + Math.min(number.length, 70))}${number}`;
  });
  return bounded(counted);
}

/** By generation, then by version. */
export function agentKey(generation: string | null, version: string | null): string {
  return bounded(`${generation ?? ''} ${numberedKey(version ?? '')}`);
}

/** Lower, equal or higher, letter case aside. Names that differ in letter case alone have an order too. */
export function compareNames(one: string, other: string): number {
  const [key, otherKey] = [one.toLowerCase(), other.toLowerCase()];
  if (key !== otherKey) return key < otherKey ? -1 : 1;
  return one < other ? -1 : Number(one > other);
}

function bounded(key: string): string {
  // PostgreSQL has no text with this character, and a cursor none either.
  return key.replaceAll('\0', '\u0001').slice(0, mostCharacters);
}

function bytesOf(address: string): string {
  return address
    .split('.')
    .map((byte) => Number(byte).toString(16).padStart(2, '0'))
    .join('');
}

function groupsOf(address: string): string {
  const plain = address.replace(/\d+\.\d+\.\d+\.\d+$/, (tail) => bytesOf(tail).replace(/^.{4}/, '$&:'));
  const [before = '', after = ''] = plain.split('::');
  const [first, last] = [before, after].map((part) => part.split(':').filter((group) => group !== ''));
  const missing = Array.from({ length: 8 - (first?.length ?? 0) - (last?.length ?? 0) }, () => '0');
  return [...(first ?? []), ...missing, ...(last ?? [])].map((group) => group.toLowerCase().padStart(4, '0')).join('');
}
