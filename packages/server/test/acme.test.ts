// Certificates from Debian's pebble, the test authority of the makers of ACME. It refuses some calls on purpose.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { createOperatorCa, createServerCertificate } from '@moult/formats/authenticode';
import { waitUntil } from '../../../scripts/wait-until.ts';
import { freePort } from '../../store/test/postgres.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-acme-'));
const consoleDir = fileURLToPath(new URL('../../console/dist', import.meta.url));
const caFile = join(folder, 'ca.pem');
let pebble: ChildProcess;
let said = '';
let ports: Record<'directory' | 'management' | 'http' | 'tls', number>;

before(async () => {
  const [directory, management, http, tls] = [await freePort(), await freePort(), await freePort(), await freePort()];
  ports = { directory, management, http, tls };
  const validity = { validFrom: new Date(Date.now() - 3_600_000), validTo: new Date(Date.now() + 86_400_000) };
  const ca = await createOperatorCa({ commonName: 'Test authority', now: new Date() });
  const own = await createServerCertificate(ca, { names: ['localhost', '127.0.0.1'], ...validity });
  writeFileSync(caFile, ca.certificatePem);
  writeFileSync(join(folder, 'cert.pem'), own.certificatePem);
  writeFileSync(join(folder, 'key.pem'), own.privateKeyPem);
  const config = {
    listenAddress: `127.0.0.1:${directory}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: join(folder, 'cert.pem'),
    privateKey: join(folder, 'key.pem'),
    httpPort: http,
    tlsPort: tls,
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
  };
  writeFileSync(join(folder, 'pebble.json'), JSON.stringify({ pebble: config }));
  pebble = spawn('pebble', ['-config', join(folder, 'pebble.json'), '-strict'], {
    env: { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_AUTHZREUSE: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [pebble.stdout, pebble.stderr]) stream?.on('data', (data) => (said += data));
  await waitUntil('pebble listens', () => /Listening on/.test(said), { patienceMs: 20_000, why: () => said });
});
after(() => {
  pebble?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const settings = () => ({
  acmeUrl: `https://localhost:${ports.directory}/dir`,
  acmeNames: 'localhost',
  acmeAcceptTerms: 'on' as const,
  acmeCa: caFile,
});

describe('a server with --acme-url', { timeout: 240_000 }, () => {
  it('gets its certificate over port 80, and uses it at once', async () => {
    await using server = await startTestServer({
      config: { ...settings(), tlsPort: 0, selfUpdatePort: ports.http, requireTls: 'on' } as never,
    });
    await has(server, /Pebble Intermediate/);
    const file = join(server.dataDir, 'keys/acme-tls.pem');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(readFileSync(file, 'utf8'), /BEGIN CERTIFICATE[\s\S]*PRIVATE KEY/);
    // Nothing is shown any more.
    const answer = await fetch(`http://127.0.0.1:${ports.http}/.well-known/acme-challenge/x`);
    assert.equal(answer.status, 404);
  });

  it('gets it over its port of HTTPS, while other clients get the usual certificate', async () => {
    await using server = await startTestServer({
      config: { ...settings(), acmeChallenge: 'tls-alpn-01', tlsPort: ports.tls } as never,
    });
    // One that says nothing is no reason for others to wait.
    const mute = connectPlain(ports.tls, '127.0.0.1');
    mute.on('error', () => undefined);
    const before = await issuerOf(server);
    assert.match(before, /Moult|Pebble/);
    await has(server, /Pebble Intermediate/);
    mute.destroy();
  });

  it('runs on with its own certificate when the authority refuses, says why, and does not ask again at once', async () => {
    await using server = await startTestServer({
      config: { ...settings(), tlsPort: 0, selfUpdatePort: 'off', consoleDir } as never,
    });
    const failed = () => server.logged.filter(({ msg }) => msg === 'the order of a certificate for HTTPS failed');
    await waitUntil('the order fails', () => failed().length > 0);
    assert.match(await issuerOf(server), /Moult/);
    const home = await (await fetch(`${server.url}/api/home`)).text();
    assert.match(home, /The ACME authority did not give a certificate \(1 try\)/);
    const { failures, why } = JSON.parse(readFileSync(join(server.dataDir, 'keys/acme-tries.json'), 'utf8'));
    assert.equal(failures, 1);
    assert.ok(why.length > 10 && why.length <= 500, why);
    assert.equal(existsSync(join(server.dataDir, 'keys/acme-tls.pem')), false);
  });

  it('does not trust an authority that its own certificates do not certify', async () => {
    const { acmeCa: _, ...untrusting } = settings();
    await using server = await startTestServer({ config: { ...untrusting, tlsPort: 0 } as never });
    await waitUntil('the order is refused', () =>
      server.logged.some(({ why }) => /certificate|verify/i.test(String(why))),
    );
    assert.match(await issuerOf(server), /Moult/);
  });
});

async function has(server: TestServer, issuer: RegExp): Promise<void> {
  await waitUntil(`a certificate of ${issuer}`, async () => issuer.test(await issuerOf(server)), { why: () => said });
}

/** Who certified the certificate that a client gets. */
function issuerOf({ running }: TestServer): Promise<string> {
  const port = Number(new URL(running.urls.tls ?? '').port);
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().issuer.CN));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}
