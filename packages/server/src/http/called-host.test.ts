import assert from 'node:assert/strict';
import { it } from 'node:test';
import { calledHost } from './called-host.ts';

const called = (host: string | undefined, { url = '/', localAddress = '192.0.2.1' } = {}) =>
  calledHost({ request: { url, headers: { host }, socket: { localAddress } }, localPort: 8530 } as never);

it('a client is told of us by the name under which it called', () => {
  for (const host of ['wsus', 'WSUS.example.test:8530', '192.0.2.9:80', '[2001:db8::1]:8530', '[::1]', 'under_score']) {
    assert.equal(called(host), host);
  }
  assert.equal(called('proxy:3128', { url: 'http://wsus:8530/ClientWebService/client.asmx' }), 'wsus:8530');
});

it('without a name, or with one that can be none, it is the address at which the connection arrived', () => {
  for (const host of [undefined, '', 'a b', 'a"><script>', 'user@host', 'a/b', 'host:', 'host:123456', '2001:db8::1']) {
    assert.equal(called(host), '192.0.2.1:8530', host);
  }
  assert.equal(called(undefined, { localAddress: '::ffff:192.0.2.7' }), '192.0.2.7:8530');
  assert.equal(called(undefined, { localAddress: 'fe80::1%eth0' }), '[fe80::1]:8530');
});
