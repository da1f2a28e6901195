// sslmode as libpq means it, against a PostgreSQL that speaks TLS and one that does not.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sql } from 'kysely';
import { openDatabase } from '../src/database.ts';
import { openSnapshot } from '../src/snapshot.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

let secure: TestPostgres;
let plain: TestPostgres;
let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-tls-'));
  for (const name of ['server', 'other']) {
    const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)];
    const about = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2', '-nodes'];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    execFileSync('openssl', ['req', '-x509', ...kind, ...about, ...files], { stdio: 'ignore' });
  }
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  secure = await startPostgres([], { certificate: read('server.crt'), key: read('server.key') });
  plain = await startPostgres();
});
after(async () => {
  await secure?.stop();
  await plain?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const addressOf = ({ port }: TestPostgres, host: string, query: string) =>
  `postgres://moult@${host}:${port}/postgres?${query}`;

async function isEncrypted(address: string): Promise<boolean> {
  const database = await openDatabase(address);
  try {
    const { rows } = await sql<{ ssl: boolean }>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`.execute(
      database.tables,
    );
    return rows[0]?.ssl === true;
  } finally {
    await database.close();
  }
}

describe('sslmode', () => {
  const ca = (name = 'server') => `sslrootcert=${encodeURIComponent(join(folder, `${name}.crt`))}`;

  for (const [mode, expected] of [
    ['', true],
    ['sslmode=disable', false],
    ['sslmode=allow', true],
    ['sslmode=prefer', true],
    ['sslmode=require', true],
    ['sslmode=no-verify', true],
  ] as const) {
    it(`${mode || 'none'}: TLS is ${expected ? '' : 'not '}used where it is there`, async () => {
      assert.equal(await isEncrypted(addressOf(secure, '127.0.0.1', mode)), expected);
    });
  }

  it('prefer goes on without TLS where there is none, and require does not', async () => {
    assert.equal(await isEncrypted(addressOf(plain, '127.0.0.1', '')), false);
    await assert.rejects(isEncrypted(addressOf(plain, '127.0.0.1', 'sslmode=require')), {
      code: 'SERVER_DATABASE',
      message: /has no TLS, and sslmode is require/,
    });
  });

  it('verify-full wants a known CA and the name of the host', async () => {
    assert.equal(await isEncrypted(addressOf(secure, 'localhost', `sslmode=verify-full&${ca()}`)), true);
    for (const wrong of [
      addressOf(secure, '127.0.0.1', `sslmode=verify-full&${ca()}`),
      addressOf(secure, 'localhost', 'sslmode=verify-full'),
      addressOf(secure, 'localhost', `sslmode=verify-full&${ca('other')}`),
    ]) {
      await assert.rejects(isEncrypted(wrong), { code: 'SERVER_DATABASE', message: /certificate is not trusted/ });
    }
  });

  it('verify-ca wants a known CA, whatever the name, and so does require with a CA', async () => {
    for (const mode of ['verify-ca', 'require']) {
      assert.equal(await isEncrypted(addressOf(secure, '127.0.0.1', `sslmode=${mode}&${ca()}`)), true);
      await assert.rejects(isEncrypted(addressOf(secure, '127.0.0.1', `sslmode=${mode}&${ca('other')}`)), {
        code: 'SERVER_DATABASE',
        message: /certificate is not trusted.*sslrootcert/,
      });
    }
  });

  it('a file that cannot be read is named', async () => {
    await assert.rejects(isEncrypted(addressOf(secure, 'localhost', 'sslmode=verify-full&sslrootcert=/none.pem')), {
      code: 'SERVER_BAD_CONFIG',
      message: /sslrootcert in --database cannot be read: .*none\.pem/,
    });
  });

  it('a backup connects in the same way', async () => {
    const database = await secure.createDatabase();
    await secure.run(database, 'create table migrations (name text)');
    const strict = database.replace('127.0.0.1', 'localhost');
    const snapshot = await openSnapshot(`${strict}?sslmode=verify-full&${ca()}`);
    await snapshot.close();
    await assert.rejects(openSnapshot(`${database}?sslmode=verify-full&${ca()}`), { code: 'SERVER_DATABASE' });
  });
});
