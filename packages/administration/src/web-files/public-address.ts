// Addresses that a vendor's catalog or an upstream server may name. They come from outside. Without this check an
// address of this network makes the server ask machines that only it can reach.
import { lookup as lookupHost } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { AdministrationError } from '../errors.ts';

const closed = new BlockList();
for (const network of [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'],
  // Unspecified, loopback, NAT64, Teredo, 6to4, unique local, link-local, site-local, multicast. Mapped IPv4 counts as IPv4.
  ...['::/96', '64:ff9b::/32', '2001::/32', '2002::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
]) {
  const [address = '', bits] = network.split('/');
  closed.addSubnet(address, Number(bits), isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

/** Whether an IP address is private, loopback, link-local, multicast or otherwise not of the public internet. */
export function isPrivateAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, '');
  const family = isIP(plain);
  return family === 0 || closed.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}

/** Throws ADMINISTRATION_PRIVATE_ADDRESS for a URL whose host is such an address itself. Names are checked by `publicLookup`. */
export function requirePublicHost({ hostname }: URL): void {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0 && isPrivateAddress(host)) throw refused(hostname, host);
}

/**
 * Resolves names for a connection, which then goes to that very address: a name that answers differently the second time gains
 * nothing. Fails with ADMINISTRATION_PRIVATE_ADDRESS if any address of the name is private.
 */
export function publicLookup(resolve: typeof lookupHost = lookupHost): LookupFunction {
  return (hostname, options, answer) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return answer(error, '');
      const inside = addresses.find(({ address }) => isPrivateAddress(address));
      if (inside) return answer(refused(hostname, inside.address), '');
      const [first] = addresses;
      if (options.all) return answer(null, addresses);
      answer(null, first?.address ?? '', first?.family);
    });
  };
}

/**
 * Whether a file of an update may be fetched from there, as far as the address says: http or https, a name of the
 * public internet, no address of a private network. The caller checks the address that the name leads to again.
 */
export function isPublicFileUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if ((protocol !== 'http:' && protocol !== 'https:') || username !== '' || password !== '') return false;
  // URL writes every form of an IPv4 address as four numbers.
  if (hostname.startsWith('[') || /^[\d.]+$/.test(hostname)) return false;
  return /\./.test(hostname) && !/(^|\.)(localhost|local|internal|home\.arpa)\.?$/.test(hostname);
}

function refused(host: string, address: string): AdministrationError {
  return new AdministrationError(
    'ADMINISTRATION_PRIVATE_ADDRESS',
    `${host} is ${address}, an address of a private network. If a vendor's catalog may name it, add the catalog with --allow-private.`,
  );
}
