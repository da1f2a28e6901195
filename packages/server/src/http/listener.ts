// One port: opened, bounded, and stopped without cutting off answers that are being sent.

import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { AddressInfo, DropArgument, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { acmeBounds, httpBounds } from '../bounds.ts';
import { openAlpnDoor, type ShownCertificates } from '../tls/acme/alpn-door.ts';
import type { TlsOptions } from '../tls/certificate-source.ts';
import type { Refusal } from './access-log/index.ts';
import { limitConnectionsPerAddress } from './connection-count.ts';

interface ListenerLimits {
  maxConnections: number;
  /** Of one address (IPv6: one /64). Default: as many as there are. */
  maxConnectionsPerAddress?: number;
  requestTimeoutMs: number;
  idleTimeoutMs: number;
  /** Addresses where each connection is another client's: they have no bound of their own. */
  isShared?: (address: string | undefined) => boolean;
}

export interface Listener {
  readonly port: number;
  /** No new requests. Those in flight may finish for `graceMs`, then their connections are cut. */
  stop(graceMs: number): Promise<void>;
  /** HTTPS: new connections get this certificate. Those that are open go on. */
  setTls(options: TlsOptions): void;
}

interface ListenerOptions {
  host: string | undefined;
  port: number;
  limits: ListenerLimits;
  tls?: TlsOptions | undefined;
  /** Proofs for an ACME authority, over HTTPS. */
  proofs?: ShownCertificates | undefined;
  /** Told the beginning of what is too large or too strange to become a request. True answers it with an empty 200. */
  onUnreadable?: ((beginning: string) => boolean) | undefined;
  /** Told of connections that could not be taken. */
  onTrouble?: ((error: Error) => void) | undefined;
  /** Told of everything that is refused here and no handler sees. */
  onRefused?: ((refusal: Refusal) => void) | undefined;
}

interface ClientError extends Error {
  code?: string;
  rawPacket?: Buffer;
}

/** Binds the port. Rejects with the system's error (EADDRINUSE, EACCES …) when it cannot be had. */
export async function listen(handle: RequestListener, options: ListenerOptions): Promise<Listener> {
  const server = create(handle, options);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: options.port, ...(options.host !== undefined && { host: options.host }) }, () => {
      server.off('error', reject);
      // A connection that the system could not hand over: without a listener, this ends the process.
      server.on('error', (error) => options.onTrouble?.(error));
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: (graceMs) => stop(server, graceMs),
    setTls(tls) {
      if ('setSecureContext' in server) (server as TlsServer).setSecureContext(tls);
    },
  };
}

function create(handle: RequestListener, { limits, tls, proofs, onUnreadable, onRefused }: ListenerOptions): Server {
  const options: ServerOptions = {
    // A client that sends slowly holds one socket for so long and no longer.
    headersTimeout: Math.min(limits.requestTimeoutMs, httpBounds.headTimeoutMs),
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    connectionsCheckingInterval: Math.min(limits.requestTimeoutMs, 5_000),
    maxHeaderSize: httpBounds.maxHeadBytes,
    // Old agents repeat headers and leave out what HTTP/1.1 asks for (Host in 1.0 requests).
    requireHostHeader: false,
    noDelay: true,
  };
  const server = tls ? createTlsServer({ ...options, ...tls }, handle) : createServer(options, handle);
  if (proofs && server instanceof TlsServer) openAlpnDoor(server, proofs, acmeBounds.proofMs);
  server.maxConnections = limits.maxConnections;
  const { maxConnectionsPerAddress: most } = limits;
  const refused = (socket: Refusal['socket'] = {}) =>
    onRefused?.({ socket, status: 503, win32: connectionRefused, beginning: '' });
  if (most !== undefined) limitConnectionsPerAddress(server, { most, refused, isShared: limits.isShared });
  server.on('drop', (dropped?: DropArgument) => refused(dropped));
  shortenIdleWhenCrowded(server, limits);
  server.maxRequestsPerSocket = 0;
  // One that takes nothing of its answer: the socket is idle although a response is open.
  server.setTimeout(limits.idleTimeoutMs);
  answerUnreadable(server, { onUnreadable, onRefused });
  return server;
}

/** ERROR_CONNECTION_REFUSED. */
const connectionRefused = 1225;

/** Requests that node answers by itself, or not at all, without a word to the handler. */
function answerUnreadable(
  server: Server,
  { onUnreadable, onRefused }: Pick<ListenerOptions, 'onUnreadable' | 'onRefused'>,
): void {
  const answered = new WeakSet<Duplex>();
  const note = (socket: Duplex, status: string, beginning: string) =>
    onRefused?.({ socket: socket as Socket, status: Number(status.slice(0, 3)), win32: 0, beginning });
  server.on('clientError', (error: ClientError, socket) => {
    // The rest of what was answered already: read over.
    if (answered.has(socket) && !socket.destroyed) return;
    answered.add(socket);
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const beginning = error.rawPacket?.toString('latin1', 0, 4200) ?? '';
    const isPing = error.rawPacket !== undefined && onUnreadable?.(beginning.slice(0, 200)) === true;
    const status = isPing ? '200 OK' : statusFor(error);
    note(socket, status, beginning);
    answer(socket, status);
  });
  server.on('connect', (request, socket) => {
    note(socket, '405', `${request.method} ${request.url}`);
    answer(socket, '405 Method Not Allowed');
  });
  server.on('checkExpectation', (request, response) => {
    note(request.socket, '417', `${request.method} ${request.url}`);
    response.writeHead(417, { Connection: 'close', 'Content-Length': 0 }).end();
  });
}

/** While most connections are taken, one without a request is closed sooner: others need it. */
function shortenIdleWhenCrowded(server: Server, { maxConnections, idleTimeoutMs }: ListenerLimits): void {
  let open = 0;
  const adapt = (change: number) => {
    open += change;
    server.keepAliveTimeout =
      open > maxConnections * crowdedShare ? Math.min(httpBounds.crowdedIdleMs, idleTimeoutMs) : idleTimeoutMs;
  };
  server.on('connection', (socket: Duplex) => {
    adapt(1);
    socket.once('close', () => adapt(-1));
  });
}

const crowdedShare = 0.5;

function statusFor({ code }: ClientError): string {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout';
  return code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
}

// A client that is still sending loses the answer to a connection that is reset: for a moment, what it sends is
// taken and thrown away.
const lingerMs = 2_000;

function answer(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  const cut = setTimeout(() => socket.destroy(), lingerMs).unref();
  socket.once('close', () => clearTimeout(cut));
}

async function stop(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  // Connections that become idle after their last answer are otherwise waited for until they time out.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  await closed;
  clearTimeout(cut);
  clearInterval(sweep);
}
