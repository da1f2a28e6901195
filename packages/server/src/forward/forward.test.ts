// Audit records on their way out: to a syslog server by each way, and into a file.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { loadConfig, readSyslogTarget } from '@moult/administration/config';
import { loadOrCreateOperatorKeys, loadOrMakeServerCertificate } from '@moult/store/keys';
import { author, createAdministration } from '../../../administration/src/test/administration.ts';
import { forwardAudit } from './index.ts';
import { encodeSyslog } from './syslog.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-forward-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const log = { info: () => undefined, warn: () => undefined };

async function open(flags: Record<string, unknown>) {
  const { store, [Symbol.asyncDispose]: dispose } = await createAdministration();
  const { config } = loadConfig({ flags: { dataDir: folder, ...flags }, environment: {} });
  let changes = 0;
  const forwarding = forwardAudit(config, { store, log, changed: () => changes++, everyMs: 0 });
  await forwarding.run().catch(() => undefined);
  return {
    ...{ store, forwarding, changes: () => changes },
    change: (subject: string, after?: unknown) => store.recordChange(author, { action: 'test', subject, after }),
    async [Symbol.asyncDispose]() {
      await forwarding.close();
      await dispose();
    },
  };
}

/** Reads messages with counted octets. */
function counted(bytes: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.subarray(at, space).toString());
    found.push(bytes.subarray(space + 1, space + 1 + length).toString());
    at = space + 1 + length;
  }
  return found;
}

const shape = /^<109>1 2026-11-22T00:00:00\.000Z \S+ moult \d+ audit - \ufeff\{"auditId":\d+,.*\}$/;

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function collector() {
  const pieces: Buffer[] = [];
  const sockets = new Set<Socket>();
  const take = (socket: Socket) => {
    sockets.add(socket);
    socket.on('data', (piece) => pieces.push(piece)).on('error', () => undefined);
  };
  const messages = () => counted(Buffer.concat(pieces));
  const settled = async (count: number) => {
    for (let tries = 0; messages().length < count && tries < 500; tries++)
      await new Promise((go) => setTimeout(go, 10));
    return messages();
  };
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  return { take, settled, drop };
}

describe('audit records', () => {
  it('go over UDP as RFC 5424 has them, from the next change on', async () => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    await using lab = await open({ syslog: `udp://127.0.0.1:${socket.address().port}` });
    const message = new Promise<string>((resolve) => socket.once('message', (bytes) => resolve(bytes.toString())));
    await lab.change('first', { name: 'a\nb\u0000"' });
    assert.equal(await lab.forwarding.run(), 1);
    const text = await message;
    assert.match(text, shape);
    assert.deepEqual(JSON.parse(text.slice(text.indexOf('\ufeff') + 1)).after, { name: 'a\nb\u0000"' });
    socket.close();
  });

  it('wait while the TCP server is away, and come in their order afterwards, each at least once', async () => {
    const got = collector();
    await using server = createServer(got.take);
    const port = await listening(server);
    await using lab = await open({ syslog: `tcp://127.0.0.1:${port}` });
    await lab.change('one');
    await lab.forwarding.run();
    assert.equal((await got.settled(1)).length, 1);
    got.drop();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await lab.change('two');
    // The first write after a break may look like a success. The next one does not.
    for (let tries = 0; tries < 3; tries++) {
      await lab.forwarding.run().catch(() => undefined);
      await lab.change(`more ${tries}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.match(lab.forwarding.notices()[0]?.headline ?? '', /do not reach tcp:/);
    await using again = createServer(got.take);
    await new Promise<void>((resolve) => again.listen(port, '127.0.0.1', resolve));
    await lab.forwarding.run();
    assert.deepEqual(lab.forwarding.notices(), []);
    const all = await got.settled(4);
    assert.match(all.at(-1) ?? '', /more 2/);
    for (const text of all) assert.match(text, shape);
    got.drop();
    again.close();
  });

  it('go over TLS to a server that the given authority certifies, and to no other', async () => {
    const { ca } = await loadOrCreateOperatorKeys(folder, { now: new Date(), isClockBelieved: true });
    const wish = { ca, names: ['127.0.0.1'], now: new Date(), isClockBelieved: true };
    const { pem } = await loadOrMakeServerCertificate(folder, wish);
    const got = collector();
    await using server = createTlsServer({ cert: pem, key: pem }, got.take).on('tlsClientError', () => undefined);
    const port = await listening(server);
    const authority = join(folder, 'authority.pem');
    writeFileSync(authority, ca.certificatePem);
    await using lab = await open({ syslog: `tls://127.0.0.1:${port}`, syslogCa: authority });
    await lab.change('over TLS');
    await lab.forwarding.run();
    assert.match((await got.settled(1))[0] ?? '', /over TLS/);
    await using stranger = await open({ syslog: `tls://127.0.0.1:${port}` });
    await stranger.change('secret');
    await assert.rejects(stranger.forwarding.run(), /certificate/);
    assert.equal((await got.settled(1)).length, 1);
    got.drop();
    server.close();
  });

  it('go into a file as lines of JSON. A file that was moved away is made again, and a restart repeats nothing', async () => {
    const file = join(folder, 'siem/audit.jsonl');
    await using lab = await open({ auditFile: file });
    await lab.change('one', { text: 'line\nend' });
    await lab.forwarding.run();
    renameSync(file, `${file}.1`);
    await lab.change('two', 'x'.repeat(20_000));
    await lab.forwarding.run();
    const { config } = loadConfig({ flags: { dataDir: folder, auditFile: file }, environment: {} });
    await using restarted = {
      ...forwardAudit(config, { store: lab.store, log, changed: () => 0, everyMs: 0 }),
      async [Symbol.asyncDispose]() {},
    };
    assert.equal(await restarted.run(), 0);
    const lines = (name: string) =>
      readFileSync(name, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    assert.deepEqual(
      lines(`${file}.1`).map(({ subject }) => subject),
      ['one'],
    );
    assert.deepEqual(
      lines(file).map(({ subject, isCut }) => [subject, isCut]),
      [['two', true]],
    );
  });
});

it('an address of a syslog server is udp, tcp or tls with a host, and nothing else', () => {
  assert.deepEqual(readSyslogTarget('udp://siem.example.com'), { way: 'udp', host: 'siem.example.com', port: 514 });
  assert.deepEqual(readSyslogTarget('tls://[fd00::1]:7000'), { way: 'tls', host: 'fd00::1', port: 7000 });
  for (const wrong of [
    '',
    'siem',
    'http://a',
    'udp://',
    'udp://a:0',
    'udp://a:70000',
    'udp://a/b',
    'udp://a b',
    'tcp://[x]',
  ])
    assert.equal(readSyslogTarget(wrong), undefined, wrong);
});

it('a name of a host and a text from outside end no message', () => {
  const message = { at: author.at, host: 'a b\n<34>', kind: 'audit', text: 'a\r\n<34>1 b' };
  const text = encodeSyslog(message, 7).toString();
  assert.match(text, /^<109>1 \S+ ab<34> moult 7 audit - \ufeffa\\u000d\\u000a<34>1 b$/);
});
