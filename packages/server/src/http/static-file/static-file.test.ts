import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createMemoryFile, createOpenFiles, serveBytes, serveFile } from './index.ts';

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

const bytes = Buffer.from(Array.from({ length: 700_001 }, (_, index) => (index * 31 + (index >> 8)) & 0xff));
const lastModified = new Date('2026-09-02T08:30:53.640Z');
const httpDate = 'Wed, 02 Sep 2026 08:30:53 GMT';
const etag = '"0011aa"';
const contentType = 'application/octet-stream';

let folder = '';
let port = 0;
const openFiles = createOpenFiles({ idleMs: 50 });
const memory = createMemoryFile(bytes, { lastModified, etag, contentType });
const empty = createMemoryFile(Buffer.alloc(0), { lastModified, etag, contentType });

const server = createServer((request, response) => {
  const { url = '' } = request;
  const exchange = { request, response, receivedAt: new Date(Date.now() + 3_600_000) };
  if (url === '/memory') serveBytes(exchange, memory);
  else if (url === '/empty') serveBytes(exchange, empty);
  else {
    serveFile(exchange, { folder, name: url.slice(1), etag, contentType }, openFiles).catch((error) => {
      response.writeHead(error.code === 'ENOENT' ? 404 : 500).end();
    });
  }
});

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-static-'));
  writeFileSync(join(folder, 'file'), bytes);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

after(async () => {
  server.closeAllConnections();
  server.close();
  await openFiles.close();
  rmSync(folder, { recursive: true });
});

async function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const request = httpRequest({ port, path, method, headers }).end();
  const [response] = await once(request, 'response');
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) };
}

for (const path of ['/memory', '/file']) {
  const isDisk = path === '/file';
  const date = isDisk ? undefined : httpDate;

  test('a file that is taken away is not served for as long as somebody keeps asking', async () => {
    const place = { folder, name: 'taken-away' };
    const path = join(folder, 'taken-away');
    writeFileSync(path, bytes);
    const files = createOpenFiles({ maxAgeMs: 1_000 });
    const first = await files.acquire(place);
    rmSync(path);
    const again = await files.acquire(place);
    again.release();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const late = await Promise.allSettled([files.acquire(place), files.acquire(place)]);
    assert.deepEqual(
      late.map((one) => one.status === 'rejected' && one.reason.code),
      ['ENOENT', 'ENOENT'],
    );
    assert.equal((await first.handle.read(Buffer.alloc(10), 0, 10, 0)).bytesRead, 10, 'who has it reads on');
    first.release();
    await files.close();
  });

  describe(`a file served from ${isDisk ? 'disk' : 'memory'}`, () => {
    test('comes whole, with length, validators and no compression', async () => {
      const answer = await ask(path, { 'accept-encoding': 'gzip, deflate, br, xpress' });
      assert.equal(answer.status, 200);
      assert.ok(answer.body.equals(bytes));
      assert.equal(answer.headers['content-length'], String(bytes.length));
      assert.equal(answer.headers.etag, etag);
      assert.equal(answer.headers['accept-ranges'], 'bytes');
      assert.equal(answer.headers['content-encoding'], undefined);
      assert.equal(answer.headers['last-modified'], date ?? answer.headers['last-modified']);
    });

    test('HEAD says the same without a body, and takes no range', async () => {
      const answer = await ask(path, { range: 'bytes=0-9' }, 'HEAD');
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-length'], String(bytes.length));
      assert.equal(answer.headers['content-range'], undefined);
      assert.equal(answer.body.length, 0);
    });

    test('single, open and suffix ranges give exactly those bytes', async () => {
      for (const [range, first, end] of [
        ['bytes=0-0', 0, 1],
        ['bytes=0-1048575', 0, bytes.length],
        ['bytes=262140-262150', 262140, 262151],
        ['bytes=700000-', 700000, 700001],
        ['bytes=-5', 699996, 700001],
        ['bytes=-9999999', 0, 700001],
        ['bytes=5-99999999999999999999999999', 5, 700001],
        ['Bytes = 1-2'.replaceAll(' ', ''), 1, 3],
        [' bytes=1-2 , 9000000-', 1, 3],
      ] as const) {
        const answer = await ask(path, { range });
        assert.equal(answer.status, 206, range);
        assert.equal(answer.headers['content-range'], `bytes ${first}-${end - 1}/${bytes.length}`);
        assert.equal(answer.headers['content-length'], String(end - first));
        assert.ok(answer.body.equals(bytes.subarray(first, end)), range);
      }
    });

    test('several ranges come as multipart/byteranges in the order asked', async () => {
      const answer = await ask(path, { range: 'bytes=500-509, -3,0-300000' });
      assert.equal(answer.status, 206);
      assert.equal(answer.headers['content-length'], String(answer.body.length));
      const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(answer.headers['content-type'] ?? '')?.[1];
      const parts = answer.body.toString('latin1').split(`--${boundary}`);
      assert.equal(parts.shift(), '');
      assert.equal(parts.pop(), '--\r\n');
      const contents = parts.map((part) => {
        const [head = '', body = ''] = part.split(/\r\n\r\n(.*)\r\n$/s);
        return [/Content-Range: bytes (\S+)/.exec(head)?.[1], Buffer.from(body, 'latin1')] as const;
      });
      assert.deepEqual(
        contents.map(([range]) => range),
        [`500-509/${bytes.length}`, `699998-700000/${bytes.length}`, `0-300000/${bytes.length}`],
      );
      assert.ok(contents[0]?.[1].equals(bytes.subarray(500, 510)));
      assert.ok(contents[1]?.[1].equals(bytes.subarray(-3)));
      assert.ok(contents[2]?.[1].equals(bytes.subarray(0, 300001)));
    });

    test('a range behind the end is 416 with the real length', async () => {
      for (const range of ['bytes=700001-', 'bytes=700001-700005,900000-', 'bytes=-0']) {
        const answer = await ask(path, { range });
        assert.equal(answer.status, 416, range);
        assert.equal(answer.headers['content-range'], `bytes */${bytes.length}`);
        assert.equal(answer.body.length, 0);
      }
    });

    test('a Range header that is wrong, foreign or greedy is passed over', async () => {
      const greedy = `bytes=${Array(201).fill('0-0').join(',')}`;
      for (const range of ['bytes=5-2', 'bytes=a-b', 'bytes=', 'bytes=-', 'lines=0-1', 'bytes=0-,0-', greedy]) {
        const answer = await ask(path, { range });
        assert.equal(answer.status, 200, range);
        assert.equal(answer.body.length, bytes.length);
      }
    });

    test('conditions are evaluated in the order of RFC 9110', async () => {
      const modified = (await ask(path, {}, 'HEAD')).headers['last-modified'] ?? '';
      const before = 'Tue, 01 Sep 2020 00:00:00 GMT';
      const later = new Date(Date.parse(modified) + 60_000).toUTCString();
      const cases: [number, Record<string, string>][] = [
        [304, { 'if-none-match': etag }],
        [304, { 'if-none-match': `"x", W/${etag}` }],
        [304, { 'if-none-match': '*' }],
        [200, { 'if-none-match': '"x"', 'if-modified-since': later }],
        [304, { 'if-modified-since': modified }],
        [304, { 'if-modified-since': `${later}; length=5` }],
        [200, { 'if-modified-since': before }],
        [200, { 'if-modified-since': 'yesterday' }],
        // Given by a server whose clock was ten years ahead.
        [200, { 'if-modified-since': new Date(Date.now() + 3652 * 86_400_000).toUTCString() }],
        [412, { 'if-match': '"x"' }],
        [412, { 'if-match': `W/${etag}` }],
        [200, { 'if-match': `"x",${etag}`, 'if-unmodified-since': before }],
        [412, { 'if-unmodified-since': before }],
        [200, { 'if-unmodified-since': modified }],
        [206, { range: 'bytes=0-1', 'if-range': etag }],
        [206, { range: 'bytes=0-1', 'if-range': modified }],
        [200, { range: 'bytes=0-1', 'if-range': later }],
        [200, { range: 'bytes=0-1', 'if-range': `W/${etag}` }],
        [200, { range: 'bytes=0-1', 'if-range': '"x"' }],
        [304, { range: 'bytes=0-1', 'if-none-match': etag }],
      ];
      for (const [status, headers] of cases) {
        const answer = await ask(path, headers);
        assert.equal(answer.status, status, JSON.stringify(headers));
        if (status === 304) {
          assert.equal(answer.headers.etag, etag);
          assert.equal(answer.body.length, 0);
        }
      }
    });

    test('other methods are told what is allowed', async () => {
      for (const [method, status] of [
        ['POST', 405],
        ['DELETE', 405],
        ['OPTIONS', 200],
      ] as const) {
        const answer = await ask(path, {}, method);
        assert.equal(answer.status, status);
        assert.equal(answer.headers.allow, 'OPTIONS, GET, HEAD');
      }
    });
  });
}

test('an empty file is whole, and has no range', async () => {
  assert.deepEqual([(await ask('/empty')).status, (await ask('/empty')).headers['content-length']], [200, '0']);
  assert.equal((await ask('/empty', { range: 'bytes=0-' })).status, 416);
});

test('a missing file and a folder are said before anything is sent', async () => {
  assert.equal((await ask('/missing')).status, 404);
  assert.equal((await ask('/.')).status, 500);
});

test('a file that was replaced is served anew once it is forgotten', async () => {
  writeFileSync(join(folder, 'changing'), 'first');
  assert.equal((await ask('/changing')).body.toString(), 'first');
  rmSync(join(folder, 'changing'));
  writeFileSync(join(folder, 'changing'), 'second one');
  openFiles.forget({ folder, name: 'changing' });
  assert.equal((await ask('/changing')).body.toString(), 'second one');
});

test('many ranges of one file at once each get their own bytes', async () => {
  const starts = Array.from({ length: 64 }, (_, index) => (index * 37_619) % 600_000);
  const answers = await Promise.all(starts.map((start) => ask('/file', { range: `bytes=${start}-${start + 99_999}` })));
  for (const [index, answer] of answers.entries()) {
    const start = starts[index] ?? 0;
    assert.ok(answer.body.equals(bytes.subarray(start, start + 100_000)));
  }
});

test('a client that goes away in the middle releases the file', async () => {
  writeFileSync(join(folder, 'large'), Buffer.alloc(32 * 1024 * 1024, 7));
  const sockets = Array.from({ length: 8 }, () => connect(port, '127.0.0.1'));
  for (const socket of sockets) {
    socket.on('error', () => undefined);
    socket.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.once('data', () => socket.destroy());
  }
  await Promise.all(sockets.map((socket) => once(socket, 'close')));
  assert.equal(await isClosedSoon('large'), true);
});

test('answers that wait behind a stalled one are given up with their connection', async () => {
  writeFileSync(join(folder, 'behind'), Buffer.alloc(8 * 1024 * 1024, 3));
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.pause().write('GET /behind HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(30));
  assert.equal(await isOpenSoon('behind'), true);
  socket.destroy();
  assert.equal(await isClosedSoon('behind'), true);
});

test('a stalled client holds a bounded part of the file in memory', async () => {
  writeFileSync(join(folder, 'huge'), Buffer.alloc(64 * 1024 * 1024, 1));
  const before = process.memoryUsage().external;
  const sockets = Array.from({ length: 200 }, () => connect(port, '127.0.0.1'));
  for (const socket of sockets) socket.pause().write('GET /huge HTTP/1.1\r\nHost: x\r\n\r\n');
  await new Promise((resolve) => setTimeout(resolve, 400));
  const held = process.memoryUsage().external - before;
  for (const socket of sockets) socket.destroy();
  assert.ok(held < 72 * 1024 * 1024, `${held} bytes held for 200 stalled clients`);
});

function isOpen(name: string): boolean {
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === join(folder, name);
    } catch {
      return false;
    }
  });
}

function isOpenSoon(name: string): Promise<boolean> {
  return soon(() => isOpen(name));
}

function isClosedSoon(name: string): Promise<boolean> {
  return soon(() => !isOpen(name));
}

async function soon(isSo: () => boolean): Promise<boolean> {
  const deadline = Date.now() + 20_000;
  while (!isSo() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  return isSo();
}
