import assert from 'node:assert/strict';
import { it } from 'node:test';
import { proxyOf } from './proxy-of.ts';

const environment = {
  HTTP_PROXY: 'http://p:1',
  https_proxy: 'http://s:2',
  NO_PROXY: 'a.test, .b.test,*.c.test:8530,::1',
};

it('a request goes through the proxy of its protocol, but for what NO_PROXY names', () => {
  const proxied = ['http://x.test/', 'http://ba.test/', 'http://c.test/', 'http://d.c.test/'];
  for (const url of proxied) assert.equal(proxyOf(new URL(url), environment), 'http://p:1', url);
  assert.equal(proxyOf(new URL('https://x.test/'), environment), 'http://s:2');
  const direct = ['http://a.test/', 'http://x.a.test/', 'http://b.test/', 'http://d.c.test:8530/', 'http://[::1]/'];
  for (const url of direct) assert.equal(proxyOf(new URL(url), environment), undefined, url);
  assert.equal(proxyOf(new URL('http://x.test/'), {}), undefined);
  assert.equal(proxyOf(new URL('http://x.test/'), { ...environment, NO_PROXY: '*' }), undefined);
});
