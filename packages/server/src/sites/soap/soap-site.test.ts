import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { simpleAuth } from '@moult/protocol/simple-auth';
import { readAnswer, writeCall } from '@moult/protocol/soap';
import pino from 'pino';
import { toExchange } from '../../http/exchange.ts';
import { createCallGate } from './call-gate.ts';
import { createSoapSite } from './soap-site.ts';

const silent = pino({ level: 'silent' });
const body = writeCall(simpleAuth, 'GetAuthorizationCookie', {});

/** A site whose one operation ends when the test says so. */
async function startSite({ maxInFlight, maxWaiting }: { maxInFlight: number; maxWaiting: number }) {
  const pending: (() => void)[] = [];
  const gate = createCallGate({ maxInFlight, maxWaiting });
  const site = createSoapSite({
    ...{ name: 'test', service: simpleAuth, gate, maxRequestBytes: 10_000, cacheControl: 'private', log: silent },
    contract: 'simpleauth',
    handlers: {
      async GetAuthorizationCookie({ clientId }) {
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${simpleAuth.paths[0]}`;
  const send = (text = body, signal?: AbortSignal) =>
    fetch(url, { method: 'POST', body: text, headers: { 'content-type': 'text/xml' }, ...(signal && { signal }) });
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return { send, pending, gate, until, stop: () => server.closeAllConnections() ?? server.close() };
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
  const { send, pending, gate, until, stop } = await startSite({ maxInFlight: 1, maxWaiting: 5 });
  const first = send();
  await until(() => gate.inFlight === 1);
  const leaving = new AbortController();
  const second = send(body, leaving.signal).catch(() => undefined);
  await until(() => gate.waiting === 1);
  leaving.abort();
  await second;
  await new Promise((resolve) => setTimeout(resolve, 50));
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
