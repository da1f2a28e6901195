// LastChange as typed clients keep it: read into a time of whole seconds, and given back so.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { clientWebService } from '@moult/protocol/client-web-service';
import { simpleAuth } from '@moult/protocol/simple-auth';
import { openStore } from '../../store/src/index.ts';
import { startPostgres, type TestPostgres } from '../../store/test/postgres.ts';
import { ask, call } from './soap-client.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const told = new Date('2026-03-04T05:06:07.891Z');

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`LastChange (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let database: string;
    let server: TestServer;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
      database = (await postgres?.createDatabase()) ?? ':memory:';
      server = await startTestServer({ config: postgres ? { database } : {} });
    });
    after(async () => {
      await server.stop();
      await postgres?.stop();
    });

    async function getCookie(lastChange: Date) {
      const names = { clientId: 'c5a2b3c4-0000-4000-8000-00000000000d', dnsName: 'typed.example.test' };
      const { result: authorization } = await ask(server.url, simpleAuth, 'GetAuthorizationCookie', names);
      assert.ok(authorization);
      const request = { authCookies: [authorization], lastChange, currentTime: new Date(), protocolVersion: '1.8' };
      return call(server.url, clientWebService, 'GetCookie', request);
    }

    it('is told in whole seconds, and one that lost its milliseconds or kept old ones is taken', async () => {
      const { result } = await ask(server.url, clientWebService, 'GetConfig', { protocolVersion: '1.8' });
      const lastChange = result?.lastChange ?? new Date(Number.NaN);
      assert.equal(lastChange.getMilliseconds(), 0);
      for (const kept of [0, 1, 999]) {
        const { status } = await getCookie(new Date(lastChange.getTime() + kept));
        assert.equal(status, 200, `${kept} ms`);
      }
      for (const other of [-1, 1000]) {
        const { status, text } = await getCookie(new Date(lastChange.getTime() + other));
        assert.deepEqual([status, /ConfigChanged/.test(text)], [500, true], `${other} ms`);
      }
    });

    it('of an older server, with milliseconds in its database, is cut; a change is always a later second', async () => {
      await using store = await openStore(postgres ? await postgres.createDatabase() : ':memory:', { now: () => told });
      const first = await store.loadServerIdentity('a', told);
      assert.equal(first.lastChange.getMilliseconds(), 0);
      await store.saveSetting('last-change', new Date(first.lastChange.getTime() + 891).toISOString());
      assert.deepEqual((await store.loadServerIdentity('a', told)).lastChange, first.lastChange);
      assert.deepEqual((await store.reloadServerIdentity()).lastChange, first.lastChange);
      const changes = [];
      for (const text of ['b', 'c', 'd']) changes.push((await store.loadServerIdentity(text, told)).lastChange);
      assert.equal(new Set(changes.map(Number)).size, 3);
      assert.ok(Number(changes[0]) > Number(first.lastChange));
    });
  });
}
