// A forward proxy on a real port: absolute addresses for http, CONNECT for https. Every name leads to one server of the test, so that
// no name needs to resolve here.
import { createServer, type IncomingMessage, type Server, type ServerResponse, request as send } from 'node:http';
import { type AddressInfo, connect, type Server as NetServer, type Socket } from 'node:net';

export interface TestProxy extends AsyncDisposable {
  url: string;
  port: number;
  /** `GET http://host/path` and `CONNECT host:443`, as they came. */
  seen: string[];
  /** The header that they came with, if any. */
  credentials: (string | undefined)[];
  /** Answers in place of the proxy; true when it did. */
  intercept: ((request: IncomingMessage, to: ServerResponse | Socket) => boolean) | undefined;
  close(): Promise<void>;
}

/** `target`: the port of 127.0.0.1 that every name leads to. `password`: asked for as Basic, for the user `proxy`. */
export async function openProxy(target: () => number, password?: string): Promise<TestProxy> {
  const isAllowed = ({ headers }: IncomingMessage) =>
    password === undefined ||
    headers['proxy-authorization'] === `Basic ${Buffer.from(`proxy:${password}`).toString('base64')}`;
  const note = (request: IncomingMessage) => {
    proxy.seen.push(`${request.method} ${request.url}`);
    proxy.credentials.push(request.headers['proxy-authorization']);
  };
  const server = createServer((request, response) => {
    note(request);
    if (proxy.intercept?.(request, response)) return;
    if (!isAllowed(request)) return void response.writeHead(407, { 'Proxy-Authenticate': 'Basic' }).end();
    const { pathname, search } = new URL(request.url ?? '');
    const { 'proxy-authorization': _, ...headers } = request.headers;
    const onward = send(
      { port: target(), host: '127.0.0.1', path: `${pathname}${search}`, method: request.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.writeHead(502).end());
    request.pipe(onward);
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    note(request);
    client.on('error', () => undefined);
    if (proxy.intercept?.(request, client)) return;
    if (!isAllowed(request)) return void client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const onward = connect(target(), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(client).pipe(onward);
    });
    onward.on('error', () => client.destroy());
  });
  const port = await listenOn(server);
  const close = () => {
    for (const socket of sockets) socket.destroy();
    return closeServer(server);
  };
  const proxy: TestProxy = {
    url: `http://127.0.0.1:${port}`,
    port,
    seen: [],
    credentials: [],
    intercept: undefined,
    close,
    [Symbol.asyncDispose]: close,
  };
  return proxy;
}

export async function listenOn(server: NetServer): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

export async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => void server.close(() => resolve()));
}
