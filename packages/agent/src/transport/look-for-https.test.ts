// An http server that has HTTPS too, and a man in the middle who has the network. Each case has a loopback address of its own,
// because the ports are those of Moult.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { before, describe, it } from 'node:test';
import { issue, type LabIdentity } from '../../../formats/src/authenticode/test/certificate-lab.ts';
import type { Registry } from '../machine/registry.ts';
import type { RegistryValue } from '../machine/registry-text.ts';
import { lookForHttps } from './look-for-https.ts';
import { type Network, plainNetwork } from './network.ts';
import { send } from './request.ts';
import { readSecureWay } from './secure-way.ts';
import { type TlsTrust, trustedByTls } from './tls-trust.ts';

const limits = { silenceMs: 5000, totalMs: 10_000, maxBytes: 1000 };
const day = 86_400_000;
const start = new Date('2026-12-03T12:00:00Z');
const operator = { trust: 'any' as TlsTrust, operatorCaPem: '' };
let ca: LabIdentity;
let stranger: LabIdentity;

before(async () => {
  const shape = { isAuthority: true };
  [ca, stranger] = await Promise.all([
    issue({ ...shape, commonName: 'Operator CA' }),
    issue({ ...shape, commonName: 'Somebody' }),
  ]);
  operator.operatorCaPem = ca.certificatePem;
});

async function leaf(address: string, under = ca): Promise<LabIdentity> {
  const { SubjectAlternativeNameExtension } = await import('@peculiar/x509');
  const extra = [new SubjectAlternativeNameExtension([{ type: 'ip', value: address }])];
  return issue({ commonName: address, extra }, under);
}

/** A server on 8530, and what stands on 8531. `asked`: what came to each, in turn. */
async function openHost(address: string) {
  const asked: string[] = [];
  const plain = createServer((request, response) => {
    asked.push(`http ${request.url}`);
    response.end('plain');
  });
  await new Promise<void>((resolve) => plain.listen(8530, address, resolve));
  let secure: ReturnType<typeof createTlsServer> | undefined;
  const close = async (server: typeof plain | typeof secure) => {
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  };
  return {
    ...{ asked, url: `http://${address}:8530` },
    /** Undefined closes the port. */
    async secureBy(identity: LabIdentity | undefined, headers: Record<string, string> = {}) {
      await close(secure);
      secure = undefined;
      if (!identity) return;
      const { certificatePem: cert, privateKeyPem: key } = identity;
      const opened = createTlsServer({ cert, key }, (request, response) => {
        asked.push(`https ${request.url}`);
        response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : 'secure');
      });
      opened.on('tlsClientError', () => undefined);
      await new Promise<void>((resolve) => opened.listen(8531, address, resolve));
      secure = opened;
    },
    async [Symbol.asyncDispose]() {
      await close(secure);
      await close(plain);
    },
  };
}

/** A machine between its detections: its registry is what stays. */
function createMachine(settings: Record<string, RegistryValue> = {}, trusts = operator) {
  const values = new Map(Object.entries(settings));
  const registry = {
    read: () => ({ value: (_: string, name: string) => values.get(name) }),
    change(changes: { name?: string; value?: RegistryValue }[]) {
      for (const { name = '', value } of changes) value ? values.set(name, value) : values.delete(name);
    },
  } as unknown as Registry;
  const networkAt = (now: Date): Network => ({
    ...plainNetwork,
    tls: trustedByTls(trusts.trust, trusts.operatorCaPem),
    secureWay: readSecureWay(registry.read(), trusts, now),
    now: () => now,
  });
  return {
    values,
    /** A detection, and then a request by its way. */
    async detect(server: string, now = start): Promise<{ line: string; answer: string }> {
      const network = networkAt(now);
      const parts = { registry, network, operatorCaPem: trusts.operatorCaPem, userAgent: 'test', limits };
      const { way, line } = await lookForHttps({ ...parts, server });
      return { line, answer: await get(server, { ...network, secureWay: way }) };
    },
    /** Between detections. */
    ask: (server: string, now = start) => get(server, networkAt(now)),
  };
}

async function get(server: string, network: Network): Promise<string> {
  const asked = { url: `${server}/x?y=1`, userAgent: 'test', limits: { ...limits, network } };
  return send(asked).then(
    ({ body }) => Buffer.from(body).toString(),
    (error: { code: string }) => error.code,
  );
}

describe('an http server that has HTTPS too', () => {
  it('is asked over HTTPS alone, when the pinned CA certifies it', async () => {
    await using host = await openHost('127.83.17.1');
    await host.secureBy(await leaf('127.83.17.1'));
    const machine = createMachine();
    const { line, answer } = await machine.detect(host.url);
    assert.equal(answer, 'secure');
    assert.match(line, /asked over https:\/\/127\.83\.17\.1:8531/);
    assert.equal(await machine.ask(host.url), 'secure');
    assert.deepEqual(host.asked, ['https /tuf/trust-root.cab', 'https /x?y=1', 'https /x?y=1']);
    // Other servers go their own way.
    assert.equal(await machine.ask('http://127.83.17.1:8531'), 'AGENT_TRANSPORT_CUT');
  });

  it('leads nobody to a man in the middle: a foreign authority, another name, and an answer over http count for nothing', async () => {
    await using host = await openHost('127.83.17.2');
    const machine = createMachine();
    for (const identity of [await leaf('127.83.17.2', stranger), await leaf('127.0.0.9'), undefined]) {
      await host.secureBy(identity);
      host.asked.length = 0;
      const { line, answer } = await machine.detect(host.url);
      assert.equal(answer, 'plain');
      assert.match(line, /^No HTTPS that the pinned CA certifies: /);
      assert.deepEqual(host.asked, ['http /x?y=1']);
      assert.deepEqual([...machine.values], []);
    }
  });

  it('that wants HTTPS alone is never asked over http again, whatever stands on its port', async () => {
    await using host = await openHost('127.83.17.3');
    await host.secureBy(await leaf('127.83.17.3'), { 'strict-transport-security': 'max-age=864000' });
    const machine = createMachine();
    assert.equal((await machine.detect(host.url)).answer, 'secure');
    for (const identity of [await leaf('127.83.17.3', stranger), undefined]) {
      await host.secureBy(identity);
      host.asked.length = 0;
      const { line, answer } = await machine.detect(host.url, new Date(start.getTime() + 8 * day));
      assert.match(answer, /^AGENT_TRANSPORT_/);
      assert.match(line, /^WARNING: .* wants HTTPS until /);
      assert.match(await machine.ask(host.url), /^AGENT_TRANSPORT_/);
      assert.deepEqual(host.asked, []);
    }
    // Its time is over, or the clock is years behind: an agent that nobody reaches is worse.
    assert.equal((await machine.detect(host.url, new Date(start.getTime() + 11 * day))).answer, 'plain');
  });

  it('that did not ask for more is asked over http when HTTPS is gone, and the log says it', async () => {
    await using host = await openHost('127.83.17.4');
    await host.secureBy(await leaf('127.83.17.4'));
    const machine = createMachine();
    await machine.detect(host.url);
    await host.secureBy(undefined);
    const { line, answer } = await machine.detect(host.url);
    assert.equal(answer, 'plain');
    assert.match(line, /^WARNING: HTTPS is gone/);
  });

  it('stays http where the administrator or the port says so', async () => {
    await using host = await openHost('127.83.17.5');
    await host.secureBy(await leaf('127.83.17.5'));
    const off = createMachine({ HttpsWhenOffered: { type: 'REG_DWORD', data: 0 } });
    const bySystem = createMachine({}, { ...operator, trust: 'system' });
    const unpinned = createMachine({}, { trust: 'any', operatorCaPem: undefined as unknown as string });
    for (const machine of [off, bySystem, unpinned])
      assert.deepEqual(await machine.detect(host.url), { line: '', answer: 'plain' });
    assert.equal((await createMachine().detect('http://127.83.17.5:8540')).line, '');
    assert.deepEqual([...new Set(host.asked)], ['http /x?y=1']);
  });
});
