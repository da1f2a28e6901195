import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { after, before, test } from 'node:test';
import { checkPort80, createSelfUpdateHealth } from './index.ts';
import { type RunningSite, startSite } from './test/running-site.ts';

let running: RunningSite;
before(async () => {
  running = await startSite();
});
after(() => running.stop());

async function foreignServer(status: number, type: string, body: string) {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': type, server: 'nginx/1.22.1' }).end(body);
  }).listen(0, '127.0.0.1');
  after(() => void server.close());
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.closeAllConnections() ?? server.close() };
}

test('each port is asked for the files that clients ask for first', async () => {
  const portal = await foreignServer(200, 'text/html', '<html>log on</html>');
  let changes = 0;
  const listening = { kind: 'listening' } as const;
  const health = createSelfUpdateHealth({
    ports: () => [
      { port: running.port, site: 'main', host: '127.0.0.1', listening },
      { port: portal.port, site: 'self-update', host: '127.0.0.1', listening },
      { port: 80, site: 'self-update', host: '127.0.0.1', listening: { kind: 'off' } },
    ],
    releases: () => [],
    now: () => new Date(),
    changed: () => changes++,
  });
  await health.check();
  const [main, other, none] = health.facts().ports;
  assert.deepEqual(
    main?.files.map(({ path, fine }) => [path, fine]),
    [
      ['/selfupdate/wuident.cab', true],
      ['/iuident.cab', true],
    ],
  );
  assert.match(main?.files[0]?.answer ?? '', /^200, a cabinet of [\d,]+ bytes$/);
  assert.deepEqual(other?.files.map(({ answer, fine }) => [answer, fine])[0], [
    '200, but a web page in place of the cabinet',
    false,
  ]);
  assert.deepEqual([none?.checkedAt, none?.files], [undefined, []]);
  assert.equal(changes, 1);
  await health.check();
  assert.equal(changes, 1);
  portal.close();
  await health.check();
  assert.match(health.facts().ports[1]?.files[0]?.answer ?? '', /^no answer \(/);
  assert.equal(changes, 2);
  health.close();
});

async function filesOfTakenPort(port: number) {
  const health = createSelfUpdateHealth({
    ports: () => [
      { port: running.port, site: 'main', host: '127.0.0.1', listening: { kind: 'listening' } },
      { port, site: 'self-update', host: '127.0.0.1', listening: { kind: 'not-listening', reason: 'EADDRINUSE' } },
    ],
    releases: () => [],
    now: () => new Date(),
    changed: () => undefined,
  });
  await health.check();
  health.close();
  return health.facts().ports[1]?.files ?? [];
}

test('a port that another program has is fine when that program passes our files on', async () => {
  const proxy = createServer((request, response) => {
    get({ port: running.port, path: request.url }, (answer) => answer.pipe(response));
  }).listen(0, '127.0.0.1');
  after(() => void proxy.close());
  await once(proxy, 'listening');
  const files = await filesOfTakenPort((proxy.address() as AddressInfo).port);
  proxy.closeAllConnections();
  proxy.close();
  assert.deepEqual(
    files.map(({ fine }) => fine),
    [true, true],
  );
});

test('a port with the cabinets of another server is not ours', async () => {
  const other = await startSite();
  const files = await filesOfTakenPort(other.port);
  await other.stop();
  assert.deepEqual(
    files.map(({ fine }) => fine),
    [false, false],
  );
  assert.match(files[0]?.answer ?? '', /but of another server$/);
});

test('the port check tells a good port from another server, a mute one and none', async () => {
  const good = await checkPort80({ port: running.port });
  assert.deepEqual(good.remedies, []);
  assert.deepEqual(
    good.files.map(({ path, fine }) => [path, fine]),
    ['/selfupdate/wuident.cab', '/iuident.cab', '/wutrack.bin'].map((path) => [path, true]),
  );
  const other = await foreignServer(404, 'text/plain', 'no');
  const found = await checkPort80({ port: other.port });
  assert.equal(found.fine, false);
  assert.match(found.finding, /nginx\/1\.22\.1.*answers 404/);
  other.close();
  assert.match((await checkPort80({ port: other.port })).finding, /Nothing answers on port \d+ of this machine/);
  await using mute = createNetServer((socket) => socket.end()).listen(0, '0.0.0.0');
  await once(mute, 'listening');
  const { port } = mute.address() as AddressInfo;
  assert.match((await checkPort80({ port })).finding, /another program has the port/);
  mute.close();
});
