// Bounds of log-ons: nobody guesses fast, and nobody locks out somebody else.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hashPassword } from '@moult/administration/accounts';
import type { Account, Store } from '@moult/store';
import { createLogOns } from './log-ons.ts';

const cost = { memoryKib: 1024, passes: 1 };
const password = 'correct horse battery';

async function logOns(now: () => number = () => 0) {
  const hash = await hashPassword(password, cost);
  let hashes = 0;
  const account = { accountId: '1', name: 'admin', role: 'administrator', isDisabled: false } as Account;
  const store = {
    findAccount: async (name: string) => (name === 'admin' ? account : undefined),
    loadPasswordHash: async () => {
      hashes++;
      return hash;
    },
  } as Partial<Store> as Store;
  const created = createLogOns({ store, cost, now });
  const check = (address: string, given = password, name = 'admin') =>
    created.check({ name, password: given, address }).then(
      () => 'in',
      (error: { code: string }) => error.code,
    );
  return { check, hashes: () => hashes };
}

it('10,000 log-ons with wrong passwords from one network: 20 are looked at, and the admin gets in from elsewhere', async () => {
  const { check, hashes } = await logOns();
  const told = new Map<string, number>();
  for (let count = 0; count < 10_000; count++) {
    // One /64 is one address.
    const code = await check(
      `2001:db8::${(count % 0xffff).toString(16)}`,
      'wrong',
      count % 2 === 0 ? 'admin' : `other${count}`,
    );
    told.set(code, (told.get(code) ?? 0) + 1);
  }
  assert.deepEqual([told.get('API_UNAUTHENTICATED'), told.get('API_TOO_MANY')], [20, 9980]);
  assert.ok(hashes() <= 20);
  assert.equal(await check('192.0.2.9'), 'in');
  assert.equal(await check('2001:db8:1::1'), 'in');
});

it('a flood of 500 addresses at the same moment: an address that did not fail comes before those that did', async () => {
  const { check } = await logOns();
  // Each fails once before, so that it is known.
  for (let count = 0; count < 60; count++) await check(`192.0.2.${count}`, 'wrong');
  const flood = Array.from({ length: 60 }, (_, count) => check(`192.0.2.${count}`, 'wrong'));
  const admin = check('198.51.100.1');
  assert.equal(await admin, 'in');
  const told = await Promise.all(flood);
  assert.ok(told.includes('API_BUSY'), 'more wait than there is room for');
});

it('failures are forgotten with time, and a right password costs none', async () => {
  let at = 0;
  const { check } = await logOns(() => at);
  for (let count = 0; count < 30; count++) assert.equal(await check('192.0.2.1'), 'in');
  for (let count = 0; count < 8; count++) assert.equal(await check('192.0.2.1', 'wrong'), 'API_UNAUTHENTICATED');
  assert.equal(await check('192.0.2.1'), 'API_TOO_MANY');
  at += 61_000;
  assert.equal(await check('192.0.2.1'), 'in');
});

it('a flood of 10,100 new addresses that fills the table: an address from which the admin logged on before gets in at once', async () => {
  const { check } = await logOns();
  const home = '2001:db8:7::1';
  assert.equal(await check(home), 'in');
  const flood = [];
  for (let count = 0; count < 10_100; count++) flood.push(check(`10.1.${count >> 8}.${count & 255}`, 'wrong'));
  assert.equal(await check(home), 'in');
  const told = new Set(await Promise.all(flood));
  assert.ok(told.has('API_BUSY'));
  // Nobody else: the count of all addresses that the table does not hold is used up.
  while ((await check('10.9.0.1', 'wrong')) !== 'API_TOO_MANY');
  assert.equal(await check('10.9.0.2'), 'API_TOO_MANY');
  assert.equal(await check(home), 'in');
  for (let count = 0; count < 8; count++) assert.equal(await check(home, 'wrong'), 'API_UNAUTHENTICATED');
  assert.equal(await check(home), 'API_TOO_MANY', 'also one that is known may guess 8 times');
});

it('a log-on that found no place in the line was no wrong password', async () => {
  const { check } = await logOns();
  const told = await Promise.all(Array.from({ length: 60 }, (_, count) => check('192.0.2.1', 'wrong', `name${count}`)));
  assert.deepEqual(new Set(told), new Set(['API_UNAUTHENTICATED', 'API_TOO_MANY']));
  const crowd = Array.from({ length: 60 }, (_, count) => check(`192.0.2.${count + 2}`, 'wrong'));
  const late = await Promise.all(Array.from({ length: 8 }, () => check('198.51.100.1')));
  await Promise.all(crowd);
  assert.ok(late.every((code) => code === 'API_BUSY'));
  assert.equal(await check('198.51.100.1'), 'in');
});
