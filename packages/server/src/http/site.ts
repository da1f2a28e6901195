// The form of a request that the front hands to a site: one HTTP exchange whose path was decoded once, and the promise
// that each site makes.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PassedOn } from './forwarded.ts';

export type ListenerName = 'main' | 'self-update' | 'tls' | 'admin';

export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** Percent-decoded once, repeated slashes collapsed, letter case kept. */
  path: string;
  /** `path` in lower case: what sites match on, because IIS does not tell case apart. */
  route: string;
  /** Raw text after the first `?`, without it. '' for none. */
  query: string;
  listener: ListenerName;
  /** The port that the request came in on. */
  localPort: number;
  /** The word of trusted proxies about the client. Undefined for one that came by itself. */
  passedOn?: PassedOn | undefined;
  /** `https://name[:port]` of this server for clients, where a setting or a trusted proxy says so. */
  origin?: string | undefined;
  receivedAt: Date;
}

export interface Site {
  readonly name: string;
  readonly listeners: readonly ListenerName[];
  matches(exchange: Exchange): boolean;
  /** Answers the exchange completely. An error in it becomes a 500 of the front and one log line. */
  serve(exchange: Exchange): void | Promise<void>;
}
