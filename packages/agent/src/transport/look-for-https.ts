// Looks whether the server of the policy, which is http, has HTTPS with a certificate of the pinned CA. Nothing that comes over
// http takes part: neither an answer nor a redirection can lead the agent somewhere.
import { selfUpdatePaths } from '@moult/protocol/self-update';
import type { Registry } from '../machine/registry.ts';
import type { Network } from './network.ts';
import { type RequestLimits, send } from './request.ts';
import { keepSecureWay, possibleWay, type SecureWay, wantedUntil } from './secure-way.ts';

/** A firewall that drops the port costs a detection so much. */
const longestMs = 10_000;

interface LookedFor {
  server: string;
  registry: Registry;
  network: Network;
  operatorCaPem: string | undefined;
  userAgent: string;
  limits: RequestLimits;
}

/**
 * The way that this detection goes, and one line for the log. Without HTTPS the way of before counts only as long as the server
 * wanted it. Never throws for what a server or a disk did.
 */
export async function lookForHttps(parts: LookedFor): Promise<{ way: SecureWay | undefined; line: string }> {
  const { server, registry, network, operatorCaPem, userAgent, limits } = parts;
  const trusts = { trust: network.tls.trust, operatorCaPem };
  const way = possibleWay(new URL(server), registry.read(), trusts);
  const before = network.secureWay?.from === way?.from ? network.secureWay : undefined;
  if (!way) return { way: undefined, line: '' };
  try {
    const { headers, status } = await send({
      ...{ url: `${way.to}${selfUpdatePaths.trustRoot}`, method: 'HEAD', userAgent },
      limits: {
        silenceMs: Math.min(limits.silenceMs, longestMs),
        totalMs: Math.min(limits.totalMs, longestMs),
        maxBytes: 0,
        network: { ...network, tls: way.tls, secureWay: undefined },
      },
    });
    if (status >= 500) throw new Error(`it answers with status ${status}`);
    const found = { ...way, until: wantedUntil(headers['strict-transport-security'], network.now()) };
    keep(registry, found);
    return { way: found, line: `Server ${way.from} is asked over ${way.to}, certified by the pinned CA` };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (before?.until)
      return { way: before, line: `WARNING: ${way.from} wants HTTPS until ${before.until.toISOString()}: ${why}` };
    keep(registry, undefined);
    const then = before ? 'WARNING: HTTPS is gone, and the agent uses HTTP' : 'No HTTPS that the pinned CA certifies';
    return { way: undefined, line: `${then}: ${why}` };
  }
}

/** A full disk must not keep an agent from its server. */
function keep(registry: Registry, way: SecureWay | undefined): void {
  try {
    keepSecureWay(registry, way);
  } catch {
    // The next detection looks again.
  }
}
