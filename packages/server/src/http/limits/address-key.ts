// Under which key an address is counted: an IPv4 address by itself, an IPv6 address with its neighbours of one /64.
// These belong to one customer, and one machine may change through them as it likes.

/** The key of a socket's remote address. '' for a socket that has none any more. */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return '';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  return address.includes(':') ? `${networkOf(address)}::/64` : address;
}

const groupsOfNetwork = 4;

/** The first 64 bits, each group without leading zeros. */
function networkOf(address: string): string {
  const [bare = ''] = address.toLowerCase().split('%', 1);
  const [front = '', back] = bare.split('::');
  const before = front === '' ? [] : front.split(':');
  const after = back === undefined || back === '' ? [] : back.split(':');
  const missing = back === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array<string>(missing).fill('0'), ...after];
  return groups
    .slice(0, groupsOfNetwork)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
