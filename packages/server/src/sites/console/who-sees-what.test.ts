// Who is told names, addresses and ids of computers, over real sockets; and under which names the pages are shown at all.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { describe, it } from 'node:test';
import type { HomeDocument } from '../../home-document.ts';
import { startConsole, storyOf } from './test/console-server.ts';

const events = storyOf('RECEPTION-07', new Date());
const secrets = ['RECEPTION-07', '192.0.2.17', '6f1d4f6e-0000-4000-8000-000000000001'];

interface Asked {
  status: number;
  text: string;
}

/** Over a connection of its own, with exactly these headers; `version` 1.0 as proxies speak it. */
function get(base: string, path: string, headers: Record<string, string> = {}, localAddress?: string): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(base);
    const options = { host: localAddress ?? '127.0.0.1', port, path, headers, agent: false };
    const asked = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        // A stream does not end by itself.
        if (/event: home\ndata: .*\n\n/.test(text)) asked.destroy();
      });
      response.on('close', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on('error', (error) => ('code' in error && error.code === 'ECONNRESET' ? undefined : reject(error)));
    asked.end();
  });
}

async function homeOf(base: string, headers: Record<string, string> = {}): Promise<HomeDocument> {
  const { status, text } = await get(base, '/api/home', headers);
  assert.equal(status, 200);
  return JSON.parse(text);
}

describe('names of computers', () => {
  it('are for those who look from the server itself', async () => {
    const server = await startConsole({ facts: { events } });
    try {
      for (const host of [
        'localhost',
        'LOCALHOST:8530',
        'moult.localhost',
        '127.0.0.1',
        '127.9.9.9:80',
        '[::1]:8530',
      ]) {
        const home = await homeOf(server.url, { host });
        assert.deepEqual(home.names, { shown: true, for: 'local' }, host);
        assert.equal(home.events[0]?.computer, 'RECEPTION-07');
      }
    } finally {
      await server.stop();
    }
  });

  it('are for nobody else: not by another name, not through a proxy', async () => {
    const server = await startConsole({ facts: { events }, allowedHosts: 'updates.example.test' });
    try {
      for (const headers of [
        { host: '192.0.2.1:8530' },
        { host: 'wsus' },
        { host: 'updates.example.test' },
        { host: '127.0.0.1.example.test.localhost.', 'x-forwarded-for': '192.0.2.9' },
        { host: 'localhost', 'x-forwarded-for': '127.0.0.1' },
        { host: 'localhost', 'X-Forwarded-Host': 'localhost' },
        { host: 'localhost', forwarded: 'for=127.0.0.1' },
        { host: 'localhost', 'x-real-ip': '127.0.0.1' },
        { host: 'localhost', via: '1.1 proxy' },
        { host: 'localhost', 'cf-connecting-ip': '192.0.2.9' },
        { host: 'localhost', 'x-originating-ip': '192.0.2.9' },
        { host: 'localhost', 'x-remote-ip': '192.0.2.9' },
        { host: 'localhost', 'x-varnish': '32770' },
        { host: 'localhost', 'cdn-loop': 'somebody' },
      ]) {
        for (const path of ['/api/home', '/api/home/events']) {
          const { status, text } = await get(server.url, path, headers);
          assert.equal(status, 200);
          assert.match(text, /"names":\{"shown":false,"for":"local"\}/, JSON.stringify(headers));
          for (const secret of secrets)
            assert.ok(!text.includes(secret), `${secret} in ${path} for ${JSON.stringify(headers)}`);
        }
      }
      const home = await homeOf(server.url, { host: 'wsus' });
      assert.deepEqual([home.events, home.server.addresses], [[], []]);
      assert.deepEqual(home.eventCounts, [
        { kind: 'download', total: 1, failed: 0 },
        { kind: 'install', total: 2, failed: 0 },
        { kind: 'registration', total: 1, failed: 0 },
        { kind: 'scan', total: 1, failed: 0 },
        { kind: 'self-update', total: 2, failed: 0 },
      ]);
    } finally {
      await server.stop();
    }
  });

  it('are not for a request of HTTP/1.0, which is what nginx makes of what it passes on', async () => {
    const server = await startConsole({ facts: { events } });
    try {
      const { connect } = await import('node:net');
      const text = await new Promise<string>((resolve) => {
        let received = '';
        const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
        socket.on('data', (piece) => (received += piece)).on('close', () => resolve(received));
        socket.write('GET /api/home HTTP/1.0\r\nHost: 127.0.0.1:8530\r\nConnection: close\r\n\r\n');
      });
      assert.match(text, /^HTTP\/1\.1 200 [\s\S]*"shown":false/);
    } finally {
      await server.stop();
    }
  });

  it('are not for another machine that says it is this one', async (t) => {
    const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    const outer = addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address;
    if (outer === undefined) return t.diagnostic('this machine has no address but loopback');
    const server = await startConsole({ facts: { events }, listenOn: '0.0.0.0' });
    try {
      const { status, text } = await get(server.url, '/api/home', { host: 'localhost' }, outer);
      assert.equal(status, 200);
      assert.match(text, /"shown":false/);
    } finally {
      await server.stop();
    }
  });

  it('are not for a request with two names of a server: who passes it on may have meant the other', async () => {
    const server = await startConsole({ facts: { events } });
    try {
      const { connect } = await import('node:net');
      for (const hosts of [
        ['localhost', 'evil.example'],
        ['evil.example', 'localhost'],
      ]) {
        const text = await new Promise<string>((resolve) => {
          let received = '';
          const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
          socket.on('data', (piece) => (received += piece)).on('close', () => resolve(received));
          const lines = hosts.map((host) => `Host: ${host}\r\n`).join('');
          socket.write(`GET /api/home HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`);
        });
        assert.match(text, /^HTTP\/1\.1 400 /);
      }
    } finally {
      await server.stop();
    }
  });

  it('go with all else that names this machine: paths in notices, weak spots, the version', async () => {
    const notices = [
      {
        ...{ headline: 'Private keys in /srv/moult/keys could be read by other users of this machine.' },
        ...{ cause: 'Before this start the mode of /srv/moult/keys/a.pem was 0644.', remedy: 'Look at /srv/moult.' },
      },
      {
        ...{ isForAll: true, headline: 'The disk of this server is nearly full.' },
        ...{ cause: '3 MiB are free for /srv/moult.', remedy: 'Free some space in /srv/moult.' },
      },
    ];
    const server = await startConsole({ facts: { events }, notices });
    try {
      const own = await homeOf(server.url, { host: 'localhost' });
      assert.deepEqual(own.notices[0], notices[0]);
      for (const path of ['/api/home', '/api/home/events']) {
        const { text } = await get(server.url, path, { host: 'wsus' });
        assert.match(text, /The disk of this server is nearly full/);
        assert.match(text, /something to say to its administrator/);
        assert.doesNotMatch(text, /srv|Private keys|0644|3 MiB|0\.1\.0/);
      }
    } finally {
      await server.stop();
    }
  });

  it('are for everybody, or for nobody, when the administrator says so', async () => {
    for (const [namesFor, host, shown] of [
      ['everybody', 'wsus', true],
      ['nobody', 'localhost', false],
    ] as const) {
      const server = await startConsole({ facts: { events }, namesFor });
      try {
        const home = await homeOf(server.url, { host });
        assert.deepEqual(home.names, { shown, for: namesFor });
        assert.equal(home.events.length > 0, shown);
      } finally {
        await server.stop();
      }
    }
  });

  it('are not in what a browser may answer somebody else from its cache, and each view has an ETag of its own', async () => {
    const server = await startConsole({ facts: { events } });
    try {
      const own = await fetch(`${server.url}/api/home`);
      assert.equal(own.headers.get('cache-control'), 'private, no-cache');
      const known = { 'if-none-match': own.headers.get('etag') ?? '' };
      assert.equal((await get(server.url, '/api/home', { ...known, host: 'localhost' })).status, 304);
      assert.equal((await get(server.url, '/api/home', { ...known, host: 'wsus' })).status, 200);
    } finally {
      await server.stop();
    }
  });
});

describe('the name that a browser calls', () => {
  it('is one of ours, for every page; one that a stranger lets lead here gets a sentence', async () => {
    const server = await startConsole({ facts: { events }, allowedHosts: 'updates.example.test, *.example.org' });
    try {
      for (const path of ['/', '/api/home', '/api/home/events', '/docs/', '/favicon.ico']) {
        for (const host of [
          'evil.example',
          'wsus.evil.example:8530',
          'example.org',
          'xlocalhost',
          '127.0.0.1.evil.example',
          'a b',
        ]) {
          const { status, text } = await get(server.url, path, { host });
          assert.equal(status, 421, `${path} ${host}`);
          assert.match(text, /does not show its pages under the name .*--allowed-hosts/);
        }
      }
      for (const host of [
        'wsus',
        'WSUS.:8530',
        'updates.example.test',
        'a.b.example.org:80',
        '192.0.2.1',
        '[2001:db8::1]',
      ]) {
        assert.equal((await get(server.url, '/api/home', { host })).status, 200, host);
      }
      const absolute = await get(server.url, 'http://evil.example/api/home', { host: 'localhost' });
      assert.equal(absolute.status, 421, 'the target counts before Host');
    } finally {
      await server.stop();
    }
  });
});
