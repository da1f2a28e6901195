// Decides who may call the API. It checks the name that was called, the transport and the credentials. It also checks
// whether the page of another site sent the call. A visitor without credentials learns nothing, not even which
// addresses exist.
import type { IncomingMessage } from 'node:http';
import {
  actorOf,
  type Principal,
  principalOfSession,
  principalOfToken,
  type SessionLimits,
} from '@moult/administration/accounts';
import type { Store } from '@moult/store';
import { apiBounds } from '../../bounds.ts';
import { clientAddressOf } from '../../http/called-host.ts';
import { isSecureExchange } from '../../http/exchange.ts';
import { askedHost, type KnownHosts } from '../../http/known-hosts.ts';
import type { Exchange } from '../../http/site.ts';
import { isLocalViewer } from '../../http/viewer.ts';
import { ApiError } from './errors.ts';
import type { Visitor } from './route.ts';
import { sessionSecretIn } from './session-cookie.ts';

/** Throws ApiError API_BAD_REQUEST, API_WRONG_HOST, API_INSECURE. */
export function visitorOf(exchange: Exchange, hosts: KnownHosts): Visitor {
  const { request, passedOn } = exchange;
  const host = passedOn?.host ?? askedHost(request);
  if ((request.headersDistinct.host?.length ?? 0) > 1) throw new ApiError('API_BAD_REQUEST', 'Send one Host header.');
  if (!hosts.knows(host))
    throw new ApiError('API_WRONG_HOST', 'This server is not administered under this name. See --allowed-hosts.');
  const isSecure = isSecureExchange(exchange);
  if (!isSecure && !isLocalViewer(request))
    throw new ApiError('API_INSECURE', 'Use HTTPS. Over HTTP the API answers on the server itself only.');
  const address = (clientAddressOf(exchange) ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
  return { address, userAgent: String(request.headers['user-agent'] ?? '').slice(0, 256), isSecure };
}

/** The principal of the call. Undefined when it has no credentials, or wrong ones. */
export async function principalOf(
  { request }: Exchange,
  { isSecure }: Visitor,
  { store, now, ...limits }: SessionLimits & { store: Store; now: Date },
): Promise<Principal | undefined> {
  // A token beside a cookie: the token counts, because no page of a stranger can send one.
  if (request.headers.authorization !== undefined) {
    const token = tokenIn(request);
    return token === undefined ? undefined : principalOfToken(store, token, now);
  }
  const secret = sessionSecretIn(request, isSecure);
  return secret === undefined ? undefined : principalOfSession(store, secret, { now, ...limits });
}

export function tokenIn({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  return /^Bearer ([\w-]{1,256})$/i.exec(headers.authorization ?? '')?.[1];
}

/** Notes the use, once a minute at most: a read must not become a write. */
export async function noteUse(store: Store, { by }: Principal, now: Date): Promise<void> {
  if (by.usedAt !== undefined && now.getTime() - by.usedAt.getTime() < apiBounds.useNotedMs) return;
  if (by.kind === 'token') await store.noteTokenUse(by.tokenId, now);
  else await store.noteSessionUse(by.sessionId, now);
}

/**
 * Refuses a change that a page of another site may have sent: browsers add cookies to it. Throws ApiError API_CROSS_SITE.
 * `isAnonymous`: a log-on, which a program may send without either header.
 */
export function refuseOtherSites(exchange: Exchange, { isAnonymous }: { isAnonymous: boolean }): void {
  const { headers } = exchange.request;
  const site = headers['sec-fetch-site'];
  const { origin } = headers;
  if (site === undefined && origin === undefined && isAnonymous) return;
  if (site !== undefined ? site === 'same-origin' : origin !== undefined && isOwnOrigin(origin, exchange)) return;
  throw new ApiError('API_CROSS_SITE', 'A page of another site sent this, or it does not say which page did.');
}

function isOwnOrigin(origin: string, exchange: Exchange): boolean {
  const { passedOn, request } = exchange;
  const host = passedOn?.host ?? askedHost(request);
  const proto = isSecureExchange(exchange) ? 'https' : 'http';
  const own = `${proto}://${host}`;
  return URL.canParse(own) && URL.canParse(origin) && new URL(own).origin === new URL(origin).origin;
}

/** For the record of changes. */
export function authorOfCall(
  principal: Principal | undefined,
  { address }: Visitor,
  at: Date,
): { name: string; at: Date } {
  return { name: principal ? actorOf(principal, address) : `visitor (${address})`, at };
}
