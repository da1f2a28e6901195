// The server's ports: the main one must be had. The one for old agents may be taken by another, and then everything
// else runs on and says so.

import { type ServerConfig, tlsPortOf } from '@moult/administration/config';
import { ServerError } from '@moult/store/errors';
import type { WatchedPort } from '../sites/self-update/index.ts';
import type { ShownCertificates } from '../tls/acme/alpn-door.ts';
import type { CertificateSource, TlsOptions } from '../tls/certificate-source.ts';
import type { TrustedProxies } from './forwarded.ts';
import type { Front } from './front.ts';
import { type Listener, listen } from './listener.ts';
import { portNotHad } from './port-faults.ts';
import type { ListenerName } from './site.ts';

interface OpenPort {
  name: ListenerName;
  listener: Listener;
}

interface OpenPorts {
  open: OpenPort[];
  /** Every port that the configuration names, also those that could not be had. */
  watched: WatchedPort[];
  /** Notices for the administrator, one sentence each. */
  notices: string[];
  url(name: ListenerName): string | undefined;
}

interface PortParts {
  config: ServerConfig;
  front(name: ListenerName): Front;
  onUnreadable(beginning: string): boolean;
  /** Told of connections that could not be taken. */
  onTrouble(error: Error): void;
  proxies: Pick<TrustedProxies, 'trusts'>;
  /** Without one no port speaks HTTPS. */
  certificate?: CertificateSource | undefined;
}

interface Where {
  at?: string;
  tls?: TlsOptions;
  proofs?: ShownCertificates | undefined;
}

/**
 * Binds them all. Throws SERVER_PORT_UNAVAILABLE when the main or the TLS port cannot be had, and then leaves none
 * bound.
 */
export async function openPorts({
  config,
  front,
  onUnreadable,
  onTrouble,
  proxies,
  certificate,
}: PortParts): Promise<OpenPorts> {
  const open: OpenPort[] = [];
  const watched: WatchedPort[] = [];
  const notices: string[] = [];
  const host = loopbackFor(config.host);
  const limits = {
    maxConnections: config.maxConnections,
    maxConnectionsPerAddress: config.maxConnectionsPerAddress,
    requestTimeoutMs: config.requestTimeoutSeconds * 1000,
    idleTimeoutMs: config.idleTimeoutSeconds * 1000,
    isShared: proxies.trusts,
  };
  const bind = async (name: ListenerName, port: number, { at = config.host, tls, proofs }: Where = {}) => {
    const { handle, refused } = front(name);
    const listener = await listen(handle, {
      ...{ host: at, port, limits, tls, proofs },
      ...{ onUnreadable, onTrouble, onRefused: refused },
    });
    open.push({ name, listener });
    // Administration has no files that a client asks for.
    if (name !== 'admin') watched.push({ port: listener.port, site: name, host, listening: { kind: 'listening' } });
  };
  const bindOrFail = (name: ListenerName, port: number, where: Where = {}) =>
    bind(name, port, where).catch((error) => {
      throw unavailable(port, error);
    });

  try {
    await bindOrFail('main', config.port);
    const tlsPort = tlsPortOf(config);
    if (tlsPort.port !== 'off' && certificate) {
      const where = { tls: certificate.options(), proofs: certificate.acme?.challenges };
      if (tlsPort.isWanted) await bindOrFail('tls', tlsPort.port, where);
      else
        await bind('tls', tlsPort.port, where).catch((error) =>
          notices.push(notEncrypted(Number(tlsPort.port), codeOf(error))),
        );
    }
    if (config.adminPort !== 'off')
      await bindOrFail('admin', config.adminPort, {
        ...(config.adminHost !== undefined && { at: config.adminHost }),
        ...(certificate && { tls: certificate.options() }),
      });
    const { selfUpdatePort: port } = config;
    const isMain = port !== 0 && port === config.port;
    if (port === 'off') {
      // With the main site on port 80 nothing is switched off: old agents find the tree there.
      if (config.port !== 80) watched.push({ port: 80, site: 'self-update', host, listening: { kind: 'off' } });
    } else if (!isMain) {
      await bind('self-update', port).catch((error) => {
        watched.push({ port, site: 'self-update', host, listening: { kind: 'not-listening', reason: codeOf(error) } });
        notices.push(notAvailable(port, codeOf(error)));
      });
    }
  } catch (error) {
    await Promise.all(open.map(({ listener }) => listener.stop(0)));
    throw error;
  }
  const shown = shownHost(config.host);
  const isEncrypted = (name: ListenerName) => name === 'tls' || (name === 'admin' && certificate !== undefined);
  return {
    open,
    watched,
    notices,
    url(name) {
      const found = open.find((port) => port.name === name);
      const at = name === 'admin' && config.adminHost !== undefined ? shownHost(config.adminHost) : shown;
      return found && `http${isEncrypted(name) ? 's' : ''}://${at}:${found.listener.port}`;
    },
  };
}

/** The address on this machine that reaches a server that is bound to `host`. */
function loopbackFor(host: string | undefined): string {
  if (host === undefined || host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function shownHost(host: string | undefined): string {
  if (host === undefined || host === '::') return 'localhost';
  if (host === '0.0.0.0') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);
}

const causes: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program has the port',
  EACCES: 'this user may not open ports below 1024',
  EADDRNOTAVAIL: 'the address of --host is not one of this machine',
  ENOTFOUND: 'the name of --host is not known',
  EAI_AGAIN: 'the name of --host cannot be looked up now',
  EINVAL: 'the address of --host is not one to listen on',
  EAFNOSUPPORT: 'this machine has no addresses of the kind of --host',
};

function unavailable(port: number, error: unknown): ServerError {
  if (error instanceof ServerError) return error;
  const code = codeOf(error);
  return new ServerError(
    'SERVER_PORT_UNAVAILABLE',
    `Port ${port} cannot be opened: ${causes[code] ?? code}. Free it, or choose another with --port, --tls-port or --host.`,
    { cause: error },
  );
}

function notAvailable(port: number, reason: string): string {
  const { headline, cause, steps } = portNotHad(port, reason);
  return `${headline} ${cause} Remedy: ${steps.join(' ')}`;
}

function notEncrypted(port: number, code: string): string {
  return `HTTPS is not available on port ${port}: ${causes[code] ?? code} (${code}). Remedy: free the port and start this server again, choose another with --tls-port, or use --tls-port off.`;
}
