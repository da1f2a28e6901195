// A played downstream server names what is wrong with an upstream server, and ends when it cannot go on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createUpstreamServer, listen, openLine, playDownstream, simulatedCatalog } from './index.ts';

const from = new Date('2026-10-01T00:00:00Z');
const now = () => new Date('2026-10-04T16:33:26Z');
const account = { name: 'wsus.example', id: '0dd1e5b4-0000-4000-8000-000000000001' };

async function play(upstream: string, answerBytes = 1e8) {
  const line = openLine({
    ...{ upstream: new URL(upstream), shape: 'asmx', isPacked: true },
    timeoutMs: 20_000,
    answerBytes,
  });
  const rest = { protocolVersion: '1.20', isReplica: false, computers: 0 };
  const { steps } = await playDownstream({ line, now, account, ...rest });
  return steps.flatMap(({ findings }) => findings);
}

async function open(kind: 'wsus' | 'microsoft' = 'wsus', missingKeys = 0) {
  const updates = simulatedCatalog({ products: 2, updates: 30, from, encrypted: 3, missingKeys });
  const server = createUpstreamServer({ kind, now, updates });
  const listening = await listen(server);
  return { server, updates, url: listening.url, [Symbol.asyncDispose]: () => listening.close() };
}

for (const kind of ['wsus', 'microsoft'] as const)
  test(`a good upstream server (${kind}) has no finding`, async () => {
    await using upstream = await open(kind);
    assert.deepEqual(await play(upstream.url), []);
  });

test('an encrypted file whose key is not told is named', async () => {
  await using upstream = await open('microsoft', 1);
  const findings = await play(upstream.url);
  assert.equal(findings.length, 1, findings.join('\n'));
  assert.match(findings[0] ?? '', /@1 has an encrypted file, and no key is told/);
});

test('documents of other updates, damaged ones and missing ones are named', async () => {
  await using upstream = await open();
  const [one, two] = upstream.updates.slice(-2);
  assert.ok(one && two);
  upstream.server.spoil(one, 'other-update');
  upstream.server.spoil(two, 'damaged-cabinet');
  const findings = await play(upstream.url);
  assert.equal(findings.length, 2, findings.join('\n'));
  assert.match(findings.join('\n'), new RegExp(`${one.updateId}@\\d+ is that of `));
  assert.match(findings.join('\n'), new RegExp(`${two.updateId}@\\d+ cannot be unpacked`));
});

test('a fault, a page in place of an answer, and an answer without an end stop it with a reason', async () => {
  await using upstream = await open();
  for (const [call, fault, message] of [
    ['GetCookie', { kind: 'soap', code: 'InvalidAuthorizationCookie' }, /GetCookie was refused: InvalidAuth/],
    ['GetConfigData', { kind: 'html' }, /the answer to GetConfigData \(HTTP 200\) cannot be read/],
    ['GetRevisionIdList', { kind: 'cut', afterBytes: 40 }, /./],
  ] as const) {
    upstream.server.failNext(call, fault);
    await assert.rejects(play(upstream.url), { name: 'DownstreamTrouble', message });
  }
  await assert.rejects(play(upstream.url, 1000), {
    name: 'DownstreamTrouble',
    message: /unpacks to \d+ bytes or more/,
  });
  await assert.rejects(play('http://127.0.0.1:9'), { name: 'DownstreamTrouble', message: /does not answer/ });
});
