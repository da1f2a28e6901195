// Fetches a cabinet of the self-update tree: HEAD, compare with the cached copy, GET only when different, each with the
// query stamp that defeats caches. Only a digest compares. An attacker who answered once in place of the server could
// have given any size and time. The agent then keeps an old cabinet for ever. A server without Repr-Digest is asked
// each time.

import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';
import { readCopy, writeFileAtomically } from '../machine/atomic-file.ts';
import { type RequestLimits, send, sendExpecting, statusError } from './request.ts';

interface CabinetFetch {
  /** Absolute, without query. */
  url: string;
  /** YYMMDDhhmm, the same for all requests of one session. */
  stamp: string;
  userAgent: string;
  limits: RequestLimits;
  /** The places of the copy of last time, and of this one. */
  cacheFile: string;
  /** Fetch it in any case: the cached copy did not verify, or fetching must be proven. */
  fresh?: boolean;
}

interface FetchedCabinet {
  bytes: Uint8Array;
  /** The server's copy is the one we had: HEAD was enough. */
  fromCache: boolean;
}

/** The cabinet's bytes, not yet verified. Throws AgentError AGENT_TRANSPORT_…. */
export async function fetchCabinet(asked: CabinetFetch): Promise<FetchedCabinet> {
  const { url, stamp, userAgent, limits, cacheFile } = asked;
  const stamped = `${url}?${stamp}`;
  const head = await send({ url: stamped, method: 'HEAD', userAgent, limits });
  if (head.status === 200) {
    requireSize(head.headers, url, limits);
    const cached = asked.fresh ? undefined : readCopy(cacheFile);
    if (cached && isSame(head.headers, cached)) return { bytes: cached, fromCache: true };
  } else if (head.status !== 405 && head.status !== 501)
    throw statusError(head.status, url, head.headers, limits.network?.now());
  const { headers, body } = await sendExpecting({ url: stamped, userAgent, limits });
  requireCabinet(headers, body, url);
  writeFileAtomically(cacheFile, body);
  return { bytes: body, fromCache: false };
}

function requireSize(headers: IncomingHttpHeaders, url: string, limits: RequestLimits): void {
  if (Number(headers['content-length'] ?? 0) <= limits.maxBytes) return;
  const text = `${url} is ${headers['content-length']} bytes, more than the ${limits.maxBytes} taken here.`;
  throw new AgentError('AGENT_TRANSPORT_TOO_LARGE', text, { hresult: hresult.setupInvalidPackage, url });
}

function isSame(headers: IncomingHttpHeaders, cached: Uint8Array): boolean {
  const [, said] = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(String(headers['repr-digest'] ?? '')) ?? [];
  return said !== undefined && createHash('sha256').update(cached).digest('base64') === said;
}

function requireCabinet(headers: IncomingHttpHeaders, body: Uint8Array, url: string): void {
  if (Buffer.from(body.subarray(0, 4)).toString('latin1') === 'MSCF') return;
  const start = Buffer.from(body.subarray(0, 256)).toString('latin1').trimStart().toLowerCase();
  const isPage = start.startsWith('<') || /html/i.test(String(headers['content-type'] ?? ''));
  const what = isPage
    ? 'an HTML page came in its place; something between (a proxy, SharePoint, a captive portal) answers for the server'
    : `${body.length} bytes came that are not a cabinet`;
  throw new AgentError('AGENT_TRANSPORT_NOT_A_CABINET', `${url}: ${what}.`, {
    hresult: hresult.setupInvalidIdent,
    url,
  });
}
