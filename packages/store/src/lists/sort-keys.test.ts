import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressKey, agentKey, compareNames, nameKey, numberedKey } from './sort-keys.ts';

/** As a database sorts them: byte for byte. */
function inOrder(texts: readonly string[], keyOf: (text: string) => string): string[] {
  return [...texts].sort((one, other) => Buffer.compare(Buffer.from(keyOf(one)), Buffer.from(keyOf(other))));
}

test('names sort without letter case, of any script', () => {
  const names = ['alpha', 'Beta', 'gamma', 'Zulu', 'ÄRA', 'äsa'];
  assert.deepEqual(inOrder([...names].reverse(), nameKey), names);
  assert.deepEqual([...names].reverse().sort(compareNames), names);
  assert.deepEqual(['pc', 'PC', 'Pc'].sort(compareNames), ['PC', 'Pc', 'pc'], 'always in one order');
});

test('versions and systems sort by their numbers', () => {
  const versions = [
    '',
    '5.4.3790.2180',
    '7.0.6000.381',
    '7.9.0.1',
    '9.0',
    '10.0.9',
    '10.0.10',
    '10.0.19041.1',
    '110.0',
  ];
  assert.deepEqual(inOrder([...versions].reverse(), numberedKey), versions);
  const systems = ['Windows 7', 'windows 10', 'Windows 11', 'Windows Server 2012', 'Windows Server 2022'];
  assert.deepEqual(inOrder([...systems].reverse(), numberedKey), systems);
  assert.equal(numberedKey('1.02'), numberedKey('1.2'));
  assert.ok(agentKey(null, null) < agentKey('sus', '99.0') && agentKey('sus', '99.0') < agentKey('wsus', '1.0'));
});

test('addresses sort by their numbers, IPv4 first, and other text last', () => {
  const addresses = [
    ...['', '9.255.255.255', '10.0.0.2', '::ffff:10.0.0.9', '10.0.0.10', '192.168.0.1'],
    ...['::1', '64:ff9b::192.0.2.33', '2001:db8::2', '2001:DB8::10', 'fe80::1%eth0', 'fe80::2', 'not an address'],
  ];
  assert.deepEqual(inOrder([...addresses].reverse(), addressKey), addresses);
  assert.equal(addressKey('2001:db8:0:0:0:0:0:2'), addressKey('2001:db8::2'));
});

test('keys of hostile texts fit into an index and into a cursor', () => {
  for (const text of ['\0', '9'.repeat(70_000), 'İ'.repeat(70_000), '1a'.repeat(70_000), ':'.repeat(70_000)]) {
    for (const key of [nameKey(text), numberedKey(text), addressKey(text), agentKey(text, text)]) {
      assert.ok(!key.includes('\0'));
      assert.ok(Buffer.byteLength(key) < 2600);
    }
  }
});
