// The simulated server on a real port, faults of delivery included.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SimulatedAnswer, SusServer } from './sus-server.ts';

export interface Listening {
  /** http://127.0.0.1:port */
  url: string;
  close(): Promise<void>;
}

const slowPieces = 10;

/** Serves `server` on 127.0.0.1; port 0 takes a free one. */
export function listen(server: SusServer, port = 0): Promise<Listening> {
  const http = createServer(async (request, response) => {
    const answer = await server.handle({
      method: request.method ?? 'GET',
      url: request.url ?? '/',
      headers: request.headers,
    });
    deliver(answer, request.method === 'HEAD', response);
  });
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, '127.0.0.1', () => {
      const { port: taken } = http.address() as AddressInfo;
      resolve({
        url: `http://127.0.0.1:${taken}`,
        close: () =>
          new Promise((done) => {
            http.close(() => done());
            http.closeAllConnections();
          }),
      });
    });
  });
}

function deliver(
  { status, headers, body, delivery }: SimulatedAnswer,
  isHead: boolean,
  response: ServerResponse,
): void {
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
