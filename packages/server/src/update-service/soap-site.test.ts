import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { after, it } from 'node:test';
import { simpleAuth } from '@moult/protocol/simple-auth';
import { readAnswer, writeCall } from '@moult/protocol/soap';
import pino from 'pino';
import { waitUntil } from '../../../../scripts/wait-until.ts';
import { toExchange } from '../http/exchange.ts';
import { createAnswerRoom } from '../http/gates/answer-room.ts';
import { createBodyRoom } from '../http/gates/body-room.ts';
import { createCallGate } from '../http/gates/call-gate.ts';
import { decodeText } from '../http/gates/read-body.ts';
import { createSoapSite } from './soap-site.ts';

const silent = pino({ level: 'silent' });
const body = writeCall(simpleAuth, 'GetAuthorizationCookie', {});

interface SiteLimits {
  maxInFlight: number;
  maxWaiting: number;
  patienceMs?: number;
}

/** A site whose one operation ends when the test says so. */
async function startSite({ maxInFlight, maxWaiting, patienceMs = 200 }: SiteLimits) {
  const pending: (() => void)[] = [];
  const written = { count: 0 };
  const gate = createCallGate({ maxInFlight, maxWaiting, maxWaitMs: 3_600_000 });
  const large = createCallGate({ maxInFlight: 2, maxWaiting: 10, maxWaitMs: 3_600_000 });
  const writing = createCallGate({ maxInFlight: 2, maxWaiting: 10, maxWaitMs: 3_600_000 });
  const bodies = createBodyRoom({ budgetBytes: 25_000 });
  const answers = createAnswerRoom({ budgetBytes: 20_000_000, patienceMs, graceMs: 60_000, bytesPerSecond: 1000 });
  const site = createSoapSite({
    ...{ bodies, answers, writing, large },
    admission: { admit: () => true, close: async () => undefined },
    ...{ name: 'test', service: simpleAuth, gate, maxRequestBytes: 10_000, cacheControl: 'private', log: silent },
    contract: 'simpleauth',
    handlers: {
      async GetAuthorizationCookie({ clientId }) {
        if (clientId === 'large') return { result: { plugInId: 'p', cookieData: new Uint8Array(12_000_000) } };
        if (clientId === 'counted') {
          const countedData = () => {
            written.count++;
            return new Uint8Array(12_000_000);
          };
          return {
            result: {
              plugInId: 'p',
              get cookieData() {
                return countedData();
              },
            },
          };
        }
        if (clientId === 'fail') throw new Error('the secret of the house');
        await new Promise<void>((resolve) => pending.push(resolve));
        return {};
      },
    },
  });
  const server = createServer((request, response) => {
    const exchange = toExchange(request, response, 'main', new Date());
    if (exchange) void site.serve(exchange);
  });
  after(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${simpleAuth.paths[0]}`;
  const send = (text = body) => fetch(url, { method: 'POST', body: text, headers: { 'content-type': 'text/xml' } });
  const until = (isSo: () => boolean | Promise<boolean>) => waitUntil(String(isSo), isSo, { everyMs: 5 });
  return {
    send,
    url,
    pending,
    gate,
    writing,
    written,
    bodies,
    answers,
    until,
    connections: () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count))),
    stop: () => server.closeAllConnections() ?? server.close(),
  };
}

it('so many calls run, so many wait, and the next is told ServerBusy and when to come back', async () => {
  const { send, pending, gate, until, stop } = await startSite({ maxInFlight: 2, maxWaiting: 3 });
  const taken = Array.from({ length: 5 }, () => send());
  await until(() => gate.inFlight === 2 && gate.waiting === 3);
  const refused = await send();
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  const answer = readAnswer(simpleAuth, 'GetAuthorizationCookie', await refused.text());
  assert.equal(answer.kind === 'fault' && answer.fault.code, 'ServerBusy');
  for (let done = 0; done < 5; done++) {
    await until(() => pending.length > 0);
    pending.shift()?.();
  }
  assert.deepEqual(
    await Promise.all(taken.map(async (response) => (await response).status)),
    [200, 200, 200, 200, 200],
  );
  assert.deepEqual([gate.inFlight, gate.waiting], [0, 0]);
  stop();
});

it('a client that leaves while it waits costs nothing when its turn comes', async () => {
  const { send, url, pending, gate, until, connections, stop } = await startSite({ maxInFlight: 1, maxWaiting: 5 });
  const first = send();
  await until(() => gate.inFlight === 1);
  const leaving = talk(url, head(body.length) + body);
  await until(() => gate.waiting === 1);
  leaving.socket.destroy();
  await until(async () => (await connections()) === 1);
  pending.shift()?.();
  assert.equal((await first).status, 200);
  await until(() => gate.inFlight === 0);
  assert.equal(pending.length, 0, 'the call of the one who left was not made');
  stop();
});

it('what fails inside is InternalServerError, and says nothing of the inside', async () => {
  const { send, stop } = await startSite({ maxInFlight: 1, maxWaiting: 1 });
  const response = await send(writeCall(simpleAuth, 'GetAuthorizationCookie', { clientId: 'fail' }));
  const text = await response.text();
  assert.equal(response.status, 500);
  assert.ok(!text.includes('secret'));
  const answer = readAnswer(simpleAuth, 'GetAuthorizationCookie', text);
  assert.equal(answer.kind === 'fault' && answer.fault.code, 'InternalServerError');
  stop();
});

it('bodies that stand still lose their room to one that comes whole, and are told ServerBusy', async () => {
  const { send, url, bodies, pending, until, stop } = await startSite({ maxInFlight: 1, maxWaiting: 1 });
  const half = () => talk(url, `${head(9500)}${' '.repeat(9000)}`);
  const stalled = [half(), half()];
  await until(() => bodies.usedBytes === 18_000);
  const whole = send(body + ' '.repeat(9000 - body.length));
  await until(() => pending.length > 0);
  const refused = await stalled[0]?.answered;
  assert.match(refused ?? '', /^HTTP\/1\.1 503 [\s\S]*Retry-After: \d+[\s\S]*<ErrorCode>ServerBusy</);
  assert.match(refused ?? '', /<Method>".*\/GetAuthorizationCookie"<\/Method>/, 'the call is known by its SOAPAction');
  pending.shift()?.();
  assert.equal((await whole).status, 200);
  for (const { socket } of stalled) socket.destroy();
  await until(() => bodies.usedBytes === 0);
  stop();
});

it('an answer that nobody takes makes room for one that somebody takes', async () => {
  const { url, answers, until, stop } = await startSite({ maxInFlight: 2, maxWaiting: 2 });
  const large = writeCall(simpleAuth, 'GetAuthorizationCookie', { clientId: 'large' });
  const stalled = talk(url, head(large.length) + large, { reads: false });
  await until(() => answers.usedBytes > 0);
  const headers = { 'content-type': 'text/xml', 'accept-encoding': 'identity' };
  const taken = await fetch(url, { method: 'POST', body: large, headers });
  assert.ok((await taken.text()).length > 16_000_000);
  await until(() => answers.usedBytes === 0);
  // What the system had buffered of it still comes, and no end.
  let received = 0;
  stalled.socket.on('data', (piece) => {
    received += piece.length;
  });
  stalled.socket.resume();
  await new Promise((resolve) => stalled.socket.once('close', resolve));
  assert.ok(received < 16_000_000, `${received}`);
  stop();
});

it('answers that find no room are not written before their turn, but for the few that are being written', async () => {
  const limits = { maxInFlight: 10, maxWaiting: 1, patienceMs: 60_000 };
  const { url, gate, writing, written, answers, until, connections, stop } = await startSite(limits);
  const counted = writeCall(simpleAuth, 'GetAuthorizationCookie', { clientId: 'counted' });
  const call = () => talk(url, head(counted.length) + counted, { reads: false });
  const stalled = call();
  await until(() => answers.usedBytes > 0 && gate.inFlight === 0);
  const before = written.count;
  const waiting = Array.from({ length: 6 }, call);
  await until(() => gate.inFlight === 6 && writing.waiting === 4);
  assert.equal(written.count, before * 3, 'the two that may be written at once');
  for (const { socket } of waiting) socket.destroy();
  await until(async () => (await connections()) === 1);
  stalled.socket.destroy();
  await until(() => gate.inFlight === 0 && answers.usedBytes === 0);
  assert.equal(written.count, before * 3, 'nobody is left to write for');
  stop();
});

it('a client that sends all of its body before it reads comes to read why it was refused', async () => {
  const { url, stop } = await startSite({ maxInFlight: 1, maxWaiting: 1 });
  const length = 20 * 1_048_576;
  for (const [changes, status] of [
    ['', 413],
    ['Content-Encoding: br\r\n', 415],
  ] as const) {
    const { socket, answered } = talk(url, head(length, changes), { reads: false });
    for (let sent = 0; sent < length; sent += 1_048_576) await write(socket, Buffer.alloc(1_048_576, 0x20));
    socket.resume();
    assert.match(await answered, new RegExp(`^HTTP/1\\.1 ${status} `));
    socket.destroy();
  }
  stop();
});

it('SOAP itself refuses another version of it and a header that must be understood, by fault and without detail', async () => {
  const { send, url, stop } = await startSite({ maxInFlight: 1, maxWaiting: 1 });
  const other = body.replace('http://schemas.xmlsoap.org/soap/envelope/', 'urn:soap-9');
  const mandatory = '<s:Header><Security s:mustUnderstand="1"/></s:Header><s:Body';
  for (const [text, code] of [
    [other, 'VersionMismatch'],
    [body.replace('<s:Body', mandatory), 'MustUnderstand'],
  ] as const) {
    const response = await send(text);
    const said = await response.text();
    assert.deepEqual([response.status, response.headers.get('content-type')], [500, 'text/xml; charset=utf-8']);
    assert.match(said, new RegExp(`<faultcode>soap:${code}</faultcode><faultstring>[^<]+</faultstring></soap:Fault>`));
  }
  const soap12 = writeCall(simpleAuth, 'GetAuthorizationCookie', {}, '1.2').replace('<s:Body', mandatory);
  const headers = { 'content-type': 'application/soap+xml; charset=utf-8' };
  const response = await fetch(url, { method: 'POST', body: soap12, headers });
  assert.match(await response.text(), /<soap:Code><soap:Value>soap:MustUnderstand<\/soap:Value><\/soap:Code>/);
  stop();
});

it('text is read by its mark, its charset or its declaration', () => {
  const declared = (name: string) => `<?xml version="1.0" encoding="${name}"?><a>é</a>`;
  const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16();
  const xml = 'text/xml';
  const cases: [Buffer, string][] = [
    [Buffer.from(declared('utf-8')), xml],
    [Buffer.from(declared('utf-16')), xml],
    [Buffer.from(declared('iso-8859-1'), 'latin1'), xml],
    [Buffer.from(declared('utf-8'), 'latin1'), `${xml}; charset='iso-8859-1'`],
    [Buffer.from(`\ufeff${declared('iso-8859-1')}`), xml],
    [Buffer.from(declared('utf-16'), 'utf16le'), xml],
    [utf16be(declared('utf-16')), `${xml}; charset="utf-16"`],
    [utf16be(`\ufeff${declared('utf-16')}`), `${xml}; charset=utf-8`],
  ];
  for (const [bytes, type] of cases) assert.match(decodeText(bytes, type) ?? '', /^<\?xml.*<a>é<\/a>$/, type);
  assert.equal(decodeText(Buffer.from(declared('utf-8'), 'latin1'), xml), undefined);
});

function head(length: number, more = ''): string {
  const action = `"${simpleAuth.namespace}/GetAuthorizationCookie"`;
  return `POST ${simpleAuth.paths[0]} HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nSOAPAction: ${action}\r\n${more}Content-Length: ${length}\r\n\r\n`;
}

/** Sends text over a connection of its own; `answered` is the first that comes back. */
function talk(url: string, text: string, { reads = true } = {}): { socket: Socket; answered: Promise<string> } {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(text);
  const answered = new Promise<string>((resolve) => {
    let received = '';
    socket.on('data', (piece: Buffer) => {
      received += piece.toString('latin1');
      if (/\r\n\r\n[\s\S]/.test(received)) resolve(received);
    });
    socket.on('close', () => resolve(received));
  });
  if (!reads) socket.pause();
  return { socket, answered };
}

function write(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.write(bytes, () => resolve());
  });
}
