// The real server in this process, and a proxy before it that keeps a journal of what agents say and can answer in its place.

import { readFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { loadConfig } from '@moult/administration/config';
import { type FaultCode, writeFault } from '@moult/protocol/soap';
import { openLog, startServer } from '@moult/server';

export interface Answer {
  status: number;
  type: string;
  body: string | Uint8Array;
  headers?: Readonly<Record<string, string>>;
}

export interface WsusLab extends AsyncDisposable {
  /** Address of the proxy: what agents are pointed at. */
  url: string;
  operatorCertificate: Uint8Array;
  /** Operations and paths in order: `SyncUpdates`, `GET /selfupdate/wuident.cab`. */
  journal: string[];
  /** Answers in place of the server while it is set; undefined lets the request through. */
  intercept: ((what: string, body: string) => Answer | undefined | Promise<Answer>) | undefined;
  /** Alters what the server answered to an operation, while it is set. */
  alter: ((what: string, body: string) => string) | undefined;
  /** The server's data directory. */
  dataDir: string;
  close(): Promise<void>;
}

export async function openWsusLab(
  folder: string,
  agentReleaseDir: string,
  more: { agentBrand?: string } = {},
): Promise<WsusLab> {
  const dataDir = join(folder, 'server');
  const { config } = loadConfig({
    flags: {
      ...{ dataDir, host: '127.0.0.1', port: 0, selfUpdatePort: 'off', agentReleaseDir, stopSeconds: 1 },
      ...{ firstCatalog: 'samples', newAgentReleases: 'at-once', ...more },
    },
    environment: {},
  });
  const { log, close } = openLog({ dataDir, level: 'error', toStdout: false });
  const parts = { now: () => new Date(), log, announce: () => undefined, approveSamples: true };
  const server = await startServer(config, parts);
  const target = new URL(server.urls.main);
  const lab: WsusLab = {
    url: '',
    operatorCertificate: readFileSync(join(dataDir, 'keys', 'operator-ca.cer.pem')),
    journal: [],
    intercept: undefined,
    alter: undefined,
    dataDir,
    async close() {
      proxy.close();
      proxy.closeAllConnections();
      await server.stop();
      close();
    },
    async [Symbol.asyncDispose]() {
      await this.close();
    },
  };
  const proxy = createServer(async (request, response) => {
    const body = await readBody(request);
    const what = nameOf(request);
    lab.journal.push(what);
    const answer = await lab.intercept?.(what, body.toString('utf8'));
    if (answer) {
      response.writeHead(answer.status, {
        'Content-Type': answer.type,
        'Content-Length': Buffer.byteLength(answer.body),
        ...answer.headers,
      });
      response.end(answer.body);
    } else if (lab.alter && !what.includes(' ')) forwardAltered(lab.alter, what, request, body, response, target);
    else forward(request, body, response, target, new URL(lab.url).host);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  lab.url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return lab;
}

/** A fault as the web services write it. */
export function fault(code: FaultCode): Answer {
  const body = writeFault(
    { code, message: '', id: '5a2d7f3c-0000-4000-8000-000000000000', method: '', actor: '' },
    's',
  );
  return { status: 500, type: 'text/xml; charset=utf-8', body };
}

/** Answers the first call of an operation with a fault, and lets all others through. */
export function once(operation: string, answer: Answer): NonNullable<WsusLab['intercept']> {
  let done = false;
  return (what) => {
    if (done || what !== operation) return undefined;
    done = true;
    return answer;
  };
}

function nameOf({ method, url = '', headers }: IncomingMessage): string {
  const action = /\/(\w+)"$/.exec(String(headers.soapaction ?? ''))?.[1];
  return action ?? `${method} ${url.split('?')[0]}`;
}

function forward(request: IncomingMessage, body: Buffer, response: ServerResponse, target: URL, host: string): void {
  const { method, url, headers } = request;
  const onward = httpRequest(
    { host: target.hostname, port: target.port, method, path: url, headers: { ...headers, host }, agent: false },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  onward.on('error', () => response.destroy());
  onward.end(body);
}

/** As forward, with the answer altered on its way. The server is asked for plain text. */
function forwardAltered(
  alter: (what: string, body: string) => string,
  what: string,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
  target: URL,
): void {
  const { 'accept-encoding': _, ...rest } = headers;
  const onward = httpRequest(
    { host: target.hostname, port: target.port, method, path: url, headers: rest, agent: false },
    async (answer) => {
      const altered = alter(what, (await readBody(answer)).toString('utf8'));
      const { 'content-length': __, 'transfer-encoding': ___, ...kept } = answer.headers;
      response.writeHead(answer.statusCode ?? 502, { ...kept, 'Content-Length': Buffer.byteLength(altered) });
      response.end(altered);
    },
  );
  onward.on('error', () => response.destroy());
  onward.end(body);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
