// The built WSUS client through a proxy of the test's own, and before answers that are odd: each one is a clear line in its log.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SubjectAlternativeNameExtension } from '@peculiar/x509';
import { buildAgent, buildHost } from '../../../scripts/build.ts';
import { issue } from '../../formats/src/authenticode/test/certificate-lab.ts';
import { type InstallOptions, installAgent } from '../src/install-agent.ts';
import { type MachineRoot, machineRoot } from '../src/machine/machine-root.ts';
import { readStatus } from '../src/read-status.ts';
import { pointAt, runBuilt, runOnce, scratchFolder } from './lab.ts';
import { closeServer, listenOn, openProxy, type TestProxy } from './proxy-server.ts';
import { openWsusLab, type WsusLab } from './wsus-lab.ts';

let folder: string;
let releases: string;
let lab: WsusLab;
let proxy: TestProxy;
let machines = 0;
const name = 'http://updates.example.test';

before(async () => {
  folder = scratchFolder('moult-odd-');
  releases = join(folder, 'releases');
  await Promise.all([buildAgent(releases, 'wsus', '7.9.0.1'), buildHost(releases)]);
  lab = await openWsusLab(folder, releases);
  proxy = await openProxy(() => Number(new URL(lab.url).port), 'geheim');
});
after(async () => {
  await proxy.close();
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  lab.intercept = undefined;
  lab.alter = undefined;
  proxy.seen.length = 0;
});

async function machine(options: Partial<InstallOptions> = {}): Promise<MachineRoot> {
  machines += 1;
  const root = machineRoot(join(folder, `machine-${machines}`));
  await installAgent(root, {
    server: lab.url,
    generation: 'wsus',
    releaseFolder: releases,
    operatorCertificate: lab.operatorCertificate,
    ...options,
  });
  return root;
}

const installed = (root: MachineRoot) => existsSync(join(root.programFiles, 'Moult Sample', 'installed.txt'));
const logOf = (root: MachineRoot) => readFileSync(root.wsusLog, 'utf8');

/** Every file of the machine that the agent wrote. */
function everything(root: MachineRoot): string {
  return readdirSync(root.folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'proxy-credentials.json')
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)).toString('latin1').replaceAll('\0', ''))
    .join('\n');
}

describe('a proxy with a log-on', () => {
  const proxyCredentials = { user: 'proxy', password: 'geheim' };

  it('is the way of the installation, the detection, the download and the report; the secret is in one file', async () => {
    const network = { proxy: proxy.url, proxyCredentials };
    const root = await machine({ server: name, network });
    const outcome = await runOnce(root);
    assert.equal(outcome?.ok, true, outcome?.message);
    assert.ok(installed(root));
    assert.ok(proxy.seen.some((line) => /^POST http:\/\/updates\.example\.test\/ClientWebService\//i.test(line)));
    assert.ok(proxy.seen.every((line) => line.includes('updates.example.test')));
    assert.equal(readStatus(root).proxy, `${proxy.url} (the setting ProxyServer)`);
    assert.equal(statSync(join(root.agentFolder, 'proxy-credentials.json')).mode & 0o777, 0o600);
    const written = everything(root);
    assert.doesNotMatch(written, /geheim|cHJveHk6Z2VoZWlt/);
  });

  it('is that of the environment of the service, and status says so', async () => {
    const root = await machine();
    pointAt(root, name);
    const http_proxy = `http://proxy:geheim@127.0.0.1:${proxy.port}`;
    assert.equal(await runBuilt(root, { http_proxy, no_proxy: '' }), 0, logOf(root));
    assert.equal(readStatus(root).proxy, `${proxy.url} (http_proxy of the environment)`);
    assert.doesNotMatch(everything(root), /geheim/);
    assert.notEqual(await runBuilt(root, { http_proxy, no_proxy: '.example.test' }), 0);
    assert.match(readStatus(root).proxy ?? '', /^none for updates\.example\.test/);
  });

  it('that refuses the agent is told in one line, and nothing is asked behind its back', async () => {
    const network = { proxy: proxy.url, proxyCredentials: { user: 'proxy', password: 'falsch' } };
    const root = await machine({ network });
    pointAt(root, name);
    lab.journal.length = 0;
    const outcome = await runOnce(root);
    assert.deepEqual([outcome?.ok, outcome?.hresult], [false, 0x8024401b]);
    assert.match(logOf(root), /a proxy wants a log-on; give the user and password/);
    assert.deepEqual(lab.journal, []);
    assert.doesNotMatch(everything(root), /falsch/);
  });
});

describe('a server over https', () => {
  it('whose certificate is under the pinned CA of the operator is the whole way of an agent that trusts that alone', async () => {
    const ca = await issue({ commonName: 'TLS of the operator', isAuthority: true });
    const extra = [new SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])];
    const { certificatePem: cert, privateKeyPem: key } = await issue({ commonName: 'localhost', extra }, ca);
    const tls = createTlsServer({ cert, key }, (_, response) => void response.writeHead(404).end());
    const port = await listenOn(tls);
    try {
      const operatorCertificate = Buffer.from(ca.certificatePem);
      const root = await machine({
        server: `https://localhost:${port}`,
        operatorCertificate,
        network: { tlsTrust: 'operator' },
      });
      const outcome = await runOnce(root);
      // The way is there; the files are not.
      assert.deepEqual([outcome?.code, outcome?.hresult], ['AGENT_TRANSPORT_STATUS', 0x80244019]);
      const other = await machine({ network: { tlsTrust: 'system' } });
      pointAt(other, `https://localhost:${port}`);
      const refused = await runOnce(other);
      assert.deepEqual([refused?.code, refused?.hresult], ['AGENT_TRANSPORT_TLS', 0x80072f0d]);
      assert.match(logOf(other), /is not under an authority of this system's store/);
    } finally {
      await closeServer(tls as never);
    }
  });
});

describe('a busy server', () => {
  it('is asked again when it said, or up to a fifth later', async () => {
    const busy = createServer((_, response) => void response.writeHead(503, { 'Retry-After': '7200' }).end());
    after(() => void busy.close());
    const root = await machine();
    pointAt(root, `http://127.0.0.1:${await listenOn(busy)}`);
    const before = Date.now();
    const outcome = await runOnce(root);
    await closeServer(busy);
    assert.deepEqual([outcome?.code, outcome?.hresult], ['AGENT_TRANSPORT_STATUS', 0x80244022]);
    const wait = (Date.parse(readStatus(root).nextDetection ?? '') - before) / 1000;
    // Whole seconds are stored; the machine of the test may be slow.
    assert.ok(wait >= 7199 && wait < 7200 * 1.2 + 300, `${wait} seconds`);
  });
});

describe('odd answers of the web services', () => {
  it('UTF-16 is read, with its mark', async () => {
    let config = '';
    lab.alter = (what, body) => {
      if (what === 'GetConfig') config = body;
      return body;
    };
    await runOnce(await machine());
    assert.match(config, /<LastChange>/);
    lab.alter = undefined;
    const root = await machine();
    lab.intercept = (what) => {
      if (what !== 'GetConfig') return undefined;
      const body = Buffer.from(`\ufeff${config.replace('utf-8', 'utf-16')}`, 'utf16le');
      return { status: 200, type: 'text/xml; charset=utf-16', body };
    };
    const outcome = await runOnce(root);
    assert.equal(outcome?.ok, true, outcome?.message);
    assert.ok(installed(root));
  });

  it('a character set that nobody reads is told by its name', async () => {
    const root = await machine();
    lab.intercept = (what) =>
      what === 'GetConfig' ? { status: 200, type: 'text/xml; charset=x-secret', body: '<a/>' } : undefined;
    const outcome = await runOnce(root);
    assert.equal(outcome?.code, 'AGENT_SYNC_BAD_ANSWER');
    assert.match(outcome?.message ?? '', /it is in the character set "x-secret", which is not read here/);
    oneLine(outcome?.message);
  });

  it('gzip that nobody asked for is one line that says what to switch off', async () => {
    const root = await machine();
    const headers = { 'Content-Encoding': 'gzip' };
    lab.intercept = (what) =>
      what === 'GetConfig' ? { status: 200, type: 'text/xml', body: gzipSync('<a/>'), headers } : undefined;
    const outcome = await runOnce(root);
    assert.equal(outcome?.code, 'AGENT_TRANSPORT_ENCODING');
    assert.match(outcome?.message ?? '', /client\.asmx came with Content-Encoding: gzip, .*switch that off/i);
    oneLine(outcome?.message);
    oneLine(logOf(root));
  });

  it('a call that is sent on to https is not sent there, and the line says which address to set', async () => {
    const root = await machine();
    const headers = { Location: `https://127.0.0.1:8531/ClientWebService/client.asmx` };
    lab.intercept = (what) =>
      what === 'GetConfig' ? { status: 301, type: 'text/html', body: '', headers } : undefined;
    const outcome = await runOnce(root);
    assert.equal(outcome?.code, 'AGENT_TRANSPORT_STATUS');
    assert.match(outcome?.message ?? '', /redirects to https:\/\/127\.0\.0\.1:8531, .*Set WUServer to that address/);
    oneLine(outcome?.message);
    oneLine(logOf(root));
  });

  for (const [what, url] of [
    ['relative', '/Content/AA/file.cab'],
    ['of a file', 'file:///etc/passwd'],
    ['with a secret', 'http://me:s3cret@127.0.0.1/x'],
  ] as const) {
    it(`an address of content that is ${what} fails that download in one line, and nothing else`, async () => {
      const root = await machine();
      lab.alter = (operation, body) =>
        operation === 'GetExtendedUpdateInfo' ? body.replaceAll(/<Url>[^<]*<\/Url>/g, `<Url>${url}</Url>`) : body;
      const outcome = await runOnce(root);
      assert.deepEqual([outcome?.ok, outcome?.failedUpdates], [true, 1], outcome?.message);
      assert.ok(!installed(root));
      const line = logOf(root).match(/WARNING: Download of .*/)?.[0] ?? '';
      assert.match(line, /The address .* is not fetched: it /);
      oneLine(logOf(root));
      if (what === 'with a secret') assert.doesNotMatch(line, /s3cret/);
    });
  }
});

function oneLine(log = ''): void {
  assert.doesNotMatch(log, /\n\s+at |TypeError|Unexpected failure/);
}
