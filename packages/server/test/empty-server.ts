// What the tests of downstream servers share: a server with an empty catalog, the cookie of a server below it, and the
// wait until the server has seen what others wrote.
import { dssAuthWebService, serverSyncWebService } from '@moult/protocol/server-sync';
import { openStore } from '../../store/src/index.ts';
import { ask } from './soap-client.ts';
import { startTestServer } from './test-server.ts';

export const from = new Date('2026-10-01T00:00:00Z');
export const now = () => new Date();
export const account = { accountName: 'below.example.test', accountGuid: '6f1c2f6e-3f0b-4d3a-9b1e-0d2f6a1c5e12' };

export async function cookieOf(url: string, protocolVersion = '1.20') {
  const { result } = await ask(url, dssAuthWebService, 'GetAuthorizationCookie', { ...account, programKeys: [] });
  const authCookies = result ? [result] : [];
  return (await ask(url, serverSyncWebService, 'GetCookie', { authCookies, protocolVersion })).result;
}

export const noFilter = { get63LanguageOnly: false, categories: [], classifications: [], languages: [] };

export type EmptyServer = Awaited<ReturnType<typeof openServer>>;

export async function openServer(database?: string) {
  const server = await startTestServer({ config: { firstCatalog: 'empty', ...(database && { database }) } });
  const store = await openStore(server.database, { now });
  const stop = async () => {
    await store.close();
    await server.stop();
  };
  return { server, store, url: server.url, stop, [Symbol.asyncDispose]: stop };
}

/** The server looks for what others wrote each 100 ms. */
export function seen(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 150));
}
