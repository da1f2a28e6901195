// The network between the agents of a lane and their server. It misbehaves from the N-th request on, or only there.
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Random } from '../fuzz/mutate.ts';

/** How an answer is spoiled. */
export const networkFaults = [
  ...(['401', '403', '404', '407', '429', '500', '502', '503'] as const),
  ...(['redirect', 'redirect loop', 'html page', 'empty', 'truncated', 'too long', 'endless'] as const),
  ...(['altered', 'mixed', 'replayed', 'stale proxy', 'wrong encoding', 'wrong length'] as const),
  ...(['cut', 'reset', 'no http', 'slow', 'silent'] as const),
] as const;
export type NetworkFault = (typeof networkFaults)[number];

export interface Weather {
  fault: NetworkFault;
  /** Counted from 1. */
  from: number;
  /** False: only this one request. */
  andAllAfter: boolean;
  random: Random;
}

export interface HostileNetwork {
  /** The address that agents are pointed at. */
  url: string;
  /** From now on their requests go to these servers. */
  leadTo(servers: Servers): void;
  /** From now on. Undefined: fine. `older` is the server as it was before the new release. */
  set(weather: Weather | undefined): void;
  /** Requests that were spoiled since `set`. */
  spoiled(): number;
  close(): Promise<void>;
}

export interface Servers {
  now: URL;
  /** The same operator's server, as it was before the new release. */
  older: URL;
}

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

const page = Buffer.from('<!DOCTYPE html>\r\n<html><title>Log on</title><body>Please log on.</body></html>\r\n');
const slowBytesPerSecond = 100;

/** Listens on a free port of 127.0.0.1. */
export async function openHostileNetwork(first: Servers): Promise<HostileNetwork> {
  let servers = first;
  let weather: Weather | undefined;
  let requests = 0;
  let spoiled = 0;
  const seen = new Map<string, Answer>();
  const server = createServer(async (request, response) => {
    requests += 1;
    const now = weather;
    const isSpoiled = now && (now.andAllAfter ? requests >= now.from : requests === now.from);
    if (isSpoiled) spoiled += 1;
    const body = await readAll(request);
    try {
      if (isSpoiled) await spoil(now, { request, response, body, servers, seen });
      else deliver(response, await ask(servers.now, request, body, seen));
    } catch {
      response.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo(next) {
      servers = next;
      seen.clear();
    },
    set(next) {
      weather = next;
      requests = 0;
      spoiled = 0;
      // Connections that wait for the fault before end with it.
      server.closeAllConnections();
    },
    spoiled: () => spoiled,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  body: Buffer;
  servers: Servers;
  /** Good answers of this network so far, by path. */
  seen: Map<string, Answer>;
}

async function spoil({ fault, random }: Weather, exchange: Exchange): Promise<void> {
  const { request, response, body, servers, seen } = exchange;
  const good = () => ask(servers.now, request, body, seen);
  if (/^\d+$/.test(fault)) {
    const retry = fault === '503' || fault === '429' ? { 'Retry-After': '1' } : {};
    return deliver(response, { status: Number(fault), headers: retry, body: page });
  }
  switch (fault) {
    case 'redirect':
      return deliver(response, { status: 302, headers: { Location: '/log-on' }, body: page });
    case 'redirect loop':
      return deliver(response, { status: 301, headers: { Location: request.url ?? '/' }, body: page });
    case 'html page':
      return deliver(response, { status: 200, headers: { 'Content-Type': 'text/html' }, body: page });
    case 'empty':
      return deliver(response, { status: 200, headers: {}, body: Buffer.alloc(0) });
    case 'replayed':
      return deliver(response, await ask(servers.older, request, body));
    case 'stale proxy':
      return deliver(response, seen.get(request.url ?? '') ?? (await ask(servers.older, request, body)));
    case 'reset':
      return void request.socket.resetAndDestroy();
    case 'no http':
      request.socket.end('SSH-2.0-OpenSSH_9.2\r\n');
      return;
    case 'silent':
      return;
    case 'slow':
      return drip(response, await good());
    default:
      return spoilBody(fault, response, await good(), seen, random);
  }
}

function spoilBody(
  fault: NetworkFault,
  response: ServerResponse,
  good: Answer,
  seen: Map<string, Answer>,
  random: Random,
): void {
  const { body } = good;
  const half = body.subarray(0, Math.floor(body.length / 2));
  if (fault === 'endless') pour(response, good);
  else if (fault === 'cut') breakOff(response, good, half, 0);
  else if (fault === 'wrong length') breakOff(response, { ...good, body: Buffer.alloc(body.length + 1000) }, body, 50);
  else deliver(response, { ...good, ...spoiledContent(fault, good, half, seen, random) });
}

function spoiledContent(
  fault: NetworkFault,
  { headers, body }: Answer,
  half: Buffer,
  seen: Map<string, Answer>,
  random: Random,
): Partial<Answer> {
  switch (fault) {
    case 'truncated':
      return { body: half };
    case 'too long':
      return { body: Buffer.concat([body, Buffer.alloc(1 + random.below(100_000))]) };
    case 'altered':
      return { body: flipped(body, random) };
    case 'mixed': {
      const others = [...seen.values()].filter((other) => other.body.length > 0);
      const other = others[random.below(others.length)]?.body ?? body;
      return { body: random.below(2) === 0 ? other : Buffer.concat([half, other.subarray(half.length)]) };
    }
    default:
      return { headers: { ...headers, 'content-encoding': 'gzip' } };
  }
}

/** The connection ends after `sent`, although more was announced. */
function breakOff(response: ServerResponse, { status, headers, body }: Answer, sent: Buffer, afterMs: number): void {
  response.writeHead(status, { ...plain(headers), 'Content-Length': body.length });
  response.write(sent, () => setTimeout(() => response.destroy(), afterMs));
}

function deliver(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...plain(headers), 'Content-Length': body.length });
  response.end(body);
}

/** Without a length and without an end, until the other side has enough. */
function pour(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, plain(headers));
  response.write(body);
  const more = Buffer.alloc(256 * 1024, 'x');
  const timer = setInterval(() => response.write(more), 5);
  response.once('close', () => clearInterval(timer));
}

function drip(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...plain(headers), 'Content-Length': body.length });
  let sent = 0;
  const timer = setInterval(() => {
    response.write(body.subarray(sent, sent + slowBytesPerSecond / 10));
    sent += slowBytesPerSecond / 10;
    if (sent >= body.length) response.end();
  }, 100);
  response.once('close', () => clearInterval(timer));
}

function flipped(body: Buffer, random: Random): Buffer {
  const altered = Buffer.from(body);
  if (altered.length > 0) {
    const at = random.below(altered.length);
    altered[at] = (altered[at] ?? 0) ^ (1 << random.below(8));
  }
  return altered;
}

/** The answer of the server itself. It is remembered as the answer that a proxy has seen. */
function ask(server: URL, request: IncomingMessage, body: Buffer, seen?: Map<string, Answer>): Promise<Answer> {
  const { 'accept-encoding': _, connection: __, ...headers } = request.headers;
  return new Promise((resolve, reject) => {
    const onward = httpRequest(
      {
        host: server.hostname,
        port: server.port,
        method: request.method,
        path: pathOf(request),
        headers,
        agent: false,
      },
      async (incoming) => {
        const answer = {
          status: incoming.statusCode ?? 502,
          headers: incoming.headers,
          body: await readAll(incoming),
        };
        if (answer.status === 200 && request.method === 'GET') seen?.set(request.url ?? '', answer);
        resolve(answer);
      },
    );
    onward.once('error', reject);
    onward.end(body);
  });
}

/** As a proxy it is asked for whole addresses. */
function pathOf({ url = '/' }: IncomingMessage): string {
  return url.replace(/^http:\/\/[^/]*/, '') || '/';
}

/** Headers without those of the connection. */
function plain(headers: Answer['headers']): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(
    (entry): entry is [string, string | string[]] =>
      entry[1] !== undefined && !/^(content-length|transfer-encoding|connection|keep-alive)$/i.test(entry[0]),
  );
  return Object.fromEntries(kept);
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
