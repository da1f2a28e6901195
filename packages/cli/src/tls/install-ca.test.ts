// The authority of a server goes into a store as Debian's own program reads it.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { loadOrCreateOperatorKeys } from '../../../store/src/keys/index.ts';
import { fileNameOf, installAuthority, readAuthority, storeOf } from './install-ca.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-install-ca-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const now = new Date();

it("an authority is in Debian's bundle afterwards, once, and without anything else of its file", async () => {
  await loadOrCreateOperatorKeys(folder, { now });
  const read = (name: string) => readFileSync(join(folder, 'keys', name));
  const bytes = Buffer.concat([read('operator-ca.cer.pem'), read('operator-ca.key.pem')]);
  const authority = readAuthority(bytes, now);
  const [local, made, certs] = ['local', 'made', 'certs'].map((name) => join(folder, name)) as [string, string, string];
  for (const one of [local, made, certs]) mkdirSync(one);
  writeFileSync(join(folder, 'none.conf'), '');
  const places = [
    '--certsdir',
    certs,
    '--localcertsdir',
    local,
    '--etccertsdir',
    made,
    '--certsconf',
    join(folder, 'none.conf'),
  ];
  const store = { ...storeOf('linux'), folder: local, args: [...places, '--hooksdir', certs] };
  for (let time = 0; time < 2; time++) installAuthority(authority, store);
  assert.deepEqual(readdirSync(local), [fileNameOf(authority)]);
  const bundle = readFileSync(join(made, 'ca-certificates.crt'), 'utf8');
  assert.equal(bundle.split(authority.pem.trim()).length, 2);
  assert.doesNotMatch(bundle, /PRIVATE KEY/);
});

it('nothing is installed of what is no authority, or has ended, nor by a program that fails', () => {
  const bytes = readFileSync(join(folder, 'keys', 'operator-ca.cer.pem'));
  const refused = { code: 'CLI_CA_STORE' };
  for (const wrong of ['', 'x', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])
    assert.throws(() => readAuthority(Buffer.from(wrong), now), refused);
  assert.throws(() => readAuthority(readFileSync(join(folder, 'keys', 'operator-signing.cer.pem')), now), refused);
  assert.throws(() => readAuthority(bytes, new Date('2200-01-01')), /ended on/);
  const authority = readAuthority(bytes, now);
  for (const program of ['/bin/false', join(folder, 'no such program')])
    assert.throws(() => installAuthority(authority, { folder, program, args: [] }), refused);
  assert.throws(() => storeOf('darwin'), refused);
});
