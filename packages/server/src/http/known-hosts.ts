// The names under which browsers call this server. A page of a stranger can let its own name lead to our address (DNS
// rebinding). It can then read our answers. But it cannot hide its name from us. Update clients are not checked: they
// call by any alias of the administrator, and get nothing that they could not ask for by address.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { readOutside } from '@moult/disk';

export interface KnownHosts {
  /**
   * Whether a browser may call us so: `name[:port]`, an address, or nothing (a caller without a name is not a browser).
   */
  knows(host: string | undefined): boolean;
}

interface HostNames {
  /** `--host`, when it is a name. */
  host: string | undefined;
  /** `--allowed-hosts`: names between commas, `*.example.test` for all below it, `*` for any. */
  allowed: string | undefined;
  /** As this machine calls itself. */
  machine: readonly string[];
  /** In the server's certificate. */
  certificate: readonly string[];
}

export function createKnownHosts({ host, allowed, machine, certificate }: HostNames): KnownHosts {
  const patterns = [...(allowed ?? '').split(','), ...(host ? [host] : []), ...machine, ...certificate]
    .map((name) => name.trim().toLowerCase().replace(/\.$/, ''))
    .filter((name) => name !== '');
  const exact = new Set(patterns);
  const below = patterns.filter((name) => name.startsWith('*.')).map((name) => name.slice(1));
  return {
    knows(said) {
      if (said === undefined || exact.has('*')) return true;
      const name = nameIn(said);
      if (name === undefined) return false;
      // An address is not a name that a stranger could let lead here.
      if (isIP(name) !== 0 || isLoopbackHost(said) || exact.has(name)) return true;
      return below.some((end) => name.endsWith(end) && name.length > end.length);
    },
  };
}

/**
 * The name that a request calls, `name[:port]`: of its target when that is absolute (RFC 9112, 3.2.2), else of Host.
 */
export function askedHost({ url, headers }: Pick<IncomingMessage, 'url' | 'headers'>): string | undefined {
  return /^https?:\/\/([^/?#]*)/i.exec(url ?? '')?.[1] ?? headers.host;
}

/** `localhost`, names below it, and loopback addresses. */
export function isLoopbackHost(host: string): boolean {
  const name = nameIn(host);
  if (name === undefined) return false;
  return /^(.+\.)?localhost$/.test(name) || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

/** The names of this machine: its own, without its domain, and with each domain that it looks names up in. */
export function machineNames(own: string = hostname(), resolverFile = '/etc/resolv.conf'): string[] {
  const [label = own] = own.split('.');
  return [own, label, ...searchDomains(resolverFile).map((domain) => `${label}.${domain}`)];
}

/** DNS names in a certificate (PEM). None of a file that cannot be read: the port says so. */
export function namesInCertificate(file: string | undefined): string[] {
  if (file === undefined) return [];
  try {
    const { subjectAltName = '' } = new X509Certificate(readOutside(file));
    return [...subjectAltName.matchAll(/(?:^|, )DNS:([\w.*-]+)/g)].map(([, name = '']) => name);
  } catch {
    return [];
  }
}

function searchDomains(file: string): string[] {
  const onWindows = process.env.USERDNSDOMAIN ? [process.env.USERDNSDOMAIN] : [];
  try {
    const lines = readFileSync(file, 'utf8').matchAll(/^[ \t]*(?:search|domain)[ \t]+(.+)$/gm);
    return [...onWindows, ...[...lines].flatMap(([, domains = '']) => domains.trim().split(/\s+/))];
  } catch {
    return onWindows;
  }
}

/** Lower case, without port, brackets and final dot. Undefined for what can be no host. */
function nameIn(host: string): string | undefined {
  const found = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i.exec(host);
  return (found?.[1] ?? found?.[2])?.toLowerCase().replace(/\.$/, '');
}
