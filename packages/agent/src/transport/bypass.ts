// Which hosts are asked directly although there is a proxy: the rules of NO_PROXY, and those of Windows' bypass list.
import { BlockList, isIP, isIPv4 } from 'node:net';

export interface BypassRules {
  /** `example.com` means its sub-domains too (NO_PROXY). On Windows it is that one name. */
  withSubdomains: boolean;
  rules: readonly string[];
}

/** Rules between commas, semicolons or blanks. */
export function parseBypass(text: string, withSubdomains: boolean): BypassRules {
  return { withSubdomains, rules: text.split(/[\s,;]+/).filter(Boolean) };
}

/**
 * Whether `url` is asked directly. Known rules: `*`, names, `.suffix`, `*.suffix`, `*` anywhere in a name, addresses,
 * networks (`10.0.0.0/8`, `fd00::/8`), `<local>` (names without a dot). Each may have a port. This machine itself
 * always is.
 */
export function isBypassed(url: URL, { withSubdomains, rules }: BypassRules): boolean {
  const host = plainHost(url.hostname);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  if (isThisMachine(host)) return true;
  return rules.some((rule) => matches(rule, host, port, withSubdomains));
}

function matches(written: string, host: string, port: string, withSubdomains: boolean): boolean {
  const rule = written.toLowerCase().replace(/^[a-z]+:\/\//, '');
  if (rule === '*') return true;
  if (rule === '<local>') return !host.includes('.') && isIP(host) === 0;
  const { name, port: onlyPort } = splitPort(rule);
  if (onlyPort !== undefined && onlyPort !== port) return false;
  if (name.includes('/')) return isInNetwork(host, name);
  if (isIP(name) !== 0) return isIP(host) !== 0 && isInNetwork(host, `${name}/${isIPv4(name) ? 32 : 128}`);
  const plain = plainHost(name);
  if (plain.startsWith('.')) return host.endsWith(plain) || host === plain.slice(1);
  if (plain.startsWith('*.') && host === plain.slice(2)) return withSubdomains;
  if (plain.includes('*')) return fitsWildcard(plain, host);
  return host === plain || (withSubdomains && isIP(host) === 0 && host.endsWith(`.${plain}`));
}

/** `name:port` and `[v6]:port`. A bare IPv6 address has colons of its own. */
function splitPort(rule: string): { name: string; port: string | undefined } {
  const bracketed = /^\[([^\]]+)\](\/\d+)?(?::(\d+))?$/.exec(rule);
  if (bracketed) return { name: `${bracketed[1]}${bracketed[2] ?? ''}`, port: bracketed[3] };
  const [, name = rule, port] = /^([^:]*):(\d+)$/.exec(rule) ?? [];
  return { name, port };
}

function isInNetwork(host: string, network: string): boolean {
  const family = familyOf(host);
  const [address = '', prefix = ''] = network.split('/');
  const ofRule = familyOf(address);
  const bits = Number(prefix);
  const fits = ofRule !== undefined && /^\d{1,3}$/.test(prefix) && bits <= (ofRule === 'ipv4' ? 32 : 128);
  if (family === undefined || !fits) return false;
  const list = new BlockList();
  list.addSubnet(address, bits, ofRule);
  return list.check(host, family);
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const kind = isIP(address);
  return kind === 0 ? undefined : kind === 4 ? 'ipv4' : 'ipv6';
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || isInNetwork(host, '127.0.0.0/8');
}

/** Without the brackets of an IPv6 address and the dot at the end of a full name, in lower case. */
function plainHost(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/(?<=[^.])\.$/, '');
}

/** Each part of the pattern in its turn, as early as it can be: no backtracking, whatever the pattern. */
function fitsWildcard(pattern: string, host: string): boolean {
  const parts = pattern.split(/\*+/);
  const first = parts.shift() ?? '';
  const last = parts.pop() ?? '';
  if (!host.startsWith(first) || host.length < first.length + last.length || !host.endsWith(last)) return false;
  const middle = host.slice(first.length, host.length - last.length);
  let at = 0;
  return parts.every((part) => {
    const found = middle.indexOf(part, at);
    at = found + part.length;
    return found >= 0;
  });
}
