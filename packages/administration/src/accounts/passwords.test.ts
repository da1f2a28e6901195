import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashPassword, isPassword, requireGoodPassword } from './passwords.ts';

const cost = { memoryKib: 1024, passes: 1 };
const password = 'correct horse battery';

describe('a password hash', () => {
  it('is argon2id in the PHC format with its cost, is salted, and fits its password alone', async () => {
    const [one, other] = [await hashPassword(password, cost), await hashPassword(password, cost)];
    assert.match(one, /^\$argon2id\$v=19\$m=1024,t=1,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    assert.notEqual(one, other);
    assert.ok(await isPassword(password, one));
    for (const wrong of ['', 'Correct horse battery', `${password} `, `${password}\0`])
      assert.equal(await isPassword(wrong, one), false, wrong);
  });

  it('of another program, with another cost, is understood', async () => {
    // By the reference implementation: argon2 somesalt16bytes!! -id -t 2 -k 1024 -p 2 is not at hand; made by Node itself.
    const { argon2Sync } = await import('node:crypto');
    const salt = Buffer.from('somesalt16bytes!');
    const parameters = { message: 'other', nonce: salt, parallelism: 2, tagLength: 32, memory: 2048, passes: 3 };
    const tag = argon2Sync('argon2id', parameters);
    const text = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '');
    assert.ok(await isPassword('other', `$argon2id$v=19$m=2048,t=3,p=2$${text(salt)}$${text(tag)}`));
  });

  it('that is none, or that would take all memory, fits nothing', async () => {
    const good = await hashPassword(password, cost);
    const [, , , , salt = '', tag = ''] = good.split('$');
    for (const hash of [
      ...['', 'x', good.slice(0, -30), good.replace('argon2id', 'argon2d'), good.replace('v=19', 'v=16')],
      ...[`$argon2id$v=19$m=9999999,t=1,p=1$${salt}$${tag}`, `$argon2id$v=19$m=1024,t=999,p=1$${salt}$${tag}`],
    ])
      assert.equal(await isPassword(password, hash), false, hash);
  });

  it('is the same for one password in two forms of Unicode', async () => {
    assert.ok(
      await isPassword('Gr\u00f6\u00dfe und Gewicht', await hashPassword('Gro\u0308\u00dfe und Gewicht', cost)),
    );
  });
});

it('short, long and guessed passwords are refused with the reason', () => {
  const code = 'ADMINISTRATION_BAD_ACCOUNT';
  assert.throws(() => requireGoodPassword('elevenchars', 'anna'), { code, message: /11 characters/ });
  assert.throws(() => requireGoodPassword('x'.repeat(513), 'anna'), { code, message: /12 to 512/ });
  assert.throws(() => requireGoodPassword('administrator', 'Administrator'), { code, message: /name of the account/ });
  assert.throws(() => requireGoodPassword('aaaaaaaaaaaaaaaa', 'anna'), { code });
  requireGoodPassword('correct horse battery', 'anna');
});
