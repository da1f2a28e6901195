// One HTTP request with everything bounded: time to first byte, silence, whole duration, bytes. Redirects are not
// followed: a self-update tree never redirects, but captive portals do.
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { moultAgentHeader } from '@moult/protocol/self-update';
import { AgentError } from '../errors.ts';
import { hresult, hresultOfStatus, mappedHResultOfStatus } from './hresult.ts';

export interface RequestLimits {
  /** Longest silence, in connecting as in receiving. */
  silenceMs: number;
  /** Longest duration of the whole exchange. */
  totalMs: number;
  maxBytes: number;
}

export interface HttpRequest {
  url: string;
  method?: 'GET' | 'HEAD' | 'POST';
  userAgent: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  limits: RequestLimits;
  /** Takes the answer's body piece by piece; the answer then has none. */
  sink?: BodySink;
}

export interface BodySink {
  /** The statuses whose body goes here. */
  accepts: readonly number[];
  /** Called before the first piece. What it or `take` throws ends the exchange. */
  begin(status: number, headers: IncomingHttpHeaders): void;
  take(piece: Buffer): void;
}

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Uint8Array;
}

/** The answer whatever its status. Throws AgentError AGENT_TRANSPORT_… when there is none, or not all of it. */
export function send(asked: HttpRequest): Promise<HttpAnswer> {
  const { url, limits } = asked;
  return new Promise((resolve, reject) => {
    const secure = url.toLowerCase().startsWith('https:');
    const sent = (secure ? httpsRequest : httpRequest)(url, {
      method: asked.method ?? 'GET',
      agent: false,
      headers: {
        'User-Agent': asked.userAgent,
        Accept: '*/*',
        Connection: 'close',
        [moultAgentHeader.name]: moultAgentHeader.value,
        ...lengthOf(asked),
        ...asked.headers,
      },
      timeout: limits.silenceMs,
    });
    const overall = setTimeout(() => sent.destroy(timedOut(url)), limits.totalMs);
    const finish = (settle: () => void) => {
      clearTimeout(overall);
      sent.destroy();
      settle();
    };
    sent.on('timeout', () => sent.destroy(timedOut(url)));
    sent.on('error', (error) => finish(() => reject(transportError(error, url))));
    sent.on('response', (response) => {
      const pieces: Buffer[] = [];
      let received = 0;
      const { statusCode = 0 } = response;
      const sink = asked.sink?.accepts.includes(statusCode) ? asked.sink : undefined;
      const orFail = (work: () => void) => {
        try {
          work();
        } catch (error) {
          finish(() => reject(error));
        }
      };
      if (sink) orFail(() => sink.begin(statusCode, response.headers));
      response.on('data', (piece: Buffer) => {
        received += piece.length;
        if (received > limits.maxBytes) sent.destroy(tooLarge(url, limits.maxBytes));
        else if (sink) orFail(() => sink.take(piece));
        else pieces.push(piece);
      });
      response.on('error', (error) => finish(() => reject(transportError(error, url))));
      response.on('aborted', () => finish(() => reject(cut(url))));
      response.on('end', () => {
        const answer = { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) };
        finish(() => (response.complete ? resolve(answer) : reject(cut(url))));
      });
    });
    sent.end(asked.body);
  });
}

/** As send, and any status but those in `accepted` is an AgentError AGENT_TRANSPORT_STATUS. */
export async function sendExpecting(asked: HttpRequest, accepted: readonly number[] = [200]): Promise<HttpAnswer> {
  const answer = await send(asked);
  if (!accepted.includes(answer.status)) throw statusError(answer.status, asked.url);
  return answer;
}

/** The error for an HTTP status: 0x80190000 + status at the transport, WU_E_PT_HTTP_STATUS_* above it. */
export function statusError(status: number, url: string): AgentError {
  const meaning = statusMeanings[status] ?? 'an unexpected status';
  return new AgentError('AGENT_TRANSPORT_STATUS', `${url} answered ${status}: ${meaning}.`, {
    hresult: mappedHResultOfStatus(status),
    transportResult: hresultOfStatus(status),
    url,
  });
}

const statusMeanings: Readonly<Record<number, string>> = {
  301: 'it redirects; a self-update tree never does (captive portal? wrong WUServer?)',
  302: 'it redirects; a self-update tree never does (captive portal? wrong WUServer?)',
  401: 'it wants a log-on; anonymous access is off',
  403: 'access is refused',
  404: 'the file is not there',
  407: 'a proxy wants a log-on',
  500: 'the server has an internal error',
  503: 'the server is not available',
};

function transportError(error: Error, url: string): AgentError {
  if (error instanceof AgentError) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const at = (kind: AgentError['code'], result: number, text: string, mapped = result) =>
    new AgentError(kind, text, { hresult: mapped, transportResult: result, url, cause: error });
  const { host } = new URL(url);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const text = `The name of ${host} does not resolve (DNS).`;
    return at('AGENT_TRANSPORT_NAME', hresult.nameNotResolved, text, hresult.nameNotResolvedMapped);
  }
  if (code === 'ETIMEDOUT') return timedOut(url);
  if (code.startsWith('HPE_')) {
    return at('AGENT_TRANSPORT_CUT', hresult.badServerResponse, `${host} does not answer in HTTP (${code}).`);
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)) {
    const result = /EXPIRED|NOT_YET/.test(code) ? hresult.tlsDateInvalid : hresult.tlsUnknownCa;
    return at('AGENT_TRANSPORT_CONNECT', result, `The certificate of ${host} is not accepted (${code}).`);
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') return cut(url, error);
  return at('AGENT_TRANSPORT_CONNECT', hresult.cannotConnect, `No connection to ${host} (${code || error.message}).`);
}

function timedOut(url: string): AgentError {
  return new AgentError('AGENT_TRANSPORT_TIMEOUT', `${url} did not answer in time.`, { hresult: hresult.timeout, url });
}

function cut(url: string, cause?: Error): AgentError {
  const text = `The connection was cut before all of ${url} had arrived.`;
  return new AgentError('AGENT_TRANSPORT_CUT', text, { hresult: hresult.connectionCut, url, cause });
}

function tooLarge(url: string, maxBytes: number): AgentError {
  const text = `${url} is larger than the ${maxBytes} bytes that are taken here.`;
  return new AgentError('AGENT_TRANSPORT_TOO_LARGE', text, { hresult: hresult.setupInvalidPackage, url });
}

function lengthOf({ body }: HttpRequest): Record<string, string> {
  return body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
}
