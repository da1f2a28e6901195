// Operations that take files and addresses from outside: nothing leaves its folder, nothing is kept, no file of the server is read.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startApi, type TestApi } from './test/api-server.ts';

const log =
  '2026-11-22\t10:00:00:000\t 100\t200\tAgent\tWARNING: WU client failed Searching for update with error 0x8024402c\r\n';

describe('operations with files and addresses from outside', () => {
  let api: TestApi;
  before(async () => {
    api = await startApi();
  });
  after(() => api[Symbol.asyncDispose]());
  const post = (path: string, body: unknown) =>
    api.ask(`/api/v1${path}`, { method: 'POST', token: api.tokens.administrator, body });

  it('a log that somebody sends gets the findings of the doctor, under the name that it was sent with, and is not kept', async () => {
    const { status, text, json } = await post('/doctor/files', { files: [{ name: 'WindowsUpdate.log', text: log }] });
    assert.equal(status, 200, text);
    assert.match(text, /WindowsUpdate\.log/);
    assert.ok(Array.isArray(json.findings) && json.findings.length > 0, text);
    assert.ok(!text.includes('fetching'), 'the folder of the server does not show');
    const folder = join(api.administration.server.dataDir, 'fetching');
    assert.deepEqual(readdirSync(folder), []);
  });

  it('settings of a client are judged, and binary files are taken as base64', async () => {
    const reg =
      'Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate]\r\n"WUServer"="http://updates.example.com:8530"\r\n';
    const base64 = Buffer.from(`\ufeff${reg}`, 'utf16le').toString('base64');
    const { status, text } = await post('/doctor/files', { files: [{ name: 'policy.reg', kind: 'settings', base64 }] });
    assert.equal(status, 200, text);
    assert.match(text, /DOCTOR_/);
  });

  it('a name with a folder, two equal names, and a file without content are refused, and nothing is written', async () => {
    for (const name of ['../x.log', '/etc/passwd', 'a/b.log', 'a\\b.log', '..', '.x', 'a\u0000b', '', 'x'.repeat(200)])
      assert.equal((await post('/doctor/files', { files: [{ name, text: log }] })).status, 400, name);
    const twice = {
      files: [
        { name: 'a.log', text: log },
        { name: 'A.log', text: log },
      ],
    };
    assert.equal((await post('/doctor/files', twice)).status, 400);
    assert.equal((await post('/doctor/files', { files: [{ name: 'a.log' }] })).status, 400);
    assert.equal((await post('/doctor/files', { files: [{ name: 'a.log', text: log, base64: '' }] })).status, 400);
    assert.deepEqual(readdirSync(join(api.administration.server.dataDir, 'fetching')), []);
    assert.ok(!existsSync(join(api.administration.server.dataDir, 'x.log')));
  });

  it('a catalog and an installer come from web addresses alone, and by default not from a private network', async () => {
    for (const address of ['/etc/passwd', 'file:///etc/passwd', 'ftp://a/b', 'C:\\x.cab', 'http:', ''])
      assert.equal((await post('/catalogs', { address })).status, 400, address);
    for (const address of ['http://127.0.0.1:1/x.cab', 'http://[::1]/x.cab', 'http://169.254.169.254/latest/x.cab']) {
      const { status, json } = await post('/catalogs', { address });
      assert.deepEqual([status, json.code], [409, 'ADMINISTRATION_PRIVATE_ADDRESS'], address);
    }
  });

  it('a publication names files that came with it, and no file of the server', async () => {
    const publication = (file: string) =>
      `publisher: A\nproduct: B\ntitle: C\ndescription: D\nfiles: ['${file}']\ninstall: { program: '${file}' }\ninstalled-when: { FileExists: { path: '\\x', csidl: 38 } }\n`;
    for (const file of ['/etc/passwd', '../../moult.sqlite', 'nothing.exe']) {
      const { status, text } = await post('/publications', { publication: publication(file), allowAll: true });
      assert.equal(status, 409, text);
      assert.ok(!text.includes('root:'), text);
    }
  });

  it('the line for clients names the server of the question or of the settings, whatever name a request was sent to', async () => {
    const ask = (query: string) =>
      api.ask(`/api/v1/releases/install-line${query}`, {
        ...{ token: api.tokens.reporter, headers: { host: '127.0.0.9:4444' } },
      });
    assert.equal((await ask('')).status, 409);
    for (const server of ["http://a'; id", 'http://a/b', 'http://a$(id)', 'http://a\n', 'ftp://a', 'http://a b'])
      assert.equal((await ask(`?${new URLSearchParams({ server })}`)).status, 400, server);
    assert.equal((await ask('?server=http://a&group=a%0Ab')).status, 400);
    const named = await ask('?server=http://wsus:8530');
    assert.deepEqual(named.json, { server: 'http://wsus:8530', bundles: [] }, 'there are no installers');
    const { config } = api.administration.server;
    Object.assign(config, { publicUrl: 'https://public.example' });
    try {
      assert.equal((await ask('')).json.server, 'https://public.example');
      assert.equal((await ask('?server=http://wsus:8530')).json.server, 'http://wsus:8530');
    } finally {
      Object.assign(config, { publicUrl: undefined });
    }
  });

  it('a policy takes an address of a server and nothing that ends a line of a script', async () => {
    for (const server of ["http://a'; calc", 'http://a/b', 'http://a"', 'http://a\n', 'javascript:x', 'http://a b']) {
      const query = new URLSearchParams({ format: 'ps1', server });
      const { status } = await api.ask(`/api/v1/policy?${query}`, { token: api.tokens.reporter });
      assert.equal(status, 400, server);
    }
  });

  it('the list of settings shows no password', async () => {
    Object.assign(api.administration.server.config, {
      database: 'postgres://moult:hunter2@db/moult',
      upstream: 'https://user:hunter2@upstream.example.com',
    });
    const { text } = await api.ask('/api/v1/settings?limit=200', { token: api.tokens.administrator });
    assert.match(text, /upstream\.example\.com/);
    assert.ok(!text.includes('hunter2'), text);
    assert.equal((await api.ask('/api/v1/settings', { token: api.tokens.approver })).status, 403);
  });
});
