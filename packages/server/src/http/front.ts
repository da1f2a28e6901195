// The front: every request passes here once, finds its site, and leaves one line in the access log.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { isTemporary } from '@moult/store/errors';
import { httpBounds } from '../bounds.ts';
import type { Logger } from '../log/log.ts';
import { type AccessLog, outcomeOf, type Refusal } from './access-log/index.ts';
import { type Outside, toExchange } from './exchange.ts';
import type { Exchange, ListenerName, Site } from './site.ts';

interface FrontParts {
  listener: ListenerName;
  /** Tried in order. The first that matches serves. */
  sites: readonly Site[];
  accessLog: AccessLog;
  log: Logger;
  now: () => Date;
  /** Default: clients come by themselves. */
  outside?: Outside | undefined;
  /** Told of each answer: the name of the site, or '' for a request that fits none, the status, the time it took. */
  answered?: ((site: string, status: number, ms: number) => void) | undefined;
  /** Tells browsers to come over HTTPS only: --require-tls. */
  isHttpsOnly?: boolean;
}

export interface Front {
  handle: RequestListener;
  /** Notes what was refused before, or while, it became a request. */
  refused(refusal: Refusal): void;
}

export function createFront({
  listener,
  sites,
  accessLog,
  log,
  now,
  outside,
  isHttpsOnly,
  answered,
}: FrontParts): Front {
  const exchanges = createOpenExchanges();
  const here = sites.filter((site) => site.listeners.includes(listener));
  const handle: RequestListener = (request, response) => {
    const { socket } = request;
    // The rest of the packet of the request that went too far: cut off with it.
    if (socket.destroyed) return;
    if (exchanges.openOn(socket) >= httpBounds.maxPipelined) return cutOff(socket);
    const started = performance.now();
    if (isHttpsOnly && 'encrypted' in socket) response.setHeader('Strict-Transport-Security', 'max-age=31536000');
    const exchange = toExchange(request, response, listener, now(), outside);
    exchanges.add(socket, response);
    const passedOn = exchange?.passedOn;
    const site = exchange && here.find((candidate) => candidate.matches(exchange));
    const noting = {
      accessLog,
      started,
      exchanges,
      clientAddress: passedOn?.address,
      site: site?.name ?? '',
      answered,
    };
    noteWhenDone(request, response, noting);
    if (!exchange) return answerPlainly(response, 400, 'Bad request');
    if (!site) return answerPlainly(response, 404, 'Not found');
    serve(site, exchange, log);
  };
  const cutOff = (socket: Socket): void => {
    accessLog.recordRefusal({ socket, status: 503, win32: connectionAborted, beginning: '' });
    socket.destroy();
  };
  return {
    handle,
    refused(refusal) {
      // One that timed out while its body was arriving is a request already, and has its line.
      if (!exchanges.endWith(refusal.socket, refusal.status)) accessLog.recordRefusal(refusal);
    },
  };
}

/** ERROR_CONNECTION_ABORTED. */
const connectionAborted = 1236;

/** A short text answer for what has no page of its own. */
export function answerPlainly(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
  });
  response.end(text);
}

function serve(site: Site, exchange: Exchange, log: Logger): void {
  const failed = (error: unknown) => {
    if (exchange.response.destroyed) return;
    if (isTemporary(error)) {
      log.warn({ err: error, site: site.name, path: exchange.path }, 'request answered with 503');
      if (!exchange.response.headersSent) exchange.response.setHeader('Retry-After', '30');
      answerPlainly(exchange.response, 503, 'This server is busy. Ask again in a moment.');
      return;
    }
    log.error({ err: error, site: site.name, path: exchange.path }, 'request failed');
    answerPlainly(exchange.response, 500, 'Internal server error');
  };
  try {
    site.serve(exchange)?.catch(failed);
  } catch (error) {
    failed(error);
  }
}

interface Noting {
  accessLog: AccessLog;
  started: number;
  exchanges: OpenExchanges;
  /** By the word of a trusted proxy. */
  clientAddress: string | undefined;
  site: string;
  answered: FrontParts['answered'];
}

function noteWhenDone(
  request: IncomingMessage,
  response: ServerResponse,
  { accessLog, started, exchanges, clientAddress, site, answered }: Noting,
): void {
  accessLog.meet(request.socket);
  const { socket } = request;
  const target = request.url ?? '';
  const question = target.indexOf('?');
  const query = question < 0 ? '' : target.slice(question + 1);
  response.once('close', () => {
    const length = Number(response.getHeader('content-length') ?? 0);
    const refusedWith = exchanges.remove(socket, response);
    const status = response.headersSent ? response.statusCode : (refusedWith ?? response.statusCode);
    const timeTakenMs = performance.now() - started;
    const bytes = Number.isFinite(length) ? length : 0;
    accessLog.record({ request, query, clientAddress }, { status, ...outcomeOf(response), bytes, timeTakenMs });
    answered?.(site, status, timeTakenMs);
  });
}

interface OpenExchanges {
  openOn(socket: Socket): number;
  add(socket: Socket, response: ServerResponse): void;
  /** The connection is answered with this status in place of its oldest open exchange. False if there is not one. */
  endWith(socket: object, status: number): boolean;
  /** Answers the status that endWith gave. */
  remove(socket: Socket, response: ServerResponse): number | undefined;
}

function createOpenExchanges(): OpenExchanges {
  const open = new WeakMap<object, Set<ServerResponse>>();
  const ended = new WeakMap<ServerResponse, number>();
  return {
    openOn: (socket) => open.get(socket)?.size ?? 0,
    add(socket, response) {
      const responses = open.get(socket);
      if (responses) responses.add(response);
      else open.set(socket, new Set([response]));
    },
    endWith(socket, status) {
      const [oldest] = open.get(socket) ?? [];
      if (!oldest || oldest.headersSent) return false;
      ended.set(oldest, status);
      return true;
    },
    remove(socket, response) {
      open.get(socket)?.delete(response);
      return ended.get(response);
    },
  };
}
