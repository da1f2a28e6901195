// The simulated server on a real port, faults of delivery included.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SimulatedAnswer, SimulatedRequest } from './sus-server.ts';

export interface Listening {
  /** http://127.0.0.1:port, https with `tls` */
  url: string;
  close(): Promise<void>;
}

const slowPieces = 10;

interface Answering {
  handle(request: SimulatedRequest): Promise<SimulatedAnswer>;
}

/** Serves `server` on 127.0.0.1. Port 0 takes a free one. `tls`: certificate chain and key, both PEM. */
export function listen(server: Answering, port = 0, tls?: { cert: string; key: string }): Promise<Listening> {
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url = '/', headers } = request;
    const body = await bodyOf(request);
    if (body === undefined) return void response.destroy();
    deliver(await server.handle({ method, url, headers, body }), method === 'HEAD', response);
  };
  const http = tls ? createTlsServer({ ...tls, minVersion: 'TLSv1.2' }, answer) : createServer(answer);
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, '127.0.0.1', () => {
      const { port: taken } = http.address() as AddressInfo;
      resolve({
        url: `${tls ? 'https' : 'http'}://127.0.0.1:${taken}`,
        close: () =>
          new Promise((done) => {
            http.close(() => done());
            http.closeAllConnections();
          }),
      });
    });
  });
}

const roomForBodyBytes = 1024 * 1024;

/** Undefined for one that breaks off, or is larger than anybody's request. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of request) {
      bytes += piece.length;
      if (bytes > roomForBodyBytes) return undefined;
      pieces.push(piece);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(pieces).toString();
}

function deliver(
  { status, headers, body, delivery }: SimulatedAnswer,
  isHead: boolean,
  response: ServerResponse,
): void {
  if (delivery.kind === 'never') return;
  if (delivery.kind === 'cut' && delivery.afterBytes === 0) return void response.destroy();
  response.writeHead(status, { ...headers, 'Content-Length': body.length });
  if (isHead) return void response.end();
  if (delivery.kind === 'whole') return void response.end(body);
  if (delivery.kind === 'cut') {
    response.write(body.subarray(0, delivery.afterBytes), () => response.destroy());
    return;
  }
  drip(response, body, delivery.bytesPerSecond);
}

function drip(response: ServerResponse, body: Uint8Array, bytesPerSecond: number): void {
  const pieceBytes = Math.max(1, Math.floor(bytesPerSecond / slowPieces));
  let sent = 0;
  const timer = setInterval(() => {
    response.write(body.subarray(sent, sent + pieceBytes));
    sent += pieceBytes;
    if (sent >= body.length) {
      clearInterval(timer);
      response.end();
    }
  }, 1000 / slowPieces);
  response.once('close', () => clearInterval(timer));
}
