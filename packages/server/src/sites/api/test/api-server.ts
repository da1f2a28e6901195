// The API over a store in memory, on a port of its own, with an account and a token for each role.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addAccount, addToken, roles } from '@moult/administration/accounts';
import type { ServerConfig } from '@moult/administration/config';
import type { Role } from '@moult/store';
import { type LiveCatalog, openLiveCatalog } from '@moult/store/catalog';
import { ServerError } from '@moult/store/errors';
import { addComputer, author, createAdministration } from '../../../../../administration/src/test/administration.ts';
import type { HomeDocument } from '../../../home-document.ts';
import { toExchange } from '../../../http/exchange.ts';
import { createKnownHosts } from '../../../http/known-hosts.ts';
import { readInstallLines } from '../../agent-bundles/index.ts';
import { clearImportedTree, listTree, offerRelease, openReleaseDoor, verifyTree } from '../../self-update/index.ts';
import { createApiSite } from '../index.ts';

export const computerId = 'e1da06a3-5601-43c9-bac3-52d5db701494';
export const password = 'correct horse battery';

export interface Asked {
  method?: string;
  token?: string | undefined;
  headers?: Record<string, string | string[]>;
  body?: unknown;
}

export interface Answered {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  json: { code?: string; detail?: string; instance?: string; items?: Record<string, unknown>[] } & Record<
    string,
    unknown
  >;
}

/** Open until the end of the test. */
export async function startApi(settings: Partial<ServerConfig> = {}) {
  const administration = await createAdministration(['Tool', 'Other tool', 'category: Products']);
  const { config } = administration.server;
  const dataDir = mkdtempSync(join(tmpdir(), 'moult-api-'));
  const places = { dataDir, database: join(dataDir, 'moult.sqlite'), contentDir: join(dataDir, 'content') };
  const cheap = { ...config, dataDir, passwordMemoryKib: 1024, passwordPasses: 1, ...settings };
  const server = { ...administration.server, ...places, config: cheap };
  const clock = { at: author.at, isAway: false };
  const failures: unknown[] = [];
  const store = new Proxy(administration.store, {
    get(target, name) {
      const found: unknown = Reflect.get(target, name);
      if (!clock.isAway || typeof found !== 'function' || name === 'now') return found;
      return async () => {
        throw new ServerError('SERVER_DATABASE_AWAY', 'The database does not answer.');
      };
    },
  });
  const own = { ...administration, store, server };
  const tokens = {} as Record<Role, string>;
  // Old enough to confirm changes of others.
  const before = { ...own, author: { ...author, at: new Date(author.at.getTime() - 2 * 86_400_000) } };
  for (const role of roles) {
    await addAccount(before, { name: role, role, password });
    tokens[role] = (await addToken(before, { name: `of ${role}`, account: role, days: 30 })).secret;
  }
  await addComputer(own, computerId, 'pc7.example.test');
  const hosts = createKnownHosts({ host: undefined, allowed: 'known.example', machine: [], certificate: [] });
  const words = { cause: `${dataDir}/keys cannot be read.`, remedy: `Look at ${places.contentDir}.` };
  const notices = [{ headline: 'The keys cannot be read.', ...words }];
  let opened: Promise<LiveCatalog> | undefined;
  const site = createApiSite({
    ...{ store, server, listeners: ['main'], hosts },
    now: () => clock.at,
    home: async () =>
      ({ generatedAt: author.at.toISOString(), computers: { total: 1 }, notices }) as unknown as HomeDocument,
    running: () => ({ server: { state: 'running', url: 'http://x', pid: 1, startedAt: '' }, notices }),
    async catalog() {
      opened ??= openLiveCatalog(administration.store, { unapproved: 'report' });
      await (await opened).refresh();
      return opened;
    },
    tree: { clearImportedTree, listTree, offerRelease, openReleaseDoor, readInstallLines, verifyTree },
    log: { info() {}, warn() {}, error() {} },
    failed: (error) => failures.push(error),
  });
  const listener = createServer((message, response) => {
    const exchange = toExchange(message, response, 'main', clock.at);
    if (exchange && site.matches(exchange)) void site.serve(exchange);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;

  const ask = (path: string, asked: Asked = {}) => askFrom(undefined, path, asked);

  /** `localAddress`: the loopback address that the call comes from. */
  function askFrom(
    localAddress: string | undefined,
    path: string,
    { method = 'GET', token, headers = {}, body }: Asked,
  ): Promise<Answered> {
    const sent = body === undefined || typeof body === 'string' ? (body as string | undefined) : JSON.stringify(body);
    const all = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(sent !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) }),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path, method, headers: all, agent: false, localAddress };
      const asked = request(options, async (response) => {
        const pieces: Buffer[] = [];
        const isStream = /event-stream/.test(response.headers['content-type'] ?? '');
        for await (const piece of response as AsyncIterable<Buffer>) {
          pieces.push(piece);
          // Of a stream the first message.
          if (isStream && String(piece).includes('data:')) break;
        }
        const text = Buffer.concat(pieces).toString();
        const isJson = /json/.test(response.headers['content-type'] ?? '');
        const { statusCode: status = 0 } = response;
        resolve({ status, headers: response.headers, text, json: isJson && text !== '' ? JSON.parse(text) : {} });
      });
      asked.on('error', reject);
      asked.end(sent);
    });
  }

  return {
    ...{ administration: own, tokens, clock, failures, port, ask, askFrom },
    async [Symbol.asyncDispose]() {
      site.endStreams();
      await site.close();
      listener.close();
      await administration[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export type TestApi = Awaited<ReturnType<typeof startApi>>;
