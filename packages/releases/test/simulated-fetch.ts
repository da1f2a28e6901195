// A Fetch that asks a simulator without a network, and a listening server over one.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Fetch } from '../src/client/index.ts';
import { ReleaseError } from '../src/errors.ts';
import type { RepositorySimulator } from './repository-simulator.ts';

/** Answers for every address of the form `http://…/metadata/…` and `…/targets/…`. */
export function simulatedFetch(repository: RepositorySimulator): Fetch {
  return async ({ url, maxBytes, receive }) => {
    const bytes = repository.answer(new URL(url).pathname.slice(1));
    if (!bytes) throw new ReleaseError('RELEASE_FETCH_STATUS', `${url} answered 404.`, { status: 404 });
    if (bytes.length > maxBytes) throw new ReleaseError('RELEASE_FETCH_TOO_LARGE', `${url} is too large.`);
    receive(bytes, { offset: 0 });
    return { offset: 0 };
  };
}

export interface Listening extends AsyncDisposable {
  url: string;
  server: Server;
  close(): Promise<void>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse, path: string) => void;

/** A server on a free port of 127.0.0.1. `handle` may answer in its own way. */
export async function listen(handle: Handler): Promise<Listening> {
  const server = createServer((request, response) => handle(request, response, (request.url ?? '').slice(1)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { url: `http://127.0.0.1:${port}`, server, close, [Symbol.asyncDispose]: close };
}

/** A server that answers as the simulator does, Range included. */
export function serve(repository: () => RepositorySimulator): Promise<Listening> {
  return listen((request, response, path) => answerFrom(repository(), request, response, path));
}

export function answerFrom(
  repository: RepositorySimulator,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): void {
  const bytes = repository.answer(path);
  const offset = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (!bytes) response.writeHead(404).end('not here');
  else if (offset === 0) response.writeHead(200, { 'Content-Length': bytes.length }).end(bytes);
  else if (offset >= bytes.length) response.writeHead(416).end();
  else {
    response.writeHead(206, { 'Content-Range': `bytes ${offset}-${bytes.length - 1}/${bytes.length}` });
    response.end(bytes.subarray(offset));
  }
}
