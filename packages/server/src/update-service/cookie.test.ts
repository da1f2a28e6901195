import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createCookieJar } from './cookie.ts';

const key = new Uint8Array(32).fill(7);
const jar = createCookieJar({ key, identity: { serverId: 'server-1' } });
const now = new Date('2026-11-22T12:00:00Z');
const claims = {
  computerId: 'e1da06a3-5601-43c9-bac3-52d5db701494',
  protocolVersion: '2.90',
  configChange: 1,
  expiresAt: now.getTime() + 3_600_000,
  anchor: 42,
  driverAnchor: 43,
  groups: 'abc',
};

describe('client cookies', () => {
  it('open to what was sealed, with and without an anchor', () => {
    assert.deepEqual(jar.openClient(jar.sealClient(claims), now), { kind: 'claims', claims });
    const fresh = { ...claims, anchor: undefined, driverAnchor: undefined, groups: undefined };
    assert.deepEqual(jar.openClient(jar.sealClient(fresh), now), { kind: 'claims', claims: fresh });
  });

  it('differ each time, although they say the same', () => {
    assert.notDeepEqual(jar.sealClient(claims), jar.sealClient(claims));
  });

  it('expire, and then still tell whose they were', () => {
    assert.deepEqual(jar.openClient(jar.sealClient(claims), new Date(claims.expiresAt)), { kind: 'expired', claims });
  });

  it('of a clock that was years ahead are over, when the clock is right again', () => {
    const sealed = jar.sealClient({ ...claims, expiresAt: claims.expiresAt + 3652 * 86_400_000 });
    assert.equal(jar.openClient(sealed, now).kind, 'expired');
    const authorization = jar.sealAuthorization(claims, new Date(now.getTime() + 3652 * 86_400_000));
    assert.equal(jar.openAuthorization(authorization, now).kind, 'expired');
  });

  it('of another server state are foreign, of another key unreadable', () => {
    const other = createCookieJar({ key, identity: { serverId: 'server-2' } });
    assert.equal(other.openClient(jar.sealClient(claims), now).kind, 'foreign');
    const stranger = createCookieJar({ key: new Uint8Array(32), identity: { serverId: 'server-1' } });
    assert.equal(stranger.openClient(jar.sealClient(claims), now).kind, 'unreadable');
  });

  it('are unreadable after the change of any bit, and at any other length', () => {
    const sealed = jar.sealClient(claims);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: sealed.length * 8 - 1 }), (bit) => {
        const altered = Uint8Array.from(sealed);
        altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        assert.equal(jar.openClient(altered, now).kind, 'unreadable');
      }),
    );
    for (let length = 0; length < sealed.length; length++) {
      assert.equal(jar.openClient(sealed.subarray(0, length), now).kind, 'unreadable');
    }
    assert.equal(jar.openClient(new Uint8Array(5000), now).kind, 'unreadable');
  });

  it('never stand in for an authorisation, nor the reverse', () => {
    assert.equal(jar.openAuthorization(jar.sealClient(claims), now).kind, 'unreadable');
    assert.equal(jar.openClient(jar.sealAuthorization(claims, now), now).kind, 'unreadable');
  });
});

it('an authorisation names its computer, for an hour', () => {
  const sealed = jar.sealAuthorization(claims, now);
  assert.deepEqual(jar.openAuthorization(sealed, now), { kind: 'claims', claims: { computerId: claims.computerId } });
  assert.equal(jar.openAuthorization(sealed, new Date(now.getTime() + 3_600_000)).kind, 'expired');
});
