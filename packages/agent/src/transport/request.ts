// One HTTP request with everything bounded: time to first byte, silence, whole duration, speed, bytes. Redirects are
// not followed: an update server never redirects, but captive portals do.
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import type { RequestOptions } from 'node:https';
import { moultAgentHeader } from '@moult/protocol/self-update';
import { type Network, plainNetwork } from './network.ts';
import { type ForwardProxy, proxyFor, shownProxy } from './proxy.ts';
import {
  cut,
  type FailedRequest,
  knowsProxies,
  oldNode,
  requireHttpUrl,
  statusError,
  timedOut,
  tooLarge,
  transportError,
  wrongEncoding,
} from './transport-errors.ts';

export { statusError } from './transport-errors.ts';

export interface RequestLimits {
  /** Longest silence, in connecting as in receiving. */
  silenceMs: number;
  /** Longest duration of the whole exchange, waits for the bandwidth not counted. */
  totalMs: number;
  maxBytes: number;
  /**
   * The way to the server. Without it: directly, as fast as it comes, with the authorities that Node and the system
   * trust.
   */
  network?: Network;
}

export interface HttpRequest {
  url: string;
  method?: 'GET' | 'HEAD' | 'POST';
  userAgent: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  limits: RequestLimits;
  /** Takes the answer's body piece by piece. The answer then has none. */
  sink?: BodySink;
}

interface BodySink {
  /** The statuses whose body goes here. */
  accepts: readonly number[];
  /** Called before the first piece. An error of it or of `take` ends the exchange. */
  begin(status: number, headers: IncomingHttpHeaders): void;
  take(piece: Buffer): void;
}

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Uint8Array;
}

/** The answer whatever its status. Throws AgentError AGENT_TRANSPORT_… without an answer, or with a part of one. */
export async function send(asked: HttpRequest): Promise<HttpAnswer> {
  const given = requireHttpUrl(asked.url);
  const network = asked.limits.network ?? plainNetwork;
  const { secureWay } = network;
  // No request to the server goes over http then.
  const isSecured = secureWay?.from === given.origin;
  const url = isSecured ? new URL(`${secureWay.to}${given.pathname}${given.search}`) : given;
  const { request, failed } = isSecured
    ? openRequest({ ...asked, url: url.href }, url, { ...network, tls: secureWay.tls })
    : openRequest(asked, url, network);
  return new Exchange(asked, request, failed, network).answer();
}

/** As send, and any status but those in `accepted` is an AgentError AGENT_TRANSPORT_STATUS. */
export async function sendExpecting(asked: HttpRequest, accepted: readonly number[] = [200]): Promise<HttpAnswer> {
  const answer = await send(asked);
  if (accepted.includes(answer.status)) return answer;
  throw statusError(answer.status, asked.url, answer.headers, asked.limits.network?.now());
}

function openRequest(
  asked: HttpRequest,
  url: URL,
  network: Network,
): { request: ClientRequest; failed: FailedRequest } {
  const proxy = proxyFor(url, network.proxy);
  const secure = url.protocol === 'https:';
  const options: RequestOptions = {
    method: asked.method ?? 'GET',
    agent: proxy ? proxyAgent(proxy, secure) : false,
    headers: {
      'User-Agent': asked.userAgent,
      Accept: '*/*',
      'Accept-Encoding': 'identity',
      Connection: 'close',
      [moultAgentHeader.name]: moultAgentHeader.value,
      ...lengthOf(asked),
      ...asked.headers,
    },
    timeout: asked.limits.silenceMs,
    ...(secure ? { secureContext: network.tls.context() } : {}),
  };
  const failed: FailedRequest = {
    url: asked.url,
    proxy: proxy && shownProxy(url, network.proxy),
    trust: network.tls.trust,
    now: network.now(),
  };
  return { request: (secure ? https().request : httpRequest)(url, options), failed };
}

/** Node's own way through a proxy: the whole address for http, CONNECT for https. */
function proxyAgent({ address, credentials }: ForwardProxy, secure: boolean): HttpAgent {
  if (!knowsProxies(process.versions.node)) throw oldNode(process.versions.node);
  const full = new URL(address);
  if (credentials) {
    full.username = encodeURIComponent(credentials.user);
    full.password = encodeURIComponent(credentials.password);
  }
  return secure
    ? new (https().Agent)({ proxyEnv: { HTTPS_PROXY: full.href } })
    : new HttpAgent({ proxyEnv: { HTTP_PROXY: full.href } });
}

/** Loaded when it is first needed: TLS is a third of what the start of an agent costs, and many servers are http. */
function https(): typeof import('node:https') {
  return process.getBuiltinModule('node:https');
}

function lengthOf({ body }: HttpRequest): Record<string, string> {
  return body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
}

/** From the first byte sent to the last one received. */
class Exchange {
  readonly #asked: HttpRequest;
  readonly #request: ClientRequest;
  readonly #failed: FailedRequest;
  readonly #network: Network;
  readonly #pieces: Buffer[] = [];
  #received = 0;
  #overall: NodeJS.Timeout | undefined;
  #leftMs: number;
  #startedAt = 0;
  #waiting: NodeJS.Timeout | undefined;
  /** The answer, or an error, is given: what is still on its way does not count. */
  #over = false;

  constructor(asked: HttpRequest, request: ClientRequest, failed: FailedRequest, network: Network) {
    this.#asked = asked;
    this.#request = request;
    this.#failed = failed;
    this.#network = network;
    this.#leftMs = asked.limits.totalMs;
  }

  answer(): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        this.#over = true;
        this.#stopClock();
        clearTimeout(this.#waiting);
        clearTimeout(connecting);
        this.#request.destroy();
        settle();
      };
      const refuse = (error: unknown) => finish(() => reject(error));
      const fail = (error: Error) => refuse(transportError(error, this.#failed));
      // A proxy that takes the connection and says nothing has no socket of ours yet that could be silent.
      const connecting = setTimeout(() => this.#timeOut(), this.#asked.limits.silenceMs);
      this.#startClock();
      this.#request.on('socket', () => clearTimeout(connecting));
      this.#request.on('timeout', () => this.#timeOut());
      this.#request.on('error', fail);
      this.#request.on('response', (response) => {
        this.#receive(response, fail, refuse, () => {
          const { statusCode: status = 0, headers } = response;
          finish(() => resolve({ status, headers, body: Buffer.concat(this.#pieces) }));
        });
      });
      this.#request.end(this.#asked.body);
    });
  }

  /** `fail`: the way is broken. `refuse`: what comes is not wanted, or cannot be kept. Its error goes on as it is. */
  #receive(
    response: IncomingMessage,
    fail: (error: Error) => void,
    refuse: (error: unknown) => void,
    done: () => void,
  ): void {
    const { statusCode = 0, headers } = response;
    const { url, limits } = this.#asked;
    const sink = this.#asked.sink?.accepts.includes(statusCode) ? this.#asked.sink : undefined;
    const orRefuse = (work: () => void) => {
      try {
        work();
      } catch (error) {
        refuse(error);
      }
    };
    response.on('data', (piece: Buffer) => {
      if (this.#over) return;
      this.#received += piece.length;
      if (this.#received > limits.maxBytes) refuse(tooLarge(url, limits.maxBytes));
      else if (sink) orRefuse(() => sink.take(piece));
      else this.#pieces.push(piece);
      this.#keepToBandwidth(response, piece.length);
    });
    response.on('error', fail);
    response.on('aborted', () => fail(cut(url)));
    response.on('end', () => (response.complete ? done() : fail(cut(url))));
    orRefuse(() => {
      requireAskedEncoding(this.#asked, statusCode, headers);
      sink?.begin(statusCode, headers);
    });
  }

  /** While it waits for the bandwidth, it is not the server that is silent or slow. */
  #keepToBandwidth(response: IncomingMessage, bytes: number): void {
    const waitMs = this.#network.throttle?.take(bytes) ?? 0;
    if (waitMs < leastWaitMs || this.#over) return;
    response.pause();
    this.#stopClock();
    this.#request.setTimeout(0);
    this.#waiting = setTimeout(() => {
      this.#startClock();
      this.#request.setTimeout(this.#asked.limits.silenceMs);
      response.resume();
    }, waitMs);
  }

  #timeOut(): void {
    this.#request.destroy(timedOut(this.#asked.url, this.#failed.proxy));
  }

  #startClock(): void {
    this.#startedAt = performance.now();
    this.#overall = setTimeout(() => this.#timeOut(), this.#leftMs);
  }

  #stopClock(): void {
    clearTimeout(this.#overall);
    this.#leftMs = Math.max(1, this.#leftMs - (performance.now() - this.#startedAt));
  }
}

/** A timer is not finer. */
const leastWaitMs = 5;

function requireAskedEncoding(asked: HttpRequest, status: number, headers: IncomingHttpHeaders): void {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity' || !withBody.has(status)) return;
  const accepted = (asked.headers?.['Accept-Encoding'] ?? '').toLowerCase().split(/[\s,]+/);
  if (!accepted.includes(encoding)) throw wrongEncoding(asked.url, encoding);
}

/** Only an answer that the caller reads is refused: the status of an error page says more than its coding. */
const withBody = new Set([200, 206, 500]);
