// Errors on the way to the server. The words name the host, the proxy or the certificate, and the remedy.
import type { IncomingHttpHeaders } from 'node:http';
import type { PeerCertificate } from 'node:tls';
import { type HResult, hresult, hresultOfStatus, mappedHResultOfStatus } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';
import { retryAfterMs } from './retry-after.ts';
import { describeTrust, type TlsTrust } from './tls-trust.ts';

/** The known facts of a request that failed. */
export interface FailedRequest {
  url: string;
  /** `http://proxy:3128 (HTTP_PROXY)`. Undefined when the server was asked directly. */
  proxy: string | undefined;
  trust: TlsTrust;
  now: Date;
}

/**
 * The error for an HTTP status: 0x80190000 + status at the transport, WU_E_PT_HTTP_STATUS_* above it. With the headers
 * it says where a redirect leads and when to ask again.
 */
export function statusError(status: number, url: string, headers: IncomingHttpHeaders = {}, now = new Date()) {
  const wait = status === 429 || status === 503 ? retryAfterMs(headers, now) : undefined;
  return new AgentError('AGENT_TRANSPORT_STATUS', `${url} answered ${status}: ${meaningOf(status, url, headers)}.`, {
    hresult: mappedHResultOfStatus(status),
    transportResult: hresultOfStatus(status),
    url,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  });
}

const statusMeanings: Readonly<Record<number, string>> = {
  401: 'it wants a log-on; anonymous access is off',
  403: 'access is refused',
  404: 'the file is not there',
  407: 'a proxy wants a log-on; give the user and password with "moult agent install --proxy-credentials FILE"',
  429: 'the server is busy',
  500: 'the server has an internal error',
  503: 'the server is not available',
};

function meaningOf(status: number, url: string, headers: IncomingHttpHeaders): string {
  if (status < 300 || status > 399) return statusMeanings[status] ?? 'an unexpected status';
  const location = headers.location ?? '';
  const target = URL.canParse(location, url) ? new URL(location, url) : undefined;
  if (target?.protocol === 'https:' && new URL(url).protocol === 'http:' && target.hostname === new URL(url).hostname) {
    return `it redirects to ${target.origin}, and the agent follows no redirect. Set WUServer to that address`;
  }
  const where = target ? `to ${target.protocol}//${target.host}` : 'nowhere';
  return `it redirects ${where}; an update server never does, and the agent does not follow (captive portal? wrong WUServer?)`;
}

/** The AgentError AGENT_TRANSPORT_… for whatever node:http throws. */
export function transportError(error: Error, failed: FailedRequest): AgentError {
  if (error instanceof AgentError) return error;
  const { url, proxy } = failed;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const at = (kind: AgentError['code'], result: HResult, text: string, mapped = result) =>
    new AgentError(kind, text, { hresult: mapped, transportResult: result, url, cause: error });
  const { host } = new URL(url);
  if (code === 'ERR_PROXY_TUNNEL') return tunnelError(error, failed);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const whose = proxy === undefined ? host : `the proxy ${proxy}`;
    const text = `The name of ${whose} does not resolve (DNS).`;
    return at('AGENT_TRANSPORT_NAME', hresult.nameNotResolved, text, hresult.nameNotResolvedMapped);
  }
  if (code === 'ETIMEDOUT') return timedOut(url, proxy);
  if (code.startsWith('HPE_')) {
    const who = proxy === undefined ? host : `${host}, asked through the proxy ${proxy},`;
    return at('AGENT_TRANSPORT_CUT', hresult.badServerResponse, `${who} does not answer in HTTP (${code}).`);
  }
  const tls = tlsProblem(error, code, failed);
  if (tls) return at('AGENT_TRANSPORT_TLS', tls.result, tls.text);
  if (code === 'ECONNRESET' || code === 'EPIPE') return cut(url, error);
  if (proxy !== undefined) {
    const text = `No connection to the proxy ${proxy}, through which ${host} is asked (${code || error.message}).`;
    return at('AGENT_TRANSPORT_PROXY', hresult.cannotConnect, text);
  }
  return at('AGENT_TRANSPORT_CONNECT', hresult.cannotConnect, `No connection to ${host} (${code || error.message}).`);
}

export function timedOut(url: string, proxy?: string): AgentError {
  const through = proxy === undefined ? '' : `, asked through the proxy ${proxy},`;
  return new AgentError('AGENT_TRANSPORT_TIMEOUT', `${url}${through} did not answer in time.`, {
    hresult: hresult.timeout,
    url,
  });
}

export function cut(url: string, cause?: Error): AgentError {
  const text = `The connection was cut before all of ${url} had arrived.`;
  return new AgentError('AGENT_TRANSPORT_CUT', text, { hresult: hresult.connectionCut, url, cause });
}

export function tooLarge(url: string, maxBytes: number): AgentError {
  const text = `${url} is larger than the ${maxBytes} bytes that are taken here.`;
  return new AgentError('AGENT_TRANSPORT_TOO_LARGE', text, { hresult: hresult.setupInvalidPackage, url });
}

/** A body in a coding that was not asked for. Its bytes are not the file, whatever they are. */
export function wrongEncoding(url: string, encoding: string): AgentError {
  const text =
    `${url} came with Content-Encoding: ${encoding.slice(0, 40)}, which the agent did not ask for. Something on the way ` +
    'compresses: switch that off for the paths of the update server.';
  return new AgentError('AGENT_TRANSPORT_ENCODING', text, { hresult: hresult.invalidHeader, url });
}

/** Throws AGENT_TRANSPORT_BAD_URL for other texts than http and https URLs. */
export function requireHttpUrl(written: string): URL {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '') {
    if (url.username === '' && url.password === '') return url;
  }
  const shown = JSON.stringify(written.slice(0, 200));
  const why =
    url?.username || url?.password ? 'it carries a user or password' : 'it must begin with http:// or https://';
  const text = `The address ${url?.username || url?.password ? url.origin : shown} is not fetched: ${why}.`;
  const result =
    url && url.protocol !== 'http:' && url.protocol !== 'https:' ? hresult.unknownScheme : hresult.invalidUrl;
  throw new AgentError('AGENT_TRANSPORT_BAD_URL', text, { hresult: result });
}

/** Since when Node goes through a proxy by itself. An older one passes the proxy by, without a word. */
export function knowsProxies(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);
}

export function oldNode(version: string): AgentError {
  const text = `A proxy is set, and Node ${version} cannot use one. Use Node 24.5 or later, or 22.21 or later of Node 22.`;
  return new AgentError('AGENT_TRANSPORT_PROXY', text, { hresult: hresult.cannotConnect });
}

/** The proxy answered CONNECT with something else than a way through. */
function tunnelError(error: Error, { url, proxy }: FailedRequest): AgentError {
  if (/timed out/.test(error.message)) return timedOut(url, proxy);
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 0;
  const why = status === 0 ? error.message.replace(/ via \S+/, '') : (statusMeanings[status] ?? 'it refuses the way');
  const text = `The proxy ${proxy} lets nothing through to ${new URL(url).host} (${status || 'no status'}): ${why}.`;
  return new AgentError('AGENT_TRANSPORT_PROXY', text, {
    hresult: status === 0 ? hresult.cannotConnect : mappedHResultOfStatus(status),
    transportResult: status === 0 ? hresult.cannotConnect : hresultOfStatus(status),
    url,
    cause: error,
  });
}

function tlsProblem(error: Error, code: string, { url, trust, now }: FailedRequest) {
  const { host, hostname } = new URL(url);
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const what = code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet';
    const text = `The certificate of ${host} ${what} by the clock of this machine (${now.toISOString()}). Renew it on the server, or set the clock.`;
    return { result: hresult.tlsDateInvalid, text };
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const { subjectaltname } = ('cert' in error ? error.cert : undefined) as
      | PeerCertificate
      | { subjectaltname?: string };
    const text = `The certificate of ${host} is not for ${hostname}. It is for ${(subjectaltname ?? 'no name').slice(0, 200)}. Use a name of the certificate in WUServer, or give the server another certificate.`;
    return { result: hresult.tlsWrongHost, text };
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH/.test(code)) {
    const text = `The certificate of ${host} is not under ${describeTrust(trust)} (${code}).`;
    return { result: hresult.tlsUnknownCa, text };
  }
  if (/^ERR_SSL_|^EPROTO$/.test(code)) {
    const text = `${host} does not speak TLS that this machine can use (${code}). Does WUServer name the https port?`;
    return { result: hresult.tlsChannel, text };
  }
  return undefined;
}
