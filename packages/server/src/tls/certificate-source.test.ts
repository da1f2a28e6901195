// Certificates of HTTPS: of the server's own authority, and of files, with what goes wrong with them.
import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadConfig, type ServerConfig } from '@moult/administration/config';
import { createOperatorCa, createServerCertificate, type SigningIdentity } from '@moult/formats/authenticode';
import { openCertificate } from './certificate-source.ts';

const dayMs = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'moult-tls-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const now = new Date();
let ca: SigningIdentity;
before(async () => {
  ca = await createOperatorCa({ commonName: 'Test CA', now });
});

const configOf = (flags: Partial<Record<keyof ServerConfig, unknown>>) =>
  loadConfig({ flags: { dataDir: folder, port: 0, ...flags }, environment: {} }).config;
const parts = { names: () => ['localhost', '127.0.0.1', '::1'], now: () => now, isClockBelieved: () => true };
const open = (config: ServerConfig, more: Partial<Parameters<typeof openCertificate>[1]> = {}) =>
  openCertificate(config, { ca, ...parts, ...more });

describe('the certificate of the own authority', () => {
  it('is for all names of this server and for servers alone, is trusted by the authority, and is kept for its owner', async () => {
    const config = configOf({ tlsPort: 0 });
    const source = await open(config);
    const pem = String(source.options().cert);
    const certificate = new X509Certificate(pem);
    assert.ok(certificate.verify(new X509Certificate(ca.certificatePem).publicKey));
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'it signs no release');
    assert.ok(certificate.checkHost('localhost') && certificate.checkIP('127.0.0.1') && certificate.checkIP('::1'));
    assert.equal(statSync(join(folder, 'keys/server-tls.pem')).mode & 0o777, 0o600);
    const server = createServer(source.options(), (_, response) => response.end('fine'));
    after(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    for (const host of ['localhost', '127.0.0.1']) {
      const status = await new Promise((resolve, reject) => {
        const options = {
          host: '127.0.0.1',
          servername: host === 'localhost' ? host : '',
          port,
          ca: ca.certificatePem,
          agent: false,
        };
        get(options, (response) => resolve(response.resume().statusCode)).on('error', reject);
      });
      assert.equal(status, 200);
    }
    server.close();
    assert.equal(String((await open(config)).options().cert), pem, 'it stays');
  });

  it('is renewed by itself before it ends, for a new name, and under another authority; not by a clock that is not believed', async () => {
    const config = configOf({ tlsPort: 0, dataDir: join(folder, 'renewed') });
    mkdirSync(config.dataDir);
    let at = now;
    let names = ['localhost'];
    let isBelieved = true;
    const source = await open(config, { now: () => at, names: () => names, isClockBelieved: () => isBelieved });
    const first = String(source.options().cert);
    assert.equal(await source.look(), false);
    at = new Date(now.getTime() + 340 * dayMs);
    isBelieved = false;
    assert.equal(await source.look(), false);
    isBelieved = true;
    assert.equal(await source.look(), true);
    assert.notEqual(String(source.options().cert), first);
    at = now;
    isBelieved = false;
    assert.equal(await source.look(), false);
    isBelieved = true;
    assert.equal(await source.look(), true, 'it was made by a clock that was ahead, and is not valid yet');
    assert.ok(new Date(new X509Certificate(String(source.options().cert)).validFrom) <= now);
    at = new Date(now.getTime() + 340 * dayMs);
    assert.equal(await source.look(), true);
    names = ['localhost', 'new.example'];
    assert.equal(await source.look(), true);
    assert.ok(new X509Certificate(String(source.options().cert)).checkHost('new.example'));
    assert.deepEqual(source.notices(), []);
    const other = await createOperatorCa({ commonName: 'Other CA', now });
    const under = await open(config, { ca: other });
    assert.ok(
      new X509Certificate(String(under.options().cert)).verify(new X509Certificate(other.certificatePem).publicKey),
    );
  });

  it('needs the key of the authority once; without it, one that is there serves on', async () => {
    const config = configOf({ tlsPort: 0, dataDir: join(folder, 'elsewhere') });
    mkdirSync(config.dataDir);
    const without = { ...ca, privateKeyPem: '' };
    await assert.rejects(open(config, { ca: without }), { code: 'SERVER_KEYS', message: /kept elsewhere/ });
    const pem = String((await open(config)).options().cert);
    assert.equal(String((await open(config, { ca: without, names: () => ['another'] })).options().cert), pem);
    for (const rubbish of ['', 'rubbish', pem.slice(0, 200)]) {
      writeFileSync(join(config.dataDir, 'keys/server-tls.pem'), rubbish);
      assert.ok(String((await open(config)).options().cert).includes('PRIVATE KEY'), 'a new one is made');
    }
  });
});

describe('a certificate from files', () => {
  const [cert, key, secret] = ['chain.pem', 'key.pem', 'passphrase'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const write = async (name: string, days: number, passphrase?: string) => {
    const validity = { validFrom: new Date(now.getTime() - dayMs), validTo: new Date(now.getTime() + days * dayMs) };
    const made = await createServerCertificate(ca, { names: [name], ...validity });
    writeFileSync(cert, made.certificatePem);
    const text =
      passphrase === undefined
        ? made.privateKeyPem
        : createPrivateKey(made.privateKeyPem).export({
            type: 'pkcs8',
            format: 'pem',
            cipher: 'aes-256-cbc',
            passphrase,
          });
    writeFileSync(key, text);
  };
  const given = { tlsPort: 0, tlsCert: cert, tlsKey: key };

  it('is taken up when it was renewed, and one that cannot be used changes nothing but a notice', async () => {
    await write('one.example', 300);
    const source = await open(configOf(given));
    assert.equal(await source.look(), false);
    await write('two.example', 300);
    assert.equal(await source.look(), true);
    assert.ok(new X509Certificate(String(source.options().cert)).checkHost('two.example'));
    const good = readFileSync(key);
    for (const wrong of ['rubbish', '']) {
      writeFileSync(key, wrong);
      assert.equal(await source.look(), false);
      assert.match(source.notices()[0]?.headline ?? '', /renewed certificate .* cannot be used/);
    }
    writeFileSync(key, good);
    assert.equal(await source.look(), false);
    assert.deepEqual(source.notices(), []);
  });

  it('with a passphrase, a wrong one, none, the key of another, or no file: the error says which and what to do', async () => {
    await write('sealed.example', 300, 'open sesame');
    writeFileSync(secret, 'open sesame\nnot this line\n');
    assert.ok(await open(configOf({ ...given, tlsPassphraseFile: secret })));
    await assert.rejects(open(configOf(given)), { code: 'SERVER_BAD_CONFIG', message: /--tls-passphrase-file/ });
    writeFileSync(secret, 'wrong\n');
    await assert.rejects(open(configOf({ ...given, tlsPassphraseFile: secret })), {
      message: /passphrase is missing or wrong/,
    });
    await write('one.example', 300);
    const chain = readFileSync(cert);
    await write('two.example', 300);
    writeFileSync(cert, chain);
    await assert.rejects(open(configOf(given)), {
      message: /--tls-cert and --tls-key cannot be used: the key does not belong/,
    });
    await assert.rejects(open(configOf({ ...given, tlsCert: join(folder, 'nowhere') })), { message: /nowhere/ });
    writeFileSync(secret, 'rubbish');
    await assert.rejects(open(configOf({ tlsPort: 0, tlsPfx: secret })), { message: /--tls-pfx cannot be used/ });
  });

  it('that ends soon is announced, with its day', async () => {
    await write('soon.example', 20);
    const [notice] = (await open(configOf(given))).notices();
    assert.match(notice?.headline ?? '', /ends on \d{4}-\d\d-\d\d/);
    await write('over.example', -0.5);
    const [over] = (await open(configOf(given))).notices();
    assert.match(over?.headline ?? '', /ended on/);
  });
});
