// What a stranger may make grow, against a whole server: beyond its rate it is told ServerBusy or not noted, and who is
// known is served as before.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { clientWebService } from '@moult/protocol/client-web-service';
import { reporting } from '@moult/protocol/reporting';
import { simpleAuth } from '@moult/protocol/simple-auth';
import { waitUntil } from '../../../scripts/wait-until.ts';
import { openDatabase } from '../../store/src/database.ts';
import { defaultStoreBounds } from '../../store/src/declared-bounds.ts';
import { openStore } from '../../store/src/index.ts';
import { startPostgres, type TestPostgres } from '../../store/test/postgres.ts';
import { computerInfo, openSession } from './agent-session.ts';
import { call, post } from './soap-client.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** One a second and therefore 60 at once: more than a test takes seconds. */
const rate = 1;
const burst = 60;
const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`limits for strangers (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let server: TestServer | undefined;
    let address: string | undefined;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    afterEach(() => server?.stop());
    after(() => postgres?.stop());

    const start = async (config: Parameters<typeof startTestServer>[0] & object): Promise<TestServer> => {
      address = await postgres?.createDatabase();
      server = await startTestServer({ config: { ...config.config, ...(address && { database: address }) } });
      return server;
    };
    const countRows = async (table: 'computers' | 'computer_names' | 'self_update_events', dataDir: string) => {
      await using database = await openDatabase(address ?? join(dataDir, 'moult.sqlite'));
      const row = await database.tables
        .selectFrom(table)
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .executeTakeFirst();
      return Number(row?.count);
    };
    const authorize = (url: string, clientId: string, dnsName: string) =>
      call(url, simpleAuth, 'GetAuthorizationCookie', { clientId, dnsName, targetGroupName: undefined });

    it('new computers beyond the rate of an address are told ServerBusy, known ones are served', async () => {
      const { url, dataDir } = await start({ config: { newComputersPerSecond: rate } });
      const known = await openSession(url);
      const answers = [];
      for (let number = 0; number < 2 * burst; number++) answers.push(await authorize(url, idOf(number), 'new'));
      const busy = answers.filter((answer) => answer.kind === 'fault' && answer.fault.code === 'ServerBusy');
      assert.ok(busy.length >= burst / 2, `${busy.length} were told ServerBusy`);
      assert.ok(busy.every(({ status }) => status === 503));
      await known.syncToTheEnd();
      assert.equal((await authorize(url, known.computerId, 'client-1.example.test')).kind, 'answer');
      assert.equal(await countRows('computers', dataDir), 1 + answers.length - busy.length);
    });

    it('so are new names of a known computer, and one that was removed and registers again', async () => {
      const { url, dataDir } = await start({ config: { newNamesPerSecond: rate, newComputersPerSecond: rate } });
      const session = await openSession(url);
      const answers = [];
      for (let number = 0; number < 2 * burst; number++) {
        answers.push(await authorize(url, session.computerId, `name-${number}`));
      }
      const kept = answers.filter(({ kind }) => kind === 'answer').length;
      assert.ok(kept >= burst && kept < 1.5 * burst, `${kept} names`);
      assert.equal(await countRows('computer_names', dataDir), defaultStoreBounds.namesPerComputer);
      for (let number = 0; number < burst; number++) await authorize(url, idOf(number), 'new');
      await using database = await openDatabase(address ?? join(dataDir, 'moult.sqlite'));
      await database.tables.deleteFrom('computers').where('computer_id', '=', session.computerId).execute();
      await database.close();
      for (let number = 0; number < burst; number++) await authorize(url, idOf(1000 + number), 'new');
      const { cookie } = session;
      const again = await call(url, clientWebService, 'RegisterComputer', { cookie, computerInfo });
      assert.equal(again.kind === 'fault' && again.fault.code, 'ServerBusy');
    });

    it('when there are as many computers as there may be, new ones are told ServerBusy, and known ones are served', async () => {
      const { url, dataDir, logged, running } = await start({ config: { maxComputers: 3 } });
      const known = await openSession(url);
      const answers = [];
      for (let number = 0; number < 5; number++) answers.push(await authorize(url, idOf(number), 'new'));
      assert.deepEqual(
        answers.map((answer) => (answer.kind === 'fault' ? answer.fault.code : 'let in')),
        ['let in', 'let in', 'ServerBusy', 'ServerBusy', 'ServerBusy'],
      );
      await post(`${url}/wutrack.bin?V=1&U=${idOf(9).replaceAll('-', '')}&A=s&S=s&E=00000000`, '', {}, 'GET');
      await known.syncToTheEnd();
      assert.equal((await authorize(url, known.computerId, 'client-1.example.test')).kind, 'answer');
      await running.stop();
      assert.equal(await countRows('computers', dataDir), 3);
      assert.equal(logged.find(({ what }) => what === 'computer-limit')?.count, 4);
    });

    it('moves by client-side targeting are on record as far as their rate allows, and are made all the same', async () => {
      const { url, dataDir } = await start({ config: { targeting: 'client', targetingRecordsPerDay: 2 } });
      const store = await openStore(address ?? join(dataDir, 'moult.sqlite'), { now: () => new Date() });
      try {
        const { groupId } = await store.createGroup('Lab', undefined, { name: 'test', at: new Date() });
        for (let number = 0; number < 6; number++) {
          const clientId = idOf(number);
          const moved = { clientId, dnsName: 'new', targetGroupName: 'Lab' };
          assert.equal((await call(url, simpleAuth, 'GetAuthorizationCookie', moved)).kind, 'answer');
          assert.deepEqual((await store.loadTargeting(clientId))?.groupIds, [groupId]);
        }
        const records = await store.listAudit({ limit: 100 });
        assert.equal(records.filter(({ action }) => action === 'target computer').length, 2);
      } finally {
        await store.close();
      }
    });

    it('pings beyond the rate are answered as any other, and only counted', async () => {
      const running = await start({ config: { pingsPerSecond: rate } });
      for (let number = 0; number < 2 * burst; number++) {
        const path = `/wutrack.bin?V=1&U=${idOf(1).replaceAll('-', '')}&A=s&S=s&E=00000000`;
        assert.equal((await post(running.url + path, '', {}, 'GET')).status, 200);
      }
      await running.running.stop();
      const kept = await countRows('self_update_events', running.dataDir);
      assert.ok(kept >= burst && kept < 1.5 * burst, `${kept} pings`);
    });
  });
}

describe('limits beside the store', () => {
  let server: TestServer;
  after(() => server.stop());

  it('reports of an address that sent too many are refused before their bodies are read', async () => {
    server = await startTestServer({ config: { reportKibPerSecond: 1, refusalLinesPerSecond: 1 } });
    const url = server.url + reporting.paths[0];
    const report = (bytes: number) => post(url, 'x'.repeat(bytes));
    // 60 KiB at once: this is no report, but it takes the bytes of one.
    assert.equal((await report(60 * 1024)).status, 400);
    const refused = await report(10 * 1024);
    assert.equal(refused.status, 503);
    const seconds = Number(refused.headers['retry-after']);
    assert.ok(seconds >= 20 && seconds <= 60, `Retry-After: ${seconds}`);
  });

  it('refused requests leave so many lines in the log, and the rest is said in one', async () => {
    const lines = () => server.logged.filter(({ msg }) => msg === 'call refused').length;
    const before = lines();
    const url = server.url + clientWebService.paths[0];
    for (let number = 0; number < 3 * burst; number++) assert.equal((await post(url, 'x')).status, 400);
    assert.ok(lines() - before < 2 * burst, `${lines() - before} lines`);
    await server.running.stop();
    const said = server.logged.find(({ msg, what }) => msg === 'held back by a limit' && what === 'refusal-line');
    assert.ok(Number(said?.count) >= burst, `${said?.count} not said`);
    assert.equal(said?.lastAddress, '127.0.0.1');
  });

  it('the access log takes so much of an address', async () => {
    server = await startTestServer({ config: { accessLogKibPerSecond: 1 } });
    const path = `/nothing?${'x'.repeat(4000)}`;
    for (let number = 0; number < 4 * burst; number++) await post(server.url + path, '', {}, 'GET');
    await server.running.stop();
    const folder = join(server.dataDir, 'logs', 'W3SVC1');
    const sizes = existsSync(folder) ? readdirSync(folder).map((name) => statSync(join(folder, name)).size) : [];
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(total > 20_000 && total < 200_000, `${total} bytes of about ${4 * burst * 4100}`);
  });

  it('an address holds so many connections open, and others are let in beside it', async () => {
    await server.stop();
    server = await startTestServer({ config: { maxConnectionsPerAddress: 20 } });
    const { port } = new URL(server.url);
    const sockets = Array.from({ length: 30 }, () => connect({ port: Number(port), host: '127.0.0.1' }));
    const closed = new Set<Socket>();
    for (const socket of sockets) socket.on('error', () => undefined).on('close', () => closed.add(socket));
    await until(() => closed.size >= 10);
    await assert.rejects(post(`${server.url}/`, '', {}, 'GET'));
    const other = await fetchFrom('127.0.0.2', `${server.url}/nothing`);
    assert.equal(other, 404);
    assert.equal(closed.size, 10);
    for (const socket of sockets) socket.destroy();
    await until(() => closed.size === 30);
    await until(async () => (await fetchFrom('127.0.0.1', `${server.url}/nothing`).catch(() => 0)) === 404);
  });

  it('a connection has few requests that wait for their answers: one packet holds more of them than memory does', async () => {
    await server?.stop();
    server = await startTestServer();
    const { port } = new URL(server.url);
    const answersTo = (requests: number) =>
      new Promise<{ answers: number; isClosed: boolean }>((resolve) => {
        let text = '';
        const socket = connect({ port: Number(port), host: '127.0.0.1' });
        const result = () => text.split('HTTP/1.1 404').length - 1;
        socket.setEncoding('latin1').on('error', () => undefined);
        socket.on('data', (piece: string) => {
          text += piece;
          if (result() >= requests) socket.destroy();
        });
        socket.on('close', () => resolve({ answers: result(), isClosed: result() < requests }));
        socket.write('GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(requests));
      });
    assert.deepEqual(await answersTo(8), { answers: 8, isClosed: false });
    const { answers, isClosed } = await answersTo(1000);
    assert.ok(isClosed && answers <= 8, `${answers} answers`);
    assert.equal(await fetchFrom('127.0.0.2', `${server.url}/nothing`), 404);
  });

  it('a request has fewer elements than would fill the memory of a small machine', async () => {
    await server?.stop();
    server = await startTestServer();
    const url = server.url + clientWebService.paths[0];
    const bodyOf = (elements: number) =>
      `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetConfig xmlns="${clientWebService.namespace}">${'<x/>'.repeat(elements)}</GetConfig></s:Body></s:Envelope>`;
    const ask = (elements: number) => post(url, bodyOf(elements), { 'content-type': 'text/xml' });
    // What a batch of 1,000 events has is about half of this.
    assert.equal((await ask(140_000)).status, 200);
    assert.equal((await ask(160_000)).status, 400);
  });

  it('connections that say nothing, say it slowly or never finish end by themselves, and cost nobody else', async () => {
    await server.stop();
    server = await startTestServer({ config: { requestTimeoutSeconds: 2, idleTimeoutSeconds: 3 } });
    const { port } = new URL(server.url);
    const starts = [
      '',
      'POST /ClientWebService/client.asmx HTTP/1.1\r\nX: ',
      `POST ${reporting.paths[0]} HTTP/1.1\r\n`,
    ];
    const whole = 'Host: a\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n<a>';
    const sockets = Array.from({ length: 300 }, (_, number) => {
      const socket = connect({ port: Number(port), host: '127.0.0.1' });
      const start = starts[number % 3] ?? '';
      if (start !== '') socket.write(number % 3 === 2 ? start + whole : start);
      return socket;
    });
    const drip = setInterval(() => {
      for (const [number, socket] of sockets.entries()) if (number % 3 > 0 && socket.writable) socket.write('x');
    }, 200).unref();
    const open = new Set(sockets);
    for (const socket of sockets) socket.on('error', () => undefined).on('close', () => open.delete(socket));
    assert.equal(await fetchFrom('127.0.0.2', `${server.url}/nothing`), 404);
    for (const socket of sockets) socket.resume();
    await until(() => open.size === 0);
    clearInterval(drip);
  });
});

const until = (isSo: () => boolean | Promise<boolean>) => waitUntil(String(isSo), isSo);

/** The status of a GET that comes from another address of this machine. */
function fetchFrom(localAddress: string, url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { localAddress, agent: false }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.once('error', reject);
    sent.end();
  });
}
