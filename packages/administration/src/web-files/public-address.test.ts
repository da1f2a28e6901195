// Addresses that a catalog from outside may not make this server ask.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isPrivateAddress, isPublicFileUrl, publicLookup, requirePublicHost } from './public-address.ts';

describe('an address of a catalog', () => {
  const closed = [
    ...[
      '127.0.0.1',
      '10.1.2.3',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '0.0.0.0',
    ],
    ...['224.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd12::1', 'ff02::1'],
    ...['::ffff:127.0.0.1', '::ffff:10.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::1', '::7f00:1', 'not an address'],
  ];
  for (const address of closed) it(`${address} is closed`, () => assert.equal(isPrivateAddress(address), true));
  for (const address of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '192.0.3.1', '2606:4700::1', '::ffff:8.8.8.8'])
    it(`${address} is open`, () => assert.equal(isPrivateAddress(address), false));

  it('is looked at in every spelling that a URL has', () => {
    for (const url of [
      'http://0x7f.1/',
      'http://2130706433/',
      'http://[::ffff:7f00:1]/',
      'http://127.1/',
      'http://[::1]:80/',
    ])
      assert.throws(() => requirePublicHost(new URL(url)), { code: 'ADMINISTRATION_PRIVATE_ADDRESS' }, url);
    requirePublicHost(new URL('http://vendor.example/'));
  });

  it('is refused if any address of its name is closed, and the connection goes to the address that was looked at', async () => {
    const answer = (found: { address: string; family: number }[], all = false) =>
      new Promise((resolve, reject) => {
        const resolver = (_: string, __: object, done: (error: null, addresses: object) => void) => done(null, found);
        publicLookup(resolver as never)('vendor.example', { all }, (error, address) =>
          error ? reject(error) : resolve(address),
        );
      });
    assert.equal(await answer([{ address: '8.8.8.8', family: 4 }]), '8.8.8.8');
    assert.deepEqual(await answer([{ address: '8.8.8.8', family: 4 }], true), [{ address: '8.8.8.8', family: 4 }]);
    const mixed = [
      { address: '8.8.8.8', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    await assert.rejects(answer(mixed), { code: 'ADMINISTRATION_PRIVATE_ADDRESS' });
  });
});

it('an upstream cannot point at files inside of the network', () => {
  for (const good of [
    'http://download.windowsupdate.com/d/x.cab',
    'https://catalog.sf.dl.delivery.mp.microsoft.com/a',
  ]) {
    assert.ok(isPublicFileUrl(good), good);
  }
  const bad = [
    ...['http://127.0.0.1/x', 'http://2130706433/x', 'http://0x7f.1/x', 'http://[::1]/x', 'http://10.1.2.3/x'],
    ...['http://localhost/x', 'http://a.localhost/x', 'http://intranet/x', 'http://nas.local/x', 'file:///etc/passwd'],
    ...[
      'http://169.254.169.254/latest/meta-data',
      'ftp://download.example.com/x',
      'http://user:word@a.example.com/x',
      'x',
    ],
  ];
  for (const one of bad) assert.equal(isPublicFileUrl(one), false, one);
});
