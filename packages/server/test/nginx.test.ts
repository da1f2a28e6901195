// Debian's nginx in front of the server, by the examples of docs/reverse-proxy.md, with and without TLS: every address that
// a client gets leads back through the proxy, and every client is known by its own address. With MOULT_PROXY=apache or caddy in
// the environment, the same with that proxy.
import assert from 'node:assert/strict';
import { type ChildProcess, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { administer } from '@moult/administration';
import { addAccount, addToken } from '@moult/administration/accounts';
import { clientWebService } from '@moult/protocol/client-web-service';
import { simpleAuth } from '@moult/protocol/simple-auth';
import {
  type Operation,
  type RequestOf,
  type ResponseOf,
  readAnswer,
  type Service,
  writeCall,
} from '@moult/protocol/soap';
import { waitUntil } from '../../../scripts/wait-until.ts';
import { computerInfo, firstComputerId } from './agent-session.ts';
import { startTestServer, type TestServer } from './test-server.ts';
import { examplesFor, startProxy, triedProxy } from './tried-proxy.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-nginx-'));
const proxy = triedProxy();
const examples = examplesFor(proxy);

let server: TestServer;
let running: ChildProcess;
let plain = '';
let secure = '';
before(async () => {
  const certificate = makeCertificate();
  server = await startTestServer({ config: { trustedProxies: '127.0.0.1', refusalLinesPerSecond: 1 } });
  const [port, tlsPort] = [await freePort(), await freePort()];
  [plain, secure] = [`http://localhost:${port}`, `https://localhost:${tlsPort}`];
  const [withoutTls = '', withTls = ''] = examples.map((example) =>
    replaced(example, [
      ['127.0.0.1:8540', `127.0.0.1:${new URL(server.url).port}`],
      ['/etc/ssl/certs/updates.pem', certificate.file],
      ['/etc/ssl/private/updates.key', certificate.key],
      ['updates.example.org:8531', `localhost:${tlsPort}`],
      [/(?<=listen |Listen |:)8530/, String(port)],
      [/(?<=listen |Listen |:)8531/, String(tlsPort)],
    ]),
  );
  running = startProxy(proxy, folder, withoutTls + withTls);
  for (const one of [port, tlsPort]) await answering(one);
});
after(async () => {
  running?.kill('SIGTERM');
  await server?.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe(`behind ${proxy}`, () => {
  it('the page has an example with TLS and one without', () => {
    assert.deepEqual(
      examples.map((text) => /(?:listen |Listen |:)(853\d)/.exec(text)?.[1]),
      ['8530', '8531'],
    );
  });

  for (const tls of [false, true]) {
    it(`a client ${tls ? 'with' : 'without'} TLS scans, and fetches its files through the proxy`, async () => {
      const url = tls ? secure : plain;
      const { updates, locations } = await scan(url);
      assert.ok(updates > 3, `${updates} updates`);
      assert.ok(locations.length > 0);
      for (const { digest, location } of locations) {
        assert.equal(location.slice(0, url.length + 9), `${url}/Content/`);
        const whole = await send(location);
        assert.equal(whole.status, 200);
        assert.equal(createHash('sha1').update(whole.bytes).digest('base64'), digest);
        const part = await send(location, { headers: { range: 'bytes=2-5' } });
        assert.deepEqual([part.status, part.bytes], [206, whole.bytes.subarray(2, 6)]);
      }
      const wsdl = await send(`${url}/ClientWebService/client.asmx?wsdl`);
      assert.ok(wsdl.bytes.toString().includes(`location="${url}/ClientWebService/client.asmx"`));
      for (const path of ['/selfupdate/wuident.cab', '/iuident.cab', '/wutrack.bin'])
        assert.equal((await send(url + path)).status, 200, path);
    });
  }

  it('the access log and the log name the client, whatever it says of itself', async () => {
    const lies = { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9', 'x-real-ip': '203.0.113.9' };
    for (const [base, from, headers] of [
      [plain, '127.0.0.2', {}],
      [secure, '127.0.0.3', {}],
      [plain, '127.0.0.4', lies],
      [server.url, '127.0.0.5', lies],
    ] as const) {
      await send(`${base}/iuident.cab?${from}`, { from, headers });
      await send(`${base}/ClientWebService/client.asmx`, {
        from,
        headers,
        method: 'POST',
        body: 'x',
        type: 'text/plain',
      });
    }
    const lines = await accessLog(/ \/iuident\.cab 127\.0\.0\.5 /);
    for (const from of ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5']) {
      const line = lines.find((one) => one.includes(` /iuident.cab ${from} `)) ?? '';
      assert.equal(line.split(' ')[8], from, line);
      assert.ok(
        server.logged.some((one) => one.msg === 'call refused' && one.client === from),
        from,
      );
    }
    assert.ok(!lines.some((line) => line.includes('203.0.113.9')));
  });

  it('rates are of the client, not of the proxy, and nobody uses up those of another', async () => {
    const refused = (from: string, more = {}) =>
      send(`${plain}/ClientWebService/client.asmx`, {
        from,
        headers: more,
        method: 'POST',
        body: 'x',
        type: 'text/plain',
      });
    const linesOf = (from: string) => server.logged.filter((one) => one.msg === 'call refused' && one.client === from);
    for (let at = 0; at < 80; at++) await refused('127.0.0.6', { 'x-forwarded-for': `192.0.2.${at}` });
    assert.ok(linesOf('127.0.0.6').length < 80, 'held back');
    await refused('127.0.0.7');
    assert.equal(linesOf('127.0.0.7').length, 1);
  });

  it('the live stream of the API arrives at once, message by message', async () => {
    const door = { environment: {}, now: () => new Date(), say: () => undefined };
    const token = await administer({ dataDir: server.dataDir }, door, async (administration) => {
      await addAccount(administration, { name: 'anna', role: 'administrator' });
      return (await addToken(administration, { name: 'nginx', account: 'anna', days: 1 })).secret;
    });
    const headers = { authorization: `Bearer ${token}` };
    const body = JSON.stringify({ name: 'Behind nginx' });
    const heard = await new Promise<string>((resolve, reject) => {
      let text = '';
      const ca = readFileSync(join(folder, 'cert.pem'));
      const stream = httpsRequest(`${secure}/api/v1/live`, { ca, headers, agent: false }, (response) => {
        response.setEncoding('utf8').on('data', (piece: string) => {
          const isFirst = text === '';
          text += piece;
          if (isFirst)
            send(`${secure}/api/v1/groups`, { headers, method: 'POST', body, type: 'application/json' }).catch(reject);
          if (!text.includes('event: change')) return;
          resolve(text);
          stream.destroy();
        });
      });
      stream.on('error', reject).end();
    });
    assert.match(heard, /event: hello[\s\S]*event: change\ndata: \{"topics":\[.*"groups"/);
  });

  it('who is not a trusted proxy changes nothing by these headers', async () => {
    const headers = {
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-for': '192.0.2.1',
    };
    const wsdl = await send(`${server.url}/ClientWebService/client.asmx?wsdl`, { from: '127.0.0.8', headers });
    assert.ok(wsdl.bytes.toString().includes(`location="${server.url}/ClientWebService/client.asmx"`));
  });
});

describe('--public-url and --content-url', () => {
  it('begin every address that clients get, however they called', async () => {
    const config = { publicUrl: 'https://updates.example.test:8531/', contentUrl: 'http://files.example.test/moult/' };
    await using own = await startTestServer({ config });
    const { locations } = await scan(own.url);
    assert.ok(locations.length > 0);
    for (const { location } of locations) assert.match(location, /^http:\/\/files\.example\.test\/moult\/Content\/../);
    const wsdl = await send(`${own.url}/ClientWebService/client.asmx?wsdl`);
    assert.match(
      wsdl.bytes.toString(),
      /location="https:\/\/updates\.example\.test:8531\/ClientWebService\/client\.asmx"/,
    );
    const home = await send(`${own.url}/api/home`, { headers: { host: 'updates.example.test' } });
    assert.notEqual(home.status, 421, 'the public name is a name of the pages');
    await own.stop();
    await using publicOnly = await startTestServer({ config: { publicUrl: config.publicUrl } });
    for (const { location } of (await scan(publicOnly.url)).locations)
      assert.match(location, /^https:\/\/updates\.example\.test:8531\/Content\/../);
  });
});

/** GetConfig to GetExtendedUpdateInfo of a client at `url`. */
async function scan(url: string): Promise<{ updates: number; locations: { digest: string; location: string }[] }> {
  const protocolVersion = '1.8';
  const { result: config } = await soap(url, clientWebService, 'GetConfig', { protocolVersion });
  const request = { clientId: firstComputerId, dnsName: computerInfo.dnsName };
  const { result: authorization } = await soap(url, simpleAuth, 'GetAuthorizationCookie', request);
  assert.ok(config && authorization);
  const times = { lastChange: config.lastChange, currentTime: new Date() };
  const asked = { authCookies: [authorization], ...times, protocolVersion };
  const { result: cookie } = await soap(url, clientWebService, 'GetCookie', asked);
  await soap(url, clientWebService, 'RegisterComputer', { cookie, computerInfo });
  const [installed, seen] = [[] as number[], [] as number[]];
  for (let isMore = true; isMore; ) {
    const lists = { installedNonLeafUpdateIds: installed, otherCachedUpdateIds: seen, filterCategoryIds: [] };
    const drivers = { systemSpec: [], cachedDriverIds: [], skipSoftwareSync: false };
    const parameters = { expressQuery: false, ...lists, ...drivers };
    const { result } = await soap(url, clientWebService, 'SyncUpdates', { cookie, parameters });
    for (const { id, isLeaf } of result?.newUpdates ?? []) (isLeaf ? seen : installed).push(id);
    isMore = (result?.newUpdates ?? []).length > 0;
  }
  const wanted = { cookie, revisionIds: seen, infoTypes: ['Extended' as const], locales: [] };
  const { result: extended } = await soap(url, clientWebService, 'GetExtendedUpdateInfo', wanted);
  const locations = (extended?.fileLocations ?? []).map(({ fileDigest, url: location = '' }) => ({
    digest: Buffer.from(fileDigest ?? []).toString('base64'),
    location,
  }));
  return { updates: installed.length + seen.length, locations };
}

/** One call that must succeed. */
async function soap<
  S extends Service<Record<string, Operation<unknown, unknown>>>,
  Name extends keyof S['operations'] & string,
>(
  url: string,
  service: S,
  name: Name,
  parameters: RequestOf<S['operations'][Name]>,
): Promise<ResponseOf<S['operations'][Name]>> {
  const body = writeCall(service, name as never, parameters as never);
  const path = service.paths[0] ?? '';
  const { bytes } = await send(url + path, { method: 'POST', body, type: 'text/xml; charset=utf-8' });
  const answer = readAnswer(service, name as never, bytes.toString());
  assert.ok(answer.kind === 'answer', bytes.toString().slice(0, 500));
  return answer.value as ResponseOf<S['operations'][Name]>;
}

interface Sent {
  /** The client's own address. */
  from?: string;
  headers?: Record<string, string>;
  method?: string;
  body?: string;
  type?: string;
}

function send(url: string, { from, headers = {}, method = 'GET', body, type }: Sent = {}) {
  const request = url.startsWith('https') ? httpsRequest : httpRequest;
  const said = {
    ...headers,
    ...(type && { 'content-type': type }),
    ...(body && { 'content-length': String(body.length) }),
  };
  return new Promise<{ status: number; bytes: Buffer }>((resolve, reject) => {
    // 127.0.0.1, whichever address "localhost" has here: that is where nginx listens.
    const lookup = (_: string, options: { all?: boolean }, found: (...given: unknown[]) => void) =>
      options.all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4);
    const options = { method, headers: said, ...(from && { localAddress: from }), lookup: lookup as never };
    const trust = { ca: existsSync(join(folder, 'cert.pem')) ? readFileSync(join(folder, 'cert.pem')) : undefined };
    const sent = request(url, { ...options, ...trust, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes: Buffer.concat(pieces) }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The lines of the main port, once one of them is `awaited`. */
async function accessLog(awaited: RegExp): Promise<string[]> {
  const logs = join(server.dataDir, 'logs', 'W3SVC1');
  const lines = () =>
    existsSync(logs) ? readdirSync(logs).flatMap((file) => readFileSync(join(logs, file), 'utf8').split('\r\n')) : [];
  await waitUntil(`the access log has ${awaited}`, () => lines().some((line) => awaited.test(line)));
  return lines();
}

function replaced(text: string, changes: readonly (readonly [string | RegExp, string])[]): string {
  return changes.reduce((result, [from, to]) => result.replaceAll(new RegExp(from, 'g'), to), text);
}

function makeCertificate(): { file: string; key: string } {
  const [file, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const { status, stderr } = spawnSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...names, '-out', file, '-keyout', key],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  return { file, key };
}

async function freePort(): Promise<number> {
  await using probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function answering(port: number): Promise<void> {
  for (;;) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (isOpen) return;
    assert.equal(running.exitCode, null, `${proxy} ended`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
