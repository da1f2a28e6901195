// A reverse proxy's words about its client: Forwarded (RFC 7239) or X-Forwarded-*. Anybody can send these headers, so
// they count only on connections of proxies that the administrator named. A list in them is read from its end, where
// the nearest proxy wrote, as far as proxies are trusted.
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** The caller, by the word of trusted proxies. */
export interface PassedOn {
  /** Of the client. That of the proxy when it named none. */
  address: string;
  /** How the client spoke to the outermost of them. */
  proto: 'http' | 'https' | undefined;
  /** `name[:port]` under which the client called. */
  host: string | undefined;
}

export interface TrustedProxies {
  trusts(address: string | undefined): boolean;
  /** Undefined for a client that came by itself, whatever headers it sent. */
  passedOn(request: Pick<IncomingMessage, 'headers' | 'socket'>): PassedOn | undefined;
}

/** The same text when it can be a host, `name[:port]`. Undefined otherwise. */
export function hostIn(text: string): string | undefined {
  return /^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(text) ? text : undefined;
}

/** `ranges`: addresses and address/prefix with commas between them. Undefined trusts no proxy. */
export function createTrustedProxies(ranges: string | undefined): TrustedProxies {
  const list = blockListOf(ranges);
  const trusts = (address: string | undefined): boolean => {
    const bare = address === undefined ? undefined : bareAddress(address);
    return bare !== undefined && list.check(bare, isIP(bare) === 6 ? 'ipv6' : 'ipv4');
  };
  return {
    trusts,
    passedOn({ headers, socket }) {
      const { remoteAddress } = socket;
      if (remoteAddress === undefined || !trusts(remoteAddress)) return undefined;
      const proxy = bareAddress(remoteAddress) ?? remoteAddress;
      const found = [hopsOfForwarded(headers.forwarded), hopsOfX(headers)].flatMap((hops) =>
        hops === undefined ? [] : [clientOf(hops, proxy, trusts)],
      );
      const [first, second] = found;
      // One of the two was written by the client, and the proxy let it pass: which one is not known.
      const isContradicted = first && second && first.address !== second.address;
      if (!first || isContradicted) return { address: proxy, proto: undefined, host: undefined };
      return { address: first.address, proto: first.proto ?? second?.proto, host: first.host ?? second?.host };
    },
  };
}

/** One proxy's word: whom it was called by, and how. */
interface Hop {
  from: string | undefined;
  proto: string | undefined;
  host: string | undefined;
}

/** From the nearest proxy outwards, as long as whoever called is a proxy that is trusted too. */
function clientOf(hops: readonly Hop[], proxy: string, trusts: (address: string) => boolean): PassedOn {
  let address = proxy;
  let last: Hop | undefined;
  for (const hop of hops.toReversed()) {
    last = hop;
    const from = hop.from === undefined ? undefined : bareAddress(hop.from);
    // "unknown", a hidden name or rubbish: the nearest address that is known stands for the client.
    if (from === undefined) break;
    address = from;
    if (!trusts(from)) break;
  }
  return { address, proto: protoIn(last?.proto), host: last?.host === undefined ? undefined : hostIn(last.host) };
}

function protoIn(text: string | undefined): PassedOn['proto'] {
  const proto = text?.toLowerCase();
  return proto === 'http' || proto === 'https' ? proto : undefined;
}

/** `for=192.0.2.60;proto=https;host=name, for="[2001:db8::1]:4711"`. Undefined without the header. */
function hopsOfForwarded(header: string | undefined): Hop[] | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  return splitOutsideQuotes(header, ',').map((element) => {
    const pairs = new Map(
      splitOutsideQuotes(element, ';').map((pair) => {
        const at = pair.indexOf('=');
        return [pair.slice(0, at).trim().toLowerCase(), unquoted(pair.slice(at + 1).trim())] as const;
      }),
    );
    return { from: pairs.get('for'), proto: pairs.get('proto'), host: pairs.get('host') };
  });
}

/**
 * Undefined without any of the headers. Those beside X-Forwarded-For are lists too, or one word of the nearest proxy.
 */
function hopsOfX(headers: IncomingMessage['headers']): Hop[] | undefined {
  const named = listIn(headers['x-forwarded-for']);
  const isSilent = named.length === 0 && headers['x-forwarded-proto'] === undefined;
  if (isSilent) return undefined;
  const from = named.length > 0 ? named : ['unknown'];
  const [protos, hosts, ports] = [
    listIn(headers['x-forwarded-proto']),
    listIn(headers['x-forwarded-host']),
    listIn(headers['x-forwarded-port']),
  ];
  return from.map((address, at) => {
    const fromEnd = from.length - at;
    const proto = nearest(protos, fromEnd);
    return {
      from: address,
      proto,
      host: withPort(nearest(hosts, fromEnd) ?? headers.host, nearest(ports, fromEnd), proto),
    };
  });
}

function nearest(list: readonly string[], fromEnd: number): string | undefined {
  return list[Math.max(0, list.length - fromEnd)];
}

/** Proxies that leave the port out of the host name it in X-Forwarded-Port. */
function withPort(host: string | undefined, port: string | undefined, proto: string | undefined): string | undefined {
  const isUsual = port === (proto === 'https' ? '443' : '80');
  if (host === undefined || port === undefined || isUsual || !/^\d{1,5}$/.test(port) || /:\d+$/.test(host)) return host;
  return `${host}:${port}`;
}

function listIn(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return text.trim() === '' ? [] : text.split(',').map((item) => item.trim());
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') isQuoted = !isQuoted;
    else if (text[at] === separator && !isQuoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}

function unquoted(text: string): string {
  return text.startsWith('"') && text.endsWith('"') && text.length > 1
    ? text.slice(1, -1).replace(/\\(.)/g, '$1')
    : text;
}

/**
 * Without port, brackets, zone and the prefix of a mapped IPv4 address. Undefined for a text that is not an address.
 */
function bareAddress(text: string): string | undefined {
  const address = (/^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text)
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(address) === 0 ? undefined : address.toLowerCase();
}

function blockListOf(ranges: string | undefined): BlockList {
  const list = new BlockList();
  for (const range of (ranges ?? '').split(',').map((text) => text.trim())) {
    if (range === '') continue;
    const [address = '', prefix] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}
