// Whole exchanges with real servers and a real proxy of the test's own: the ways, whom TLS trusts, and odd answers.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { issue, type LabIdentity } from '../../../formats/src/authenticode/test/certificate-lab.ts';
import { closeServer, listenOn, openProxy, type TestProxy } from '../../test/proxy-server.ts';
import { type Network, plainNetwork } from './network.ts';
import { type ProxySettings, parseProxyList } from './proxy.ts';
import { type HttpRequest, send, sendExpecting } from './request.ts';
import { createThrottle } from './throttle.ts';
import { type TlsTrust, trustedByTls } from './tls-trust.ts';

const limits = { silenceMs: 30_000, totalMs: 60_000, maxBytes: 1_000_000 };
let answer: RequestListener = (_, response) => void response.end('hello');
const plain = createServer((request, response) => answer(request, response));
let port = 0;
let ca: LabIdentity;
let stranger: LabIdentity;

before(async () => {
  port = await listenOn(plain);
  const shape = { isAuthority: true };
  [ca, stranger] = await Promise.all([
    issue({ ...shape, commonName: 'Operator CA' }),
    issue({ ...shape, commonName: 'Somebody' }),
  ]);
});
after(() => closeServer(plain));
beforeEach(() => {
  answer = (_, response) => void response.end('hello');
});

function get(url: string, network: Partial<Network> = {}, more: Partial<HttpRequest> = {}) {
  return sendExpecting({
    url,
    userAgent: 'test',
    limits: { ...limits, network: { ...plainNetwork, ...network } },
    ...more,
  });
}

async function refusal(work: Promise<unknown>): Promise<{ code: string; message: string; hresult: number }> {
  const error = await work.then(
    () => assert.fail('it went well'),
    (thrown) => thrown,
  );
  assert.doesNotMatch(error.message, /\n|\bat .*:\d+:\d+/, 'one line, no stack trace');
  return error;
}

function through(url: string, credentials?: { user: string; password: string }): ProxySettings {
  const { http, https } = parseProxyList(url, 'the test');
  const withCredentials = (one: typeof http) => (one && credentials ? { ...one, credentials } : one);
  return {
    http: withCredentials(http),
    https: withCredentials(https),
    bypass: { withSubdomains: true, rules: ['direct.test'] },
    from: 'the test',
  };
}

/** A TLS server for one test. */
async function withTls<T>(identity: LabIdentity, work: (port: number) => Promise<T>): Promise<T> {
  const { certificatePem: cert, privateKeyPem: key } = identity;
  const server = createTlsServer({ cert, key }, (request, response) => answer(request, response));
  server.on('tlsClientError', () => undefined);
  try {
    return await work(await listenOn(server));
  } finally {
    await closeServer(server as unknown as typeof plain);
  }
}

async function leaf(names: string[], dates: { notBefore?: Date; notAfter?: Date } = {}, under = ca) {
  const { SubjectAlternativeNameExtension } = await import('@peculiar/x509');
  const extra = [new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value })))];
  return issue({ commonName: names[0] ?? '', extra, ...dates }, under);
}

function answering(text: string): TestProxy['intercept'] {
  return (_, to) => {
    to.end(text);
    return true;
  };
}

describe('through a proxy', () => {
  let proxy: TestProxy;
  let target = 0;
  before(async () => {
    proxy = await openProxy(() => target, 'geheim');
  });
  after(() => proxy.close());
  beforeEach(() => {
    target = port;
    proxy.seen.length = 0;
    proxy.credentials.length = 0;
    proxy.intercept = undefined;
  });
  const way = () => ({ proxy: through(proxy.url, { user: 'proxy', password: 'geheim' }) });

  it('http asks with the whole address, and the server gets no credentials', async () => {
    const headers: (string | undefined)[] = [];
    answer = ({ headers: got }, response) => {
      headers.push(got.host, got['proxy-authorization']);
      response.end('through');
    };
    const { body } = await get('http://updates.example.test:8530/a?b', way());
    assert.equal(Buffer.from(body).toString(), 'through');
    assert.deepEqual(proxy.seen, ['GET http://updates.example.test:8530/a?b']);
    assert.deepEqual(headers, ['updates.example.test:8530', undefined]);
  });

  it('https goes through CONNECT, and the certificate is that of the server', async () => {
    const identity = await leaf(['updates.example.test']);
    await withTls(identity, async (tlsPort) => {
      target = tlsPort;
      const tls = trustedByTls('operator', ca.certificatePem);
      const { body } = await get('https://updates.example.test/a', { ...way(), tls });
      assert.equal(Buffer.from(body).toString(), 'hello');
      assert.deepEqual(proxy.seen, ['CONNECT updates.example.test:443']);
      const { code } = await refusal(
        get('https://updates.example.test/a', { ...way(), tls: trustedByTls('operator', stranger.certificatePem) }),
      );
      assert.equal(code, 'AGENT_TRANSPORT_TLS');
    });
  });

  it('a proxy that wants a log-on is named, and no secret is in the message', async () => {
    const wrong = { proxy: through(proxy.url, { user: 'proxy', password: 'falsch' }) };
    for (const url of ['http://updates.example.test/a', 'https://updates.example.test/a']) {
      const { code, message, hresult } = await refusal(get(url, wrong));
      assert.match(code, /AGENT_TRANSPORT_(STATUS|PROXY)/);
      assert.match(message, /407.*proxy-credentials|proxy-credentials/);
      assert.doesNotMatch(message, /falsch|ZmFsc2No|cHJveHk6/);
      assert.equal(hresult, 0x8024401b);
    }
  });

  it('a proxy that refuses, is away, hangs or answers rubbish is told as the proxy', async () => {
    const tunnel = 'https://updates.example.test/a';
    proxy.intercept = answering('HTTP/1.1 403 Forbidden\r\n\r\n');
    const refused = await refusal(get(tunnel, way()));
    assert.equal(refused.code, 'AGENT_TRANSPORT_PROXY');
    assert.match(refused.message, /lets nothing through to updates\.example\.test \(403\)/);
    proxy.intercept = answering('SSH-2.0-OpenSSH_9\r\n');
    assert.match((await refusal(get(tunnel, way()))).code, /AGENT_TRANSPORT_(PROXY|CUT)/);
    proxy.intercept = () => true;
    const silent = await refusal(
      sendExpecting({
        url: tunnel,
        userAgent: 'test',
        limits: { ...limits, silenceMs: 300, network: { ...plainNetwork, ...way() } },
      }),
    );
    assert.equal(silent.code, 'AGENT_TRANSPORT_TIMEOUT', silent.message);
    const away = through('http://127.0.0.1:1');
    for (const url of ['http://updates.example.test/a', tunnel]) {
      const error = await refusal(get(url, { proxy: away }));
      assert.equal(error.code, 'AGENT_TRANSPORT_PROXY');
      assert.match(error.message, /No connection to the proxy http:\/\/127\.0\.0\.1:1 \(the test\)/);
    }
    const nameless = await refusal(
      get('http://updates.example.test/a', { proxy: through('http://nowhere.invalid:1') }),
    );
    assert.match(nameless.message, /The name of the proxy http:\/\/nowhere\.invalid:1/);
  });

  it('is not asked for this machine, nor for what the rules leave out', async () => {
    await get(`http://127.0.0.1:${port}/`, way());
    const { code } = await refusal(get('http://direct.test:1/', way()));
    assert.match(code, /AGENT_TRANSPORT_(NAME|CONNECT)/);
    assert.deepEqual(proxy.seen, []);
  });
});

describe('over https', () => {
  const trusts = (trust: TlsTrust, pem?: string) => ({ tls: trustedByTls(trust, pem) });

  it('the pinned CA of the operator is trusted, alone or beside the system', async () => {
    await withTls(await leaf(['localhost']), async (tlsPort) => {
      const url = `https://localhost:${tlsPort}/`;
      for (const trust of ['operator', 'any'] as const) await get(url, trusts(trust, ca.certificatePem));
      for (const network of [
        trusts('system', ca.certificatePem),
        trusts('any'),
        trusts('operator', stranger.certificatePem),
      ]) {
        const { code, message, hresult } = await refusal(get(url, network));
        assert.deepEqual([code, hresult], ['AGENT_TRANSPORT_TLS', 0x80072f0d]);
        assert.match(message, /is not under (the operator's CA|an authority)/);
      }
      const { message } = await refusal(get(url, trusts('operator')));
      assert.match(message, /no CA of an operator is pinned/);
    });
  });

  it('a certificate that expired, or begins later, is told with the clock of this machine', async () => {
    const past = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') };
    const future = { notBefore: new Date('2048-01-01') };
    for (const [dates, what] of [
      [past, /has expired by the clock of this machine \(2\d{3}-/],
      [future, /is not valid yet by the clock/],
    ] as const) {
      await withTls(await leaf(['localhost'], dates), async (tlsPort) => {
        const error = await refusal(get(`https://localhost:${tlsPort}/`, trusts('operator', ca.certificatePem)));
        assert.deepEqual([error.code, error.hresult], ['AGENT_TRANSPORT_TLS', 0x80072f05]);
        assert.match(error.message, what);
      });
    }
  });

  it('a certificate of another host names that host', async () => {
    await withTls(await leaf(['other.example.test']), async (tlsPort) => {
      const error = await refusal(get(`https://localhost:${tlsPort}/`, trusts('operator', ca.certificatePem)));
      assert.deepEqual([error.code, error.hresult], ['AGENT_TRANSPORT_TLS', 0x80072f06]);
      assert.match(error.message, /is not for localhost\. It is for DNS:other\.example\.test/);
    });
  });

  it('an http port is told as one', async () => {
    const error = await refusal(get(`https://localhost:${port}/`, trusts('any')));
    assert.deepEqual([error.code, error.hresult], ['AGENT_TRANSPORT_TLS', 0x80072f7d]);
  });

  it('a pinned file that is no certificate is told', async () => {
    const error = await refusal(get(`https://localhost:${port}/`, trusts('operator', 'rubbish')));
    assert.equal(error.code, 'AGENT_TRANSPORT_TLS');
  });
});

describe('odd answers', () => {
  const url = () => `http://127.0.0.1:${port}/file.cab`;

  it('no coding is asked for, and one that comes all the same is one clear line', async () => {
    let asked: string | undefined;
    answer = ({ headers }, response) => {
      asked = headers['accept-encoding'];
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync('hello'));
    };
    const { code, message } = await refusal(get(url()));
    assert.equal(asked, 'identity');
    assert.equal(code, 'AGENT_TRANSPORT_ENCODING');
    assert.match(message, /Content-Encoding: gzip, which the agent did not ask for/);
    answer = (_, response) => response.writeHead(404, { 'Content-Encoding': 'gzip' }).end(gzipSync('none'));
    assert.equal((await refusal(get(url()))).code, 'AGENT_TRANSPORT_STATUS');
  });

  it('a redirect is never followed, and says where it leads', async () => {
    let asked = 0;
    const redirect = (location: string) => {
      answer = (_, response) => {
        asked += 1;
        response.writeHead(302, { Location: location }).end();
      };
      return refusal(get(url()));
    };
    const toTls = await redirect('https://127.0.0.1:8531/file.cab');
    assert.equal(toTls.code, 'AGENT_TRANSPORT_STATUS');
    assert.match(toTls.message, /redirects to https:\/\/127\.0\.0\.1:8531, .*Set WUServer to that address/);
    assert.match(
      (await redirect('http://portal.example/login?next=x')).message,
      /to http:\/\/portal\.example; .*captive/,
    );
    assert.match((await redirect('file:///etc/passwd')).message, /does not follow/);
    assert.match((await redirect('\\\\')).message, /redirects/);
    assert.equal(asked, 4);
  });

  it('an address that is no http address is refused before anything is sent', async () => {
    for (const odd of [
      '/Content/x',
      'file:///etc/passwd',
      'ftp://h/x',
      'Content/x',
      '',
      'http://',
      '//h/x',
      'javascript:1',
    ]) {
      const { code, message } = await refusal(get(odd));
      assert.equal(code, 'AGENT_TRANSPORT_BAD_URL', odd);
      assert.match(message, /is not fetched: it must begin with http/);
    }
    const secret = await refusal(get('http://me:s3cret@host/x'));
    assert.equal(secret.code, 'AGENT_TRANSPORT_BAD_URL');
    assert.doesNotMatch(secret.message, /s3cret/);
  });

  it('Retry-After of a busy server is in the error', async () => {
    for (const status of [429, 503]) {
      answer = (_, response) => response.writeHead(status, { 'Retry-After': '7' }).end();
      const error = (await refusal(get(url()))) as { retryAfterMs?: number };
      assert.equal(error.retryAfterMs, 7000);
    }
    answer = (_, response) => response.writeHead(500, { 'Retry-After': '7' }).end();
    assert.equal(((await refusal(get(url()))) as { retryAfterMs?: number }).retryAfterMs, undefined);
  });
});

describe('a sink', () => {
  it('whose error ends the exchange has that error thrown as it is, and gets nothing more', async () => {
    answer = (_, response) => void response.end(Buffer.alloc(500_000));
    for (const at of ['begin', 'take'] as const) {
      const full = Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
      let calls = 0;
      const failing = () => {
        calls += 1;
        throw full;
      };
      const sink = { accepts: [200], begin: () => undefined, take: () => undefined, [at]: failing };
      const thrown = await get(`http://127.0.0.1:${port}/`, {}, { sink }).catch((error: unknown) => error);
      assert.equal(thrown, full, 'not told as a fault of the network');
      assert.equal(calls, 1);
    }
  });
});

describe('the bandwidth', () => {
  it('is kept, and its waits are no silence of the server', async () => {
    answer = (_, response) => void response.end(Buffer.alloc(300_000));
    const started = performance.now();
    const { body } = await send({
      url: `http://127.0.0.1:${port}/`,
      userAgent: 'test',
      limits: {
        silenceMs: 1000,
        totalMs: 1000,
        maxBytes: 1e6,
        network: { ...plainNetwork, throttle: createThrottle(100_000) },
      },
    });
    assert.equal(body.length, 300_000);
    // The first second is the burst, and what is owed for the last piece the next request pays.
    assert.ok(performance.now() - started >= 1200);
  });
});
