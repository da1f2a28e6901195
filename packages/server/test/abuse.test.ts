// What nobody well-meaning sends. Always a fault or a 4xx, one line in the log, and the next client is served as before.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { clientWebService } from '@moult/protocol/client-web-service';
import { openSession } from './agent-session.ts';
import { ask, call, post } from './soap-client.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
let url: string;
before(async () => {
  const config = { maxRequestMib: 1, requestTimeoutSeconds: 1, idleTimeoutSeconds: 10 };
  server = await startTestServer({ config });
  url = `${server.url}/ClientWebService/client.asmx`;
});
after(() => server.stop());

const envelope = (inner: string, before = '') =>
  `${before}<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetConfig xmlns="${clientWebService.namespace}">${inner}</GetConfig></s:Body></s:Envelope>`;

async function refused(body: string | Uint8Array, headers: Record<string, string> = {}): Promise<number> {
  // The server also tells of itself now and then: only what it says of calls counts.
  const lines = () => server.logged.filter(({ msg }) => /^call /.test(String(msg))).length;
  const before = lines();
  const { status } = await post(url, body, headers);
  assert.equal(lines(), before + 1, 'one line in the log');
  return status;
}

describe('documents', () => {
  it('entity bombs and external entities are refused before anything is expanded', async () => {
    const bomb = `<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>`;
    assert.equal(await refused(envelope('<protocolVersion>&c;</protocolVersion>', bomb)), 400);
    const external = '<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]>';
    assert.equal(await refused(envelope('<protocolVersion>&a;</protocolVersion>', external)), 400);
    assert.equal(await refused(envelope('&undeclared;')), 400);
  });

  it('nesting, numbers of elements and of attributes are bounded', async () => {
    assert.equal(await refused(envelope('<a>'.repeat(10_000) + '</a>'.repeat(10_000))), 400);
    assert.equal(await refused(envelope(`<a ${Array.from({ length: 1000 }, (_, n) => `a${n}=""`).join(' ')}/>`)), 400);
  });

  it('what is no XML, no text, no SOAP or not complete is refused', async () => {
    const half = envelope('');
    for (const body of [
      '',
      'x',
      '{}',
      '<html/>',
      half.slice(0, -20),
      `${half}<b/>`,
      envelope('\u0001'),
      envelope('&#0;'),
    ]) {
      assert.equal(await refused(body), 400, body.slice(0, 60));
    }
    assert.equal(await refused(Buffer.from([0xff, 0xff, 0x3c])), 400);
    assert.equal(await refused(envelope('').replaceAll('GetConfig', 'Execute')), 400);
  });

  it('text with markup and control characters comes back as text or not at all', async () => {
    const answer = await call(server.url, clientWebService, 'GetConfig', {
      protocolVersion: '</protocolVersion><x>&"\'',
    });
    assert.equal(answer.kind === 'fault' && answer.fault.code, 'InvalidParameters');
  });
});

describe('HTTP', () => {
  it('wrong content types, coded bodies and wrong methods have their own status', async () => {
    assert.equal(await refused(envelope(''), { 'content-type': 'application/json' }), 415);
    assert.equal(await refused(envelope(''), { 'content-type': 'text/xmlx' }), 415);
    assert.equal(await refused(envelope(''), { 'content-encoding': 'gzip' }), 415);
    assert.equal(await refused(envelope(''), { 'content-type': 'text/xml; charset=klingon' }), 400);
    assert.equal((await post(url, '', {}, 'DELETE')).status, 405);
    assert.equal((await post(url, '', {}, 'GET')).status, 200);
  });

  it('UTF-16 is text too', async () => {
    const body = Buffer.from(`\ufeff${envelope('<protocolVersion>1.8</protocolVersion>')}`, 'utf16le');
    assert.equal((await post(url, body, { 'content-type': 'text/xml; charset=utf-16' })).status, 200);
  });

  it('a body that announces 100 MB is refused before it comes, and one that does not is cut at the limit', async () => {
    const before = process.memoryUsage().rss;
    assert.equal(await status({ 'content-length': String(100 * 1_048_576) }, 0), 413);
    assert.equal(await status({ 'transfer-encoding': 'chunked' }, 240), 413);
    // Sender and server are one process here: some of what was sent may wait to be collected, but all was never held.
    assert.ok(process.memoryUsage().rss - before < 180 * 1_048_576, 'memory stays flat');
  });

  it('a client that sends slowly is cut off after the time a request may take', async () => {
    const received = await raw(
      `POST /ClientWebService/client.asmx HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 100\r\n\r\n<`,
    );
    assert.match(received, /^HTTP\/1\.1 408/);
  });

  it('half a request line, a header without end and garbage end in a closed connection', async () => {
    assert.match(await raw('GET'), /^HTTP\/1\.1 4\d\d|^$/);
    assert.match(await raw(`GET / HTTP/1.1\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`), /^HTTP\/1\.1 431/);
    assert.match(await raw('\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n'), /^HTTP\/1\.1 400/);
  });

  it('a status ping too large or too strange to be a request is counted, and answered as any other', async () => {
    for (const query of ['U='.padEnd(40_000, 'x'), 'U=\xff\xfe\x80', 'U=\x01', 'M=a b']) {
      assert.match(
        await raw(`GET /wutrack.bin?${query} HTTP/1.1\r\nHost: a\r\n\r\n`),
        /^HTTP\/1\.1 200/,
        query.slice(0, 9),
      );
    }
    await countsMalformedPings(4);
  });

  it('a client that is still sending when it is answered gets the answer, not a reset connection', async () => {
    const received = await raw(`GET /wutrack.bin?U=${'x'.repeat(3_000_000)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.match(received, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/);
    assert.match(
      await raw(`GET / HTTP/1.1\r\nX: ${'x'.repeat(3_000_000)}\r\n\r\n`),
      /^HTTP\/1\.1 431 [\s\S]*\r\n\r\n$/,
    );
  });

  it('paths that are none are 400 or 404, whatever is in them', async () => {
    for (const path of [
      '/%',
      '/%00',
      '/Content/../../etc/passwd',
      '/Content/AB/%2e%2e%2fmoult.sqlite',
      '/x\\..\\y',
      '/%c0%ae',
    ]) {
      const text = await raw(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      assert.match(text, /^HTTP\/1\.1 40[04]/, path);
    }
  });
});

it('after all that, a client is served as if nothing had been', async () => {
  const session = await openSession(server.url);
  await session.syncToTheEnd();
  await ask(server.url, clientWebService, 'GetConfig', { protocolVersion: '1.8' });
});

/** Sends `mebibytes` of body, or only the head of the request, and answers the status. */
function status(headers: Record<string, string>, mebibytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: 'POST', headers: { 'content-type': 'text/xml', ...headers } });
    request.on('response', (response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    request.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? undefined : reject(error)));
    request.flushHeaders();
    const piece = Buffer.alloc(1_048_576, 0x20);
    const send = (left: number): void => {
      if (left > 0 && !request.destroyed) request.write(piece, () => send(left - 1));
    };
    send(mebibytes);
  });
}

/** Waits until the server has counted this many malformed pings; it writes its counters every now and then. */
async function countsMalformedPings(expected: number): Promise<void> {
  using database = new DatabaseSync(join(server.dataDir, 'moult.sqlite'), { readOnly: true });
  const counted = () => database.prepare("select value from counters where name = 'malformed-pings'").get()?.value;
  for (let waited = 0; counted() !== expected && waited < 1200; waited++) await pause(50);
  assert.equal(counted(), expected);
}

/** Sends text as it is and answers everything until the connection is closed. */
function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname, () => socket.write(text, 'latin1'));
    socket.on('data', (piece) => {
      received += piece.toString('latin1');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      received += error.code;
    });
    socket.on('close', () => resolve(received));
  });
}
