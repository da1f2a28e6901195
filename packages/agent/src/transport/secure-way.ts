// HTTPS of a server whose address in the policy is http. The ports belong together as those of Moult do. The registry keeps
// what a probe under the pinned CA found: every part of the agent goes the same way.
import { keys } from '../machine/keys.ts';
import { dword, string } from '../machine/policy.ts';
import { type Registry, type RegistryView, text } from '../machine/registry.ts';
import { type TlsTrust, type TlsTrusted, trustedByTls } from './tls-trust.ts';

export interface SecureWay {
  /** The origin that the policy has: `http://host:8530`. */
  from: string;
  /** `https://host:8531`. */
  to: string;
  /** The pinned CA alone. */
  tls: TlsTrusted;
  /** Until then the server wants HTTPS and nothing else (RFC 6797). Undefined: it did not say so. */
  until: Date | undefined;
}

/** The port of HTTP that Moult has → its port of HTTPS. Beside other ports it opens none. */
const ports: Readonly<Record<string, string>> = { '': '443', '8530': '8531' };

const name = 'HttpsServer';
/** The longest time that a server can ask for. */
const longestMs = 366 * 86_400_000;

interface Trusts {
  trust: TlsTrust;
  operatorCaPem: string | undefined;
}

/**
 * The address that HTTPS of this server has, if it has any. Undefined for an https server, for other ports, and without a pinned
 * CA. It is undefined too if the store of the system alone is trusted, or `HttpsWhenOffered` is 0.
 */
export function possibleWay(
  server: URL,
  registry: RegistryView,
  { trust, operatorCaPem }: Trusts,
): SecureWay | undefined {
  const port = ports[server.port];
  if (server.protocol !== 'http:' || port === undefined || operatorCaPem === undefined || trust === 'system')
    return undefined;
  if (dword(registry, keys.agent, 'HttpsWhenOffered') === 0) return undefined;
  const { origin: to } = new URL(`https://${server.hostname}:${port}`);
  return { from: server.origin, to, tls: trustedByTls('operator', operatorCaPem), until: undefined };
}

/** The way that a probe found earlier. */
export function readSecureWay(registry: RegistryView, trusts: Trusts, now: Date): SecureWay | undefined {
  const [from = '', until = ''] = string(registry, keys.agent, name)?.split(' ') ?? [];
  const way = URL.canParse(from) ? possibleWay(new URL(from), registry, trusts) : undefined;
  if (!way) return undefined;
  const date = new Date(until);
  const leftMs = date.getTime() - now.getTime();
  return { ...way, until: leftMs > 0 && leftMs <= longestMs ? date : undefined };
}

/** Undefined forgets it. */
export function keepSecureWay(registry: Registry, way: SecureWay | undefined): void {
  // To the day: a detection need not write each time.
  const until = way?.until && `${way.until.toISOString().slice(0, 10)}T00:00:00.000Z`;
  const written = way && [way.from, ...(until ? [until] : [])].join(' ');
  if (string(registry.read(), keys.agent, name) === written) return;
  registry.change([{ key: keys.agent, name, ...(written !== undefined && { value: text(written) }) }]);
}

/** `max-age` of Strict-Transport-Security as an instant. Undefined without it, and for 0. */
export function wantedUntil(header: string | undefined, now: Date): Date | undefined {
  const seconds = Number(/(?:^|;)\s*max-age\s*=\s*"?(\d{1,10})/i.exec(header ?? '')?.[1] ?? 0);
  return seconds > 0 ? new Date(now.getTime() + Math.min(seconds * 1000, longestMs - 86_400_000)) : undefined;
}
