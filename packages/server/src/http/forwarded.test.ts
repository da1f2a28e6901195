import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createTrustedProxies } from './forwarded.ts';

const proxies = createTrustedProxies('127.0.0.1, 10.0.0.0/8,2001:db8::/32');

function passedOn(headers: Record<string, string>, remoteAddress = '127.0.0.1') {
  return proxies.passedOn({ headers: { host: 'inside:8530', ...headers }, socket: { remoteAddress } } as never);
}

describe('a client that came by itself', () => {
  it('is what its connection says, whatever headers it sends', () => {
    const lies = {
      'x-forwarded-for': '192.0.2.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil.example',
      forwarded: 'for=192.0.2.1;proto=https;host=evil.example',
    };
    for (const address of ['192.0.2.66', '11.0.0.1', '::1', '2001:db9::1', '::ffff:192.0.2.66'])
      assert.equal(passedOn(lies, address), undefined, address);
    const nobody = createTrustedProxies(undefined);
    assert.equal(nobody.passedOn({ headers: lies, socket: { remoteAddress: '127.0.0.1' } } as never), undefined);
  });
});

describe('behind a trusted proxy', () => {
  const told: [string, Record<string, string>, [string, string | undefined, string | undefined]][] = [
    ['nothing', {}, ['127.0.0.1', undefined, undefined]],
    [
      'X-Forwarded-*',
      { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'wsus.example:8531' },
      ['192.0.2.7', 'https', 'wsus.example:8531'],
    ],
    [
      'the host that it passed on',
      { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'http', host: 'wsus.example:8530' },
      ['192.0.2.7', 'http', 'wsus.example:8530'],
    ],
    [
      'a port beside the host',
      {
        'x-forwarded-for': '192.0.2.7',
        'x-forwarded-proto': 'https',
        host: 'wsus.example',
        'x-forwarded-port': '8531',
      },
      ['192.0.2.7', 'https', 'wsus.example:8531'],
    ],
    [
      'the usual port',
      { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https', host: 'wsus.example', 'x-forwarded-port': '443' },
      ['192.0.2.7', 'https', 'wsus.example'],
    ],
    ['only the protocol', { 'x-forwarded-proto': 'https', host: 'wsus' }, ['127.0.0.1', 'https', 'wsus']],
    [
      'Forwarded',
      { forwarded: 'for="[2001:db9::17]:4711";proto=https;host="wsus.example:8531";by=127.0.0.1' },
      ['2001:db9::17', 'https', 'wsus.example:8531'],
    ],
    [
      'Forwarded in other letters and blanks',
      { forwarded: ' For=192.0.2.60 ; Proto=HTTPS ;HOST=wsus ' },
      ['192.0.2.60', 'https', 'wsus'],
    ],
    ['a port behind the address', { 'x-forwarded-for': '192.0.2.7:51234' }, ['192.0.2.7', undefined, 'inside:8530']],
    ['an IPv6 address', { 'x-forwarded-for': '2001:DB9::7' }, ['2001:db9::7', undefined, 'inside:8530']],
    ['a mapped address', { 'x-forwarded-for': '::ffff:192.0.2.7' }, ['192.0.2.7', undefined, 'inside:8530']],
    ['a hidden client', { forwarded: 'for=_hidden;proto=https;host=wsus' }, ['127.0.0.1', 'https', 'wsus']],
    ['no address', { 'x-forwarded-for': 'a b, <script>' }, ['127.0.0.1', undefined, 'inside:8530']],
    [
      'no host and no protocol',
      { forwarded: 'for=192.0.2.7;proto=gopher;host="a b\\"><script>"' },
      ['192.0.2.7', undefined, undefined],
    ],
  ];
  for (const [what, headers, [address, proto, host]] of told)
    it(`that says ${what}`, () => assert.deepEqual(passedOn(headers), { address, proto, host }));

  it('a list is read from its end, through proxies that are trusted, to the first that is not', () => {
    const list = (text: string) => passedOn({ 'x-forwarded-for': text })?.address;
    assert.equal(list('203.0.113.9, 192.0.2.7'), '192.0.2.7', 'what the client itself wrote does not count');
    assert.equal(list('203.0.113.9, 192.0.2.7, 10.1.2.3'), '192.0.2.7');
    assert.equal(list('127.0.0.1, 192.0.2.7, 10.1.2.3, 2001:db8::5'), '192.0.2.7');
    assert.equal(list('10.9.9.9, 10.1.2.3'), '10.9.9.9', 'a client in the range of the proxies');
    assert.equal(list('192.0.2.7, unknown, 10.1.2.3'), '10.1.2.3');
  });

  it('protocol and host are those that the outermost proxy was called by', () => {
    const chain = {
      'x-forwarded-for': '192.0.2.7, 10.1.2.3',
      'x-forwarded-proto': 'https, http',
      'x-forwarded-host': 'wsus.example, inner',
    };
    assert.deepEqual(passedOn(chain), { address: '192.0.2.7', proto: 'https', host: 'wsus.example' });
    const lied = {
      ...chain,
      'x-forwarded-proto': 'http, https, http',
      'x-forwarded-host': 'evil, wsus.example, inner',
    };
    const more = { ...lied, 'x-forwarded-for': `6.6.6.6, ${chain['x-forwarded-for']}` };
    assert.deepEqual(passedOn(more), { address: '192.0.2.7', proto: 'https', host: 'wsus.example' });
    const forwarded = 'for=6.6.6.6;proto=http;host=evil, for=192.0.2.7;proto=https;host=wsus.example, for=10.1.2.3';
    assert.equal(passedOn({ forwarded })?.address, '192.0.2.7');
    assert.deepEqual(
      passedOn({ forwarded: 'for=192.0.2.7;proto=https;host=wsus.example, for=10.1.2.3;proto=http;host=inner' }),
      { address: '192.0.2.7', proto: 'https', host: 'wsus.example' },
    );
  });

  it('a header that the client wrote and the proxy let pass makes nobody else of the client', () => {
    const lie = {
      'x-forwarded-for': '192.0.2.7',
      'x-forwarded-proto': 'https',
      forwarded: 'for=203.0.113.9;proto=http',
    };
    assert.deepEqual(passedOn(lie), { address: '127.0.0.1', proto: undefined, host: undefined });
    const same = { ...lie, forwarded: 'for=192.0.2.7' };
    assert.deepEqual(passedOn(same), { address: '192.0.2.7', proto: 'https', host: 'inside:8530' });
  });

  it('nothing that a header holds throws, or gives what is no address', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (one, other) => {
        const found = passedOn({ 'x-forwarded-for': one, forwarded: other, 'x-forwarded-host': one });
        assert.match(found?.address ?? '', /^[\da-f.:]+$/);
      }),
      { numRuns: 500 },
    );
  });

  it('a chain as long as the head of a request can be is read to its end', () => {
    const found = passedOn({ 'x-forwarded-for': `192.0.2.7, ${Array(4000).fill('10.1.1.1').join(', ')}` });
    assert.equal(found?.address, '192.0.2.7');
  });
});
