// A server with a PFX file, the newest TLS alone, HTTPS that is required, and administration on an address of its own.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { connect } from 'node:tls';
import pino from 'pino';
import { loadConfig } from '../../administration/src/config/index.ts';
import { type RunningServer, startServer } from '../src/main.ts';

/** PFX files for a hundred years, made by OpenSSL with the passphrase `open sesame`. Their keys protect nothing. */
const one = [
  'MIIELAIBAzCCA+IGCSqGSIb3DQEHAaCCA9MEggPPMIIDyzCCAoIGCSqGSIb3DQEHBqCCAnMwggJvAgEAMIICaAYJKoZIhvcNAQcBMFcGCSqGSI',
  'b3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAg5qVm9lRKTqwICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEMGPzMD00l8zgm99/kJ7b3CA',
  'ggIA6nOOyhxaHzA7/ynLMBCWwF8w2YA6GFp4qd5OJXMJ2W2lkyLJaI9EG/dD758xnxID2tyEmA0psfwol0hNeKB/wbP6/lZsvZVC9zoQF/tJTB',
  'JyK/iIFCP7X37lwOsUzftJijRJmu1G2hOGWO1HSlnWGB172kq8LLX9QJSmJN6RqUi/yoGXXYxWghYuWvSNX1pg+sowB1D+ePUHgdz1lWFXzBUa',
  '9jDHjVJCzf/5b+DB2j3waZrYUAKVqFUb6EJHm20D5+FrWGWawp4tblzLdZbn59E5oS5aCNFufEYVwxNeoPIaMjFYm9d/HD9Z+u5Ey+5UGU7fg5',
  'UhcrahVs3y5F4A//h+0KxEZXlxrZt6NhcbK9W5yRaHPyjEesUJFXdGhiFhkb2pz/B8RRR3XbBJUVtPVOM1lpsCbCDZ/G7xwcoJECy8hF+Ygxvs',
  'GcOBMVb+Nv7VqZXSyO4H3JnrNndJXs+w2F+S87mqciy/WhjjpgF8eOt/ldaRpgZ4yye3fYDGII8FG9BYh2lQ7Kzh1N53XIjF6i7KxHpyGhHgBu',
  'OeltyyQzHjnTS6GfWXmJTqgejoaqe+N2tkm3xR8BIERo8PKciU4Uavg1/dJOt5OvY4FSCgc2wO/LUZL4iPQTN/pqUsaUjNl4mAl9Vjv9iJj/SU',
  'xTs2GChqDu8ivh4psOtbDqRn5swwggFBBgkqhkiG9w0BBwGgggEyBIIBLjCCASowggEmBgsqhkiG9w0BDAoBAqCB7zCB7DBXBgkqhkiG9w0BBQ',
  '0wSjApBgkqhkiG9w0BBQwwHAQIwkpwjZsjtPICAggAMAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBBNTzFhldDWZRYpGXWhkxHaBIGQaxpJ',
  '9xFlcUV0l0ma6uhhMAN41R4wxmwIZLvij8i/yWe5KlErjUS8Pnd3qwJRjmPF0dMSrzcOQZgXFMQyrfPG3RWjwxk8GYdP3uheIb9bf/0pMJ3wMi',
  'Ofjx7fFq2rulGB4nW1qvA648DCQnRUHBTcK6WGTTrHGF7fPCuzoVMzB/NEOQvdr+gTeZxQAKa9zmXnMSUwIwYJKoZIhvcNAQkVMRYEFFXWp4Lx',
  'ZC43y2mveNerOun6wkhJMEEwMTANBglghkgBZQMEAgEFAAQghBhR0nzuFhMTUkGI1KFEdkBoEpu8IuI6A+lCED6xsAoECIahXmKpqy6VAgIIAA',
  '==',
];
const two = [
  'MIIELAIBAzCCA+IGCSqGSIb3DQEHAaCCA9MEggPPMIIDyzCCAoIGCSqGSIb3DQEHBqCCAnMwggJvAgEAMIICaAYJKoZIhvcNAQcBMFcGCSqGSI',
  'b3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhCUu5Fjx2QqgICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEGAOJ9Cz3JdZZt6UN0Wbi6iA',
  'ggIAIubts0+xGWcdMqo6Hgr1OfoeUlo91T2PhKl5mMzor5+2cduk/NAMiELQf7UqME6agKWSZOyKQyEtpKSb79KsSD9X209jLkNgyBuRqPDwUs',
  'VNtxZC9x8E3xG+wGCx4xOXGiP814VmtD/5EpxHRy/8rm7JEwuNcBQynZGKeC6FwMr/XL4XznghHV5q+FZxnWfGmV8uNAPeIxQefBS6XSB3OR17',
  'CwPReYvDwKH74zmH4XPwT2oRLXSe9ctbgFyuOu7m23imz8gq+1fSuMMA+UGx1hCF/4qnoxEdCYTyC2bHvd78SEk831V4XevfQcUdrzenmIjov2',
  'VDq61qm95G7aIqt30VX0xc7HWduKyOpgLBIE0pYd2030Uu+3O+LFIlP5Y3D41owrkmLXdWmnioRW9/oleN6rQoPYsPgBBokF6yNHfR824KWFsm',
  'J0BeAL2OEm3IsWmHDJJpASIzFe7/tD9AvW4Yuth/uXPECqZ4r8rcEkw4kzxYnFHqyj94i/dvO7mDCd8OqswNQZVDLB1BRKnIAZzY5zOzMEi2mD',
  'BW4eYiA70ouGNQkFZNVWzHY1O4zCUMfolJrvd+p1zayQXg8BSd5jpbh1yuhV1Su/ZOqBIcZnb/xMO8YYjG5iRWhrkIsJ5bh0wmerp4TFXA4m9o',
  'QUKLCyvCw+PexPl9Na6HVo+kbHwwggFBBgkqhkiG9w0BBwGgggEyBIIBLjCCASowggEmBgsqhkiG9w0BDAoBAqCB7zCB7DBXBgkqhkiG9w0BBQ',
  '0wSjApBgkqhkiG9w0BBQwwHAQI6M+p9wn6OpQCAggAMAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBBSjIBNgJFdksWbSZeMbc0gBIGQ9L3C',
  'RFyLAz6/hpJE3fAV5eHXPamZjsal3KnNSxLXwBwKCBe8PMso/GEqHnf9MECk74Q1v5YLigDp14L4a0EnKuVJqQoQkYl4Nk7DETkLnNRw2wGaJe',
  'XCJoooHbGxWbg6TzGftBB6y0fTe7Ih3wKlh2QDvjLq6FWeWTANdWMKA+CZTxIjmj4enwv7WS+vb052MSUwIwYJKoZIhvcNAQkVMRYEFEZEWXZm',
  'YDBmZB3XdwQ/3FJ9n0NvMEEwMTANBglghkgBZQMEAgEFAAQgyXVX37iFp5iqWwaf2BRSa/jJGMAebyBDCfSvQupfRJIECF4n7aF1uc3AAgIIAA',
  '==',
];

const folder = mkdtempSync(join(tmpdir(), 'moult-https-'));
const pfx = join(folder, 'server.pfx');
const passphrase = join(folder, 'passphrase');
const logged: Record<string, unknown>[] = [];
const announced: string[] = [];
let server: RunningServer;
let ports: { main: number; tls: number; admin: number };

before(async () => {
  writeFileSync(pfx, Buffer.from(one.join(''), 'base64'));
  writeFileSync(passphrase, 'open sesame\n');
  const own = { dataDir: folder, host: '127.0.0.1', port: 0, selfUpdatePort: 'off', stopSeconds: 0 };
  const tls = { tlsPort: 0, tlsPfx: pfx, tlsPassphraseFile: passphrase, tlsMinVersion: '1.3', requireTls: 'on' };
  const flags = { ...own, ...tls, adminPort: 0, adminHost: '127.0.0.2' };
  server = await startServer(loadConfig({ flags, environment: {} }).config, {
    now: () => new Date(),
    log: pino({ level: 'info' }, { write: (line: string) => logged.push(JSON.parse(line)) }),
    announce: (line) => announced.push(line),
  });
  const link = announced.find((line) => line.includes('/set-up#')) ?? assert.fail('no link');
  const admin = Number(/https:\/\/127\.0\.0\.2:(\d+)\//.exec(link)?.[1] ?? assert.fail(link));
  const { main, tls: secure = '' } = server.urls;
  ports = { main: Number(new URL(main).port), tls: Number(new URL(secure).port), admin };
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Told {
  status: number;
  headers: Record<string, unknown>;
}

function ask(options: RequestOptions): Promise<Told> {
  const how = { agent: false, rejectUnauthorized: false, ...options } as const;
  return new Promise((resolve, reject) => {
    const asked = (options.port === ports.main ? request : httpsRequest)(how, (told) => {
      told.resume().on('end', () => resolve({ status: told.statusCode ?? 0, headers: told.headers }));
    });
    asked.on('error', reject).end();
  });
}

const atMain = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  ask({ host: '127.0.0.1', port: ports.main, path, method, headers: { host: 'wsus.example', ...headers } });
const atTls = (path: string) => ask({ host: '127.0.0.1', port: ports.tls, path });
const atAdmin = (path: string) => ask({ host: '127.0.0.2', port: ports.admin, path });

/** Name of the certificate, and the version of TLS. */
function shake(port: number, host: string, more: { maxVersion?: 'TLSv1.2' } = {}): Promise<[string, string | null]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false, ...more }, () => {
      resolve([String(socket.getPeerCertificate().subject.CN), socket.getProtocol()]);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

it('--tls-pfx, its passphrase and --tls-min-version count on both ports of HTTPS', async () => {
  for (const [port, host] of [
    [ports.tls, '127.0.0.1'],
    [ports.admin, '127.0.0.2'],
  ] as const) {
    assert.deepEqual(await shake(port, host), ['one.example', 'TLSv1.3']);
    await assert.rejects(shake(port, host, { maxVersion: 'TLSv1.2' }), { code: /PROTOCOL_VERSION/ });
  }
});

it('--require-tls leaves content, the self-update tree and signed metadata to HTTP', async () => {
  for (const path of ['/wutrack.bin', '/iuident.cab', '/healthz']) assert.equal((await atMain(path)).status, 200, path);
  // Not there on this server, and not refused.
  for (const path of ['/selfupdate/iuident.cab', '/content/00/00.cab', '/tuf/timestamp.json'])
    assert.equal((await atMain(path)).status, 404, path);
  const page = await atMain('/a%20page', { accept: 'text/html' });
  assert.deepEqual([page.status, page.headers.location], [307, `https://wsus.example:${ports.tls}/a%20page`]);
  const soap = '/clientwebservice/client.asmx';
  for (const [path, headers, method] of [
    [soap, {}, 'POST'],
    [soap, { accept: 'text/html' }, 'POST'],
    [soap, {}, 'GET'],
    ['/', { accept: 'text/html', host: 'evil.example/?' }, 'GET'],
    ['/%63lientwebservice//client.asmx', {}, 'POST'],
  ] as const)
    assert.equal((await atMain(path, headers, method)).status, 403, `${method} ${path}`);
  for (const path of [`/selfupdate/..${soap}`, `/content/%2e%2e${soap}`, `/content/..%2f..${soap}`])
    assert.equal((await atMain(path, {}, 'POST')).status, 405, path);
  const secure = await atTls(soap);
  assert.notEqual(secure.status, 403);
  assert.match(String(secure.headers['strict-transport-security']), /^max-age=/);
});

it('--admin-port and --admin-host have administration alone', async () => {
  assert.equal((await atAdmin('/api/v1/status')).status, 401);
  assert.equal((await atAdmin('/api')).status, 200);
  for (const path of ['/api', '/api/v1/status', '/api/set-up', '/console/', '/API/v1/status', '//api/v1/status']) {
    assert.equal((await atTls(path)).status, 404, path);
    // On the server itself, where --require-tls asks for nothing.
    assert.equal((await atMain(path, { host: 'localhost' })).status, 404, path);
  }
  for (const path of ['/selfupdate/iuident.cab', '/clientwebservice/client.asmx', '/metrics'])
    assert.equal((await atAdmin(path)).status, 404, path);
  await assert.rejects(ask({ host: '127.0.0.1', port: ports.admin, path: '/api' }), { code: 'ECONNREFUSED' });
});

it('SIGHUP takes up a renewed file on both ports, and a wrong one changes nothing', async () => {
  // Windows has no such signal.
  if (process.platform === 'win32') return;
  const name = async () => (await shake(ports.tls, '127.0.0.1'))[0];
  const look = () => process.kill(process.pid, 'SIGHUP');
  writeFileSync(pfx, 'rubbish');
  look();
  assert.equal(await name(), 'one.example');
  writeFileSync(pfx, Buffer.from(two.join(''), 'base64'));
  look();
  // Far less than the minute after which the server looks by itself.
  for (let count = 0; count < 1000 && (await name()) !== 'two.example'; count++) await wait(10);
  assert.deepEqual(await shake(ports.tls, '127.0.0.1'), ['two.example', 'TLSv1.3']);
  assert.deepEqual(await shake(ports.admin, '127.0.0.2'), ['two.example', 'TLSv1.3']);
  await assert.rejects(shake(ports.tls, '127.0.0.1', { maxVersion: 'TLSv1.2' }), { code: /PROTOCOL_VERSION/ });
  assert.ok(logged.some(({ msg }) => /renewed certificate .* in use/.test(String(msg))));
});
