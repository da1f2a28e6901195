// The front: every request passes here once, finds its site, and leaves one line in the access log.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type AccessLog, outcomeOf } from '../access-log/index.ts';
import type { Logger } from '../log.ts';
import { toExchange } from './exchange.ts';
import type { Exchange, ListenerName, Site } from './site.ts';

export interface FrontParts {
  listener: ListenerName;
  /** Tried in order; the first that matches serves. */
  sites: readonly Site[];
  accessLog: AccessLog;
  log: Logger;
  now: () => Date;
}

export function createFront({ listener, sites, accessLog, log, now }: FrontParts): RequestListener {
  const here = sites.filter((site) => site.listeners.includes(listener));
  return (request, response) => {
    const started = performance.now();
    const exchange = toExchange(request, response, listener, now());
    noteWhenDone(request, response, accessLog, started);
    if (!exchange) return answerPlainly(response, 400, 'Bad request');
    const site = here.find((candidate) => candidate.matches(exchange));
    if (!site) return answerPlainly(response, 404, 'Not found');
    serve(site, exchange, log);
  };
}

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
    log.error({ err: error, site: site.name, path: exchange.path }, 'request failed');
    answerPlainly(exchange.response, 500, 'Internal server error');
  };
  try {
    site.serve(exchange)?.catch(failed);
  } catch (error) {
    failed(error);
  }
}

function noteWhenDone(request: IncomingMessage, response: ServerResponse, accessLog: AccessLog, started: number): void {
  accessLog.meet(request.socket);
  const target = request.url ?? '';
  const question = target.indexOf('?');
  const query = question < 0 ? '' : target.slice(question + 1);
  response.once('close', () => {
    const length = Number(response.getHeader('content-length') ?? 0);
    accessLog.record(
      { request, query },
      {
        status: response.statusCode,
        ...outcomeOf(response),
        bytes: Number.isFinite(length) ? length : 0,
        timeTakenMs: performance.now() - started,
      },
    );
  });
}
