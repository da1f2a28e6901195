// Whatever is refused leaves one line in the access log: also what is too large, too late or too strange to become a
// request. Of a burst the first lines stay, and a remark says how many more there were.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import pino from 'pino';
import { createAccessLog } from '../src/http/access-log/index.ts';
import { createFront } from '../src/http/front.ts';
import { listen } from '../src/http/listener.ts';
import { post } from './soap-client.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const timeouts = { requestTimeoutMs: 60_000, idleTimeoutMs: 60_000 };
const soap = '/ClientWebService/client.asmx';
const open: Socket[] = [];

/** Sends bytes and answers what came back until the connection was closed, or for `waitMs`. */
async function raw(url: string, bytes: string, waitMs = 8000): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  open.push(socket);
  let received = '';
  socket.on('data', (piece) => {
    received += piece.toString('latin1');
  });
  socket.on('error', () => undefined);
  socket.write(bytes, 'latin1');
  await Promise.race([once(socket, 'close'), new Promise((resolve) => setTimeout(resolve, waitMs).unref())]);
  socket.destroy();
  return received;
}

/** `method stem status` of every line, in order; and what is no line. */
function logged(folder: string): { lines: string[]; remarks: string[] } {
  const text = readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('');
  const all = text.split('\r\n').filter((line) => line !== '');
  const lines = all.filter((line) => !line.startsWith('#'));
  for (const line of lines) assert.equal(line.split(' ').length, 15, line);
  return {
    lines: lines.map((line) => line.split(' ')).map((fields) => `${fields[3]} ${fields[4]} ${fields[11]}`),
    remarks: all.filter((line) => line.startsWith('#Remark')),
  };
}

describe('a refused request', () => {
  let server: TestServer;
  before(async () => {
    const config = { requestTimeoutSeconds: 2, maxRequestMib: 1, firstCatalog: 'empty' } as const;
    server = await startTestServer({ config });
  });
  after(async () => {
    for (const socket of open) socket.destroy();
    await server.stop();
  });

  it('has one line with its status, whatever was wrong with it', { timeout: 60_000 }, async () => {
    const { url } = server;
    const isAnswered = async (bytes: string, status: number) =>
      assert.match(await raw(url, bytes), new RegExp(`^HTTP/1\\.1 ${status} `));
    const headers = 'Host: a\r\nConnection: close\r\n';
    assert.equal((await post(url + soap, 'x'.repeat(2_000_000))).status, 413);
    assert.equal((await post(url + soap, 'x', { 'content-type': 'text/plain' })).status, 415);
    assert.equal((await post(url + soap, 'no xml')).status, 400);
    await isAnswered('nonsense\r\n\r\n', 400);
    await isAnswered(`GET /not%0afound?a%20b HTTP/9.9\r\n\r\n`, 400);
    await isAnswered(`GET /large HTTP/1.1\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 431);
    await isAnswered(`CONNECT elsewhere:443 HTTP/1.1\r\nHost: a\r\n\r\n`, 405);
    await isAnswered(`GET /expecting HTTP/1.1\r\n${headers}Expect: the-unexpected\r\n\r\n`, 417);
    await isAnswered(`GET /upgraded HTTP/1.1\r\n${headers}Upgrade: websocket\r\n\r\n`, 404);
    await Promise.all([
      isAnswered('GET /slow-headers HTTP/1.1\r\nX: ', 408),
      isAnswered(`POST ${soap} HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 10\r\n\r\nab`, 408),
    ]);
    await server.running.stop();
    // The server asks itself for the self-update tree at its start.
    const lines = logged(join(server.dataDir, 'logs', 'W3SVC1')).lines.filter((line) => !line.endsWith('.cab 200'));
    const slow = lines.filter((line) => line.endsWith(' 408')).sort();
    assert.deepEqual(slow, [`- - 408`, `POST ${soap} 408`]);
    assert.deepEqual(
      lines.filter((line) => !line.endsWith(' 408')),
      [
        ...[`POST ${soap} 413`, `POST ${soap} 415`, `POST ${soap} 400`],
        ...['- - 400', 'GET /not%0Afound 400', 'GET /large 431', 'CONNECT elsewhere:443 405'],
        ...['GET /expecting 417', 'GET /upgraded 404'],
      ],
    );
  });
});

for (const [limit, limits] of Object.entries({
  'of the port': { maxConnections: 2 },
  'of their address': { maxConnections: 1000, maxConnectionsPerAddress: 2 },
})) {
  it(`connections over the limit ${limit} have a line each, and of a burst the rest is one remark`, {
    timeout: 60_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'moult-refused-'));
    const accessLog = createAccessLog({ folder, now: () => new Date() });
    const { handle, refused: onRefused } = createFront({
      ...{ listener: 'main', sites: [], accessLog, now: () => new Date() },
      log: pino({ level: 'silent' }),
    });
    const listener = await listen(handle, {
      host: '127.0.0.1',
      port: 0,
      limits: { ...limits, ...timeouts },
      onRefused,
    });
    const held = [1, 2].map(() => connect(listener.port, '127.0.0.1'));
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    await Promise.all(Array.from({ length: 400 }, () => raw(`http://127.0.0.1:${listener.port}`, '')));
    for (const socket of held) socket.destroy();
    await listener.stop(100);
    await accessLog.close();
    const { lines, remarks } = logged(folder);
    const refused = lines.filter((line) => line === '- - 503').length;
    const more = remarks.reduce((sum, remark) => sum + Number(/\d+/.exec(remark)?.[0]), 0);
    assert.equal(refused + more, 400, `${refused} lines and ${remarks.join()}`);
    assert.ok(refused >= 100, `${refused} lines and ${remarks.join()}`);
    rmSync(folder, { recursive: true, force: true });
  });
}
