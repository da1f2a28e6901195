// Whom an upstream server must be certified by. Microsoft's public service has a root of Microsoft's own that few stores have:
// it is known by its thumbprint here. The server, the store of the system or a file of the administrator gives its bytes.
import { X509Certificate } from 'node:crypto';
import { connect, getCACertificates, type TLSSocket } from 'node:tls';
import { DiskError, readOutside } from '@moult/disk';
import { AdministrationError } from '../errors.ts';

/** Microsoft's public upstream. */
export const microsoftUpstream = 'https://sws.update.microsoft.com';

/** SHA-256 of the certificate "Microsoft Root Certificate Authority 2011", which ends in 2036. */
const microsoftRoot = '847df6a78497943f27fc72eb93f9a637320a02b561d0a91b09e87a7807ed7c61';

interface TrustOptions {
  /** A file with certificates (PEM) of the administrator. With it, Moult trusts no other. */
  caFile: string | undefined;
  /** SHA-256 of the only root that counts, for tests. Default: Microsoft's for Microsoft's public service, none for others. */
  pinnedRoot?: string | undefined;
  timeoutMs: number;
  /** A connection through a proxy is not looked into: the store or the file must have the root then. */
  hasProxy: boolean;
}

/**
 * The authorities (PEM) for this upstream. Undefined for those of the system and of Node. Throws
 * ADMINISTRATION_UNREADABLE for a file that cannot be read, ADMINISTRATION_UPSTREAM_TRUST if the pinned root is found
 * nowhere.
 */
export async function authoritiesFor(upstream: URL, options: TrustOptions): Promise<string[] | undefined> {
  if (upstream.protocol !== 'https:') return undefined;
  const given = options.caFile === undefined ? undefined : certificatesIn(options.caFile);
  const pinned = options.pinnedRoot ?? (upstream.origin === microsoftUpstream ? microsoftRoot : undefined);
  if (pinned === undefined) return given;
  const candidates = given ?? [...systemCertificates(), ...(options.hasProxy ? [] : await chainOf(upstream, options))];
  const root = candidates.find((pem) => fingerprintOf(pem) === pinned);
  if (root !== undefined) return [root];
  const message =
    `The root certificate of ${upstream.origin} is not known here: its SHA-256 is ${pinned}. ` +
    'Export it as PEM from a Windows computer, and name the file with --upstream-ca.';
  throw new AdministrationError('ADMINISTRATION_UPSTREAM_TRUST', message);
}

const trustCodes = new Set([
  ...['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT', 'CERT_HAS_EXPIRED'],
  ...['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CERT_NOT_YET_VALID', 'CERT_UNTRUSTED'],
  ...['ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_REVOKED', 'INVALID_CA', 'CERT_SIGNATURE_FAILURE'],
]);

export function isTrustError(error: Error): boolean {
  return 'code' in error && trustCodes.has(String(error.code));
}

export function untrusted(url: URL, cause: Error): AdministrationError {
  const message =
    `The certificate of the upstream server ${url.origin} is not trusted: ${cause.message}. ` +
    'If a proxy opens TLS connections, exempt this server from it. Name the certificate of a private authority with --upstream-ca.';
  return new AdministrationError('ADMINISTRATION_UPSTREAM_TRUST', message, { cause });
}

function certificatesIn(file: string): string[] {
  let text: string;
  try {
    text = readOutside(file).toString('latin1');
  } catch (cause) {
    if (!(cause instanceof DiskError)) throw cause;
    throw new AdministrationError('ADMINISTRATION_UNREADABLE', cause.message, { cause });
  }
  const found = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  if (found.length > 0 && found.every((pem) => fingerprintOf(pem) !== undefined)) return found;
  throw new AdministrationError('ADMINISTRATION_UNREADABLE', `${file} holds no certificate in PEM form.`);
}

function fingerprintOf(pem: string): string | undefined {
  try {
    return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();
  } catch {
    return undefined;
  }
}

function systemCertificates(): string[] {
  try {
    return getCACertificates('system');
  } catch {
    return [];
  }
}

/** The chain that the server sends, not trusted yet: only the certificate that is pinned is taken from it. */
function chainOf({ hostname, port }: URL, { timeoutMs }: TrustOptions): Promise<string[]> {
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const socket = connect({ host, port: Number(port || 443), servername: host, rejectUnauthorized: false });
    const finish = (chain: string[]) => {
      socket.destroy();
      resolve(chain);
    };
    socket.setTimeout(timeoutMs, () => finish([]));
    // If the server cannot be reached, the first call says so.
    socket.once('error', () => finish([]));
    socket.once('secureConnect', () => finish(sentBy(socket)));
  });
}

function sentBy(socket: TLSSocket): string[] {
  const found: string[] = [];
  const longestChain = 10;
  let next = socket.getPeerX509Certificate();
  for (; next && found.length < longestChain; next = next.issuerCertificate) found.push(next.toString());
  return found;
}
