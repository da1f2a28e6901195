import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase, withoutPassword } from '../database.ts';
import { ServerError } from '../errors.ts';
import { parsePostgresAddress } from './address.ts';

const parsed = (address: string) => parsePostgresAddress(address, {});

test('several hosts, each with its port, in the order in which they are tried', () => {
  const { hosts, wanted, database, user } = parsed(
    'postgresql://moult@one.example.test,[2001:db8::1]:5433,192.0.2.7/updates?target_session_attrs=primary',
  );
  assert.deepEqual(hosts, [
    { host: 'one.example.test', port: undefined },
    { host: '2001:db8::1', port: 5433 },
    { host: '192.0.2.7', port: undefined },
  ]);
  assert.deepEqual([wanted, database, user], ['primary', 'updates', 'moult']);
});

test('hosts and ports as parameters: one port for all, or one for each', () => {
  const hostsOf = (address: string) => parsed(address).hosts.map(({ host, port }) => `${host}:${port}`);
  assert.deepEqual(hostsOf('postgres:///updates?host=a,b&port=5433'), ['a:5433', 'b:5433']);
  assert.deepEqual(hostsOf('postgres://a,b/updates?port=1,2'), ['a:1', 'b:2']);
  assert.deepEqual(hostsOf('postgres:///updates?host=/run/postgresql'), ['/run/postgresql:undefined']);
  assert.deepEqual(hostsOf('postgres://%2Frun%2Fpostgresql/updates'), ['/run/postgresql:undefined']);
  assert.throws(() => parsed('postgres://a,b,c/updates?port=1,2'), { code: 'SERVER_BAD_CONFIG' });
});

test('what is not said is what libpq takes: TLS where it is had, a host that takes writes', () => {
  const { tls, wanted, password, applicationName } = parsed('postgres://db.example.test');
  assert.deepEqual([tls, wanted, password, applicationName], [{ mode: 'prefer' }, 'read-write', undefined, 'moult']);
  const environment = { PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/ca.pem' };
  assert.deepEqual(parsePostgresAddress('postgres://db', environment).tls, {
    mode: 'verify-full',
    rootCertificate: '/ca.pem',
  });
});

test('a password may hold an @, and what needs no escape', () => {
  assert.equal(parsed('postgres://moult:p@ss:w#rd@db/updates').password, 'p@ss:w#rd');
  assert.equal(parsed('postgres://moult:p%40%2F%3F%25@db/updates').password, 'p@/?%');
  assert.equal(parsed('postgres://moult@db/updates?password=a%26b').password, 'a&b');
});

const secret = 'hunter2';
const hostile = [
  `postgres://moult:${secret}@db/updates`,
  `postgres://moult:a@${secret}@db/updates`,
  `postgres://moult:a@b/${secret}@db/updates`,
  `postgres://moult:a/${secret}@db/updates`,
  `postgres://moult:1/${secret}@db/updates`,
  `postgres://moult:1?${secret}@db/updates`,
  `postgres://moult:1?${secret}`,
  `postgres://moult:1?${secret}=1@db/updates`,
  `postgres://moult:a?b${secret}@db/updates`,
  `postgres://moult:a#${secret}@db/updates`,
  `postgres://moult:%zz${secret}@db/updates`,
  `postgres://moult:[${secret}@db/updates`,
  `postgres://:${secret}@db/updates`,
  `postgres://db/updates?password=${secret}`,
  `postgres://db/updates?user=moult&password=x@${secret}&sslmode=disable`,
  `postgres://db/updates?password=a&b${secret}`,
  `postgres://db:5432/updates?password=x@y&pasword=${secret}`,
  `postgres://db/updates?sslmode=${secret}`,
  `postgres://db/updates?target_session_attrs=${secret}`,
  `postgres://db/updates?connect_timeout=${secret}`,
  `postgres://db:${secret}/updates`,
  `POSTGRES://moult:${secret}@db/updates`,
];

for (const address of hostile) {
  test(`nothing of the password is shown of ${address.replace(secret, '…')}`, () => {
    assert.doesNotMatch(withoutPassword(address), /hunter2/);
    try {
      parsed(address);
    } catch (error) {
      assert.ok(error instanceof ServerError && error.code === 'SERVER_BAD_CONFIG');
      assert.doesNotMatch(`${error.message} ${JSON.stringify(error)} ${String(error.cause)}`, /hunter2/);
    }
  });
}

test('an address of another kind is refused by its kind alone: a mistyped one may hold a password', async () => {
  for (const address of ['postgre://moult:hunter2@db', 'mysql://moult:hunter2@db', 'postgres:moult:hunter2@db']) {
    assert.doesNotMatch(withoutPassword(address), /hunter2/);
    await assert.rejects(openDatabase(address), (error: Error) => {
      assert.match(error.message, /^The address in --database begins with (postgre:\/\/|mysql:\/\/|postgres:)\./);
      assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, /hunter2/);
      return true;
    });
  }
  assert.equal(withoutPassword('sqlite:///var/lib/moult.sqlite'), 'sqlite:///var/lib/moult.sqlite');
});

test('an address is shown with its user, hosts and database', () => {
  assert.equal(
    withoutPassword('postgres://moult:secret@a:5432,b/updates?sslmode=require'),
    'postgres://moult:***@a:5432,b/updates',
  );
  assert.equal(withoutPassword('/var/lib/moult/moult.sqlite'), '/var/lib/moult/moult.sqlite');
});

test('what cannot be meant is refused, with what may be', () => {
  for (const [address, said] of [
    ['postgres://db/updates?sslmod=require', /parameter sslmod that Moult does not know.*sslmode/],
    ['postgres://db/updates?sslmode=always', /sslmode that is not one of disable, allow, prefer, require/],
    ['postgres://db/updates?target_session_attrs=standby', /any, read-write, primary/],
    ['postgres://db:0/updates', /a port is not valid/],
    ['postgres://db:99999/updates', /a port is not valid/],
    ['postgres://moult:a/b@db/updates', /percent-encoded: \/ as %2F/],
  ] as const) {
    assert.throws(() => parsed(address), { code: 'SERVER_BAD_CONFIG', message: said }, address);
  }
});
