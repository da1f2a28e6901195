import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ServerConfig } from '@moult/administration/config';
import { createOperatorCa, createServerCertificate } from '@moult/formats/authenticode';
import { openAcmeFiles } from '@moult/store/keys';
import pino from 'pino';
import { waitUntil } from '../../../../../scripts/wait-until.ts';
import { openAcme } from './keep-acme.ts';
import type { orderCertificate } from './order.ts';

const now = new Date('2026-12-01T12:00:00Z');
const later = (hours: number) => new Date(now.getTime() + hours * 3_600_000);
const authority = await createOperatorCa({ commonName: 'Test authority', now });

type Order = typeof orderCertificate;

/** What an authority gives that has certificates for so many hours. */
const given =
  (hours: number): Order =>
  async () => {
    const times = { validFrom: later(-1), validTo: later(hours) };
    const one = await createServerCertificate(authority, { names: ['moult.example'], ...times });
    return { pem: `${one.certificatePem}\n${one.privateKeyPem}` };
  };
/** Ends with its signal alone. */
const never: Order = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));

const diedAt = (at: Date) => ({
  ...{ failures: 1, failedAt: at.toISOString(), why: 'the server ended in the middle of the order' },
});

function openFolder() {
  const dataDir = mkdtempSync(join(tmpdir(), 'moult-keep-acme-'));
  const config = { dataDir, acmeUrl: 'https://authority.example/dir', acmeNames: 'moult.example' } as ServerConfig;
  const file = (name: string) => join(dataDir, 'keys', name);
  return {
    /** A server that starts at `at`. */
    start(order: Order, at = now) {
      const seen = { orders: 0, renewed: 0 };
      const counted: Order = (...wish) => {
        seen.orders++;
        return order(...wish);
      };
      const parts = {
        now: () => at,
        isClockBelieved: () => true,
        log: pino({ enabled: false }),
        changed: () => undefined,
      };
      const keeper = openAcme(config, { ...parts, order: counted });
      assert.ok(keeper);
      keeper.begin(() => void seen.renewed++);
      return { ...keeper, seen };
    },
    /** As a server that was killed in an order left it. */
    leave: () => openAcmeFiles(dataDir).saveTries(JSON.stringify(diedAt(now))),
    tries: () => JSON.parse(readFileSync(file('acme-tries.json'), 'utf8')),
    hasCertificate: () => existsSync(file('acme-tls.pem')),
    [Symbol.dispose]: () => rmSync(dataDir, { recursive: true, force: true }),
  };
}

describe('the keeper of a certificate from an ACME authority', () => {
  it('notes an order before it begins, and does not order again at once after it died in it', async () => {
    using folder = openFolder();
    const first = folder.start(never);
    assert.deepEqual(folder.tries(), diedAt(now));
    await first.close();
    folder.leave();
    const again = folder.start(given(2000), later(0.1));
    assert.equal(again.seen.orders, 0);
    assert.match(again.notices()[0]?.headline ?? '', /\(1 try\)/);
    await again.close();
    const afterPause = folder.start(given(2000), later(0.3));
    await waitUntil('the certificate is there', () => afterPause.seen.renewed === 1);
    assert.deepEqual([afterPause.notices(), folder.hasCertificate()], [[], true]);
    await afterPause.close();
  });

  it('counts no failure when the server is stopped in an order', async () => {
    using folder = openFolder();
    await folder.start(never).close();
    assert.deepEqual(folder.tries(), { failures: 0 });
  });

  it('refuses a certificate that it would have to renew at once', async () => {
    using folder = openFolder();
    const keeper = folder.start(given(0.1));
    await waitUntil('the failure is noted', () => keeper.notices().length > 0);
    await keeper.close();
    assert.match(folder.tries().why, /renewed at once/);
    assert.deepEqual([folder.hasCertificate(), keeper.seen.renewed], [false, 0]);
  });

  it('says nothing of a failure once a certificate is there', async () => {
    using folder = openFolder();
    const first = folder.start(given(2000));
    await waitUntil('the certificate is there', () => first.seen.renewed === 1);
    await first.close();
    // As a kill behind the certificate leaves it.
    folder.leave();
    const again = folder.start(given(2000), later(1));
    await waitUntil('the failure is forgotten', () => again.notices().length === 0);
    await again.close();
    assert.deepEqual([again.seen.orders, folder.tries()], [0, { failures: 0 }]);
  });
});
