// Which proxy a request goes through, from the texts that administrators write.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { viewOf } from '../machine/registry.ts';
import { parseRegistryText } from '../machine/registry-text.ts';
import { isBypassed, parseBypass } from './bypass.ts';
import { type Credentials, proxyFor, readProxySettings, shownProxy } from './proxy.ts';
import { parseWinHttpSettings } from './winhttp-proxy.ts';

const connections = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections';

function registry(lines: string[] = []) {
  return viewOf(
    parseRegistryText(Buffer.from(['Windows Registry Editor Version 5.00', '', ...lines, ''].join('\r\n'))),
  );
}

function setting(values: Record<string, string>) {
  return registry([
    '[HKEY_LOCAL_MACHINE\\SOFTWARE\\Moult\\Agent]',
    ...Object.entries(values).map(([name, value]) => `"${name}"="${value}"`),
  ]);
}

/** As "netsh winhttp set proxy" leaves it. */
function winHttp(proxy: string, bypass = '', { flags = 3, size = 0x28 } = {}): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(size, 0);
  head.writeUInt32LE(flags, 8);
  const list = (text: string) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.length);
    return Buffer.concat([length, Buffer.from(text, 'latin1')]);
  };
  return Buffer.concat([head, list(proxy), list(bypass), Buffer.alloc(32)]);
}

function winHttpRegistry(bytes: Buffer) {
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(',');
  return registry([`[${connections}]`, `"WinHttpSettings"=hex:${hex}`]);
}

function shown(url: string, view = registry(), env: NodeJS.ProcessEnv = {}, credentials?: Credentials): string {
  return shownProxy(new URL(url), readProxySettings({ registry: view, env, credentials }));
}

describe('the proxy of a request', () => {
  const http = 'http://updates.example.com:8530/a';
  const https = 'https://updates.example.com/a';

  it('comes from the setting, else from the environment, else from WinHTTP', () => {
    const env = { http_proxy: 'http://env:3128' };
    const both = winHttpRegistry(winHttp('winhttp:8080'));
    assert.equal(shown(http), 'none (no proxy is set)');
    assert.equal(shown(http, both), 'http://winhttp:8080 (WinHTTP)');
    assert.equal(shown(http, both, env), 'http://env:3128 (http_proxy of the environment)');
    const set = setting({ ProxyServer: 'set:3128' });
    assert.equal(shown(http, set, env), 'http://set:3128 (the setting ProxyServer)');
    assert.equal(shown(http, setting({ ProxyServer: 'direct' }), env), 'none (the setting ProxyServer: direct)');
  });

  it('is that of its scheme', () => {
    const env = { HTTP_PROXY: 'one:80', HTTPS_PROXY: 'https://two:443' };
    assert.equal(shown(http, registry(), env), 'http://one (HTTP_PROXY and HTTPS_PROXY of the environment)');
    assert.equal(shown(https, registry(), env), 'https://two (HTTP_PROXY and HTTPS_PROXY of the environment)');
    assert.equal(shown(https, registry(), { HTTP_PROXY: 'one' }).slice(0, 4), 'none');
    assert.match(shown(https, registry(), { ALL_PROXY: 'all:1' }), /^http:\/\/all:1 /);
    assert.match(shown(https, winHttpRegistry(winHttp('http=a:1;https=b:2'))), /^http:\/\/b:2 /);
  });

  it('lower case counts before upper case, and an empty variable is not set', () => {
    assert.match(shown(http, registry(), { HTTP_PROXY: 'upper:1', http_proxy: 'lower:1' }), /lower/);
    assert.match(shown(http, registry(), { HTTP_PROXY: 'upper:1', http_proxy: '' }), /upper/);
  });

  it('is shown and refused without its password', () => {
    const env = { http_proxy: 'http://me:s3cr%40t@env:3128' };
    assert.ok(!shown(http, registry(), env).includes('s3cr'));
    const settings = readProxySettings({ registry: registry(), env, credentials: undefined });
    assert.deepEqual(proxyFor(new URL(http), settings)?.credentials, { user: 'me', password: 's3cr@t' });
    for (const bad of ['socks5://me:s3cr@x:1', 'http://me:s3cr%zz@x:1', 'http://me:s3cr@', '::s3cr::']) {
      const read = () => readProxySettings({ registry: registry(), env: { http_proxy: bad }, credentials: undefined });
      assert.throws(read, (error: Error & { code?: string }) => {
        assert.equal(error.code, 'AGENT_CONFIG_BAD_PROXY', bad);
        assert.match(error.message, /environment variable http_proxy/);
        return !error.message.includes('s3cr');
      });
    }
  });

  it('the stored user and password go to the proxy of the setting alone', () => {
    const credentials = { user: 'u', password: 'p' };
    const of = (view: ReturnType<typeof registry>, env: NodeJS.ProcessEnv) =>
      proxyFor(new URL(http), readProxySettings({ registry: view, env, credentials }))?.credentials;
    assert.deepEqual(of(setting({ ProxyServer: 'set:1' }), {}), credentials);
    assert.equal(of(registry(), { http_proxy: 'env:1' }), undefined);
    assert.equal(of(winHttpRegistry(winHttp('w:1')), {}), undefined);
  });
});

describe('hosts that are asked directly', () => {
  const unix = (text: string, url: string) => isBypassed(new URL(url), parseBypass(text, true));
  const windows = (text: string, url: string) => isBypassed(new URL(url), parseBypass(text, false));

  it('names, suffixes, ports and stars', () => {
    const rules = 'example.com, .corp.test;*.lab.test build:8530 WSUS-1';
    for (const url of ['http://example.com', 'http://a.example.com', 'http://x.corp.test', 'http://corp.test'])
      assert.ok(unix(rules, url), url);
    for (const url of ['http://y.lab.test', 'http://build:8530', 'http://wsus-1.', 'https://WSUS-1/'])
      assert.ok(unix(rules, url), url);
    for (const url of ['http://notexample.com', 'http://build:80', 'http://xcorp.test', 'http://wsus-10'])
      assert.ok(!unix(rules, url), url);
    assert.ok(unix('*', 'http://anything'));
    assert.ok(!unix('', 'http://anything'));
  });

  it('addresses and networks, of both families', () => {
    const rules = '10.0.0.0/8,192.168.7.9,fd00::/8,[2001:db8::1]:8530,172.16.0.0/33,300.0.0.0/8,nonsense/8';
    for (const url of ['http://10.255.0.1', 'http://192.168.7.9:99', 'http://[fd12::5]', 'http://[2001:db8::1]:8530'])
      assert.ok(unix(rules, url), url);
    for (const url of ['http://11.0.0.1', 'http://192.168.7.99', 'http://[fe80::1]', 'http://[2001:db8::1]:80'])
      assert.ok(!unix(rules, url), url);
    assert.ok(!unix(rules, 'http://172.16.0.1') && !unix(rules, 'http://10.example.com'));
  });

  it("Windows' list: exact names, stars anywhere, and <local>", () => {
    assert.ok(windows('<local>', 'http://wsus:8530') && !windows('<local>', 'http://wsus.corp.test'));
    assert.ok(windows('http://*.corp.test;10.*', 'http://a.corp.test') && windows('10.*', 'http://10.1.2.3'));
    assert.ok(!windows('corp.test', 'http://a.corp.test') && windows('corp.test', 'http://corp.test'));
    assert.ok(windows('w*us-*.test', 'http://wsus-7.test') && !windows('ab*ba', 'http://aba'));
  });

  it('this machine itself always is', () => {
    for (const url of ['http://localhost:1', 'http://127.8.8.8', 'http://[::1]:2', 'http://a.localhost'])
      assert.ok(unix('', url), url);
  });

  it('a pattern made to take long takes none', () => {
    const started = performance.now();
    windows(`${'a*'.repeat(5000)}b`, `http://${'a'.repeat(250)}.test`);
    assert.ok(performance.now() - started < 5000);
  });
});

describe('WinHttpSettings', () => {
  it('is read in each size that Windows has written', () => {
    for (const size of [0x18, 0x28, 0x46])
      assert.deepEqual(parseWinHttpSettings(winHttp('p:8080', '<local>;*.corp', { size })), {
        proxy: 'p:8080',
        bypass: '<local>;*.corp',
      });
    assert.equal(parseWinHttpSettings(winHttp('p:8080', '', { flags: 1 })), undefined);
  });

  it('damaged in any way is a proxy or none, never an error', () => {
    const whole = winHttp('proxy:8080', '<local>');
    for (let length = 0; length <= whole.length; length += 1) parseWinHttpSettings(whole.subarray(0, length));
    for (let at = 0; at < whole.length * 8; at += 1) {
      const turned = Buffer.from(whole);
      turned[at >> 3] = (turned[at >> 3] ?? 0) ^ (1 << (at & 7));
      const { proxy = '', bypass = '' } = parseWinHttpSettings(turned) ?? {};
      assert.match(proxy + bypass, /^[\x20-\x7e]*$/);
    }
    const endless = winHttp('p:1');
    endless.writeUInt32LE(0xffffffff, 12);
    assert.equal(parseWinHttpSettings(endless), undefined);
  });
});
