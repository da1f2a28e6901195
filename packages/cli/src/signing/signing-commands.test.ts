// moult sign and moult verify as an admin runs them.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createOperatorCa, createOperatorSigner, signFile } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';

const moult = fileURLToPath(new URL('../../bin/moult.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'moult-signing-'));
after(() => rmSync(folder, { recursive: true }));
const now = new Date();
const ca = await createOperatorCa({ commonName: 'Example CA', now });
const signer = await createOperatorSigner(ca, { commonName: 'Example signer', now });
const cabinet = createCabinet([{ name: 'a.txt', bytes: new Uint8Array(100), modified: now }]);
write('ca.pem', ca.certificatePem);
write('signer.pem', signer.certificatePem);
write('signer.key', signer.privateKeyPem);
const identity = ['--key', 'signer.key', '--cert', 'signer.pem'];

function write(name: string, content: string | Uint8Array): void {
  writeFileSync(join(folder, name), content);
}

function run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [moult, ...argv], { cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

test('a file is signed in place, keeps its mode, and is then trusted under its CA only', async () => {
  write('in-place.cab', cabinet);
  chmodSync(join(folder, 'in-place.cab'), 0o640);
  const signed = await run('sign', 'in-place.cab', ...identity, '--description', 'Example');
  assert.deepEqual([signed.code, signed.stdout], [0, 'in-place.cab: signed by CN=Example signer\n']);
  assert.equal(statSync(join(folder, 'in-place.cab')).mode & 0o777, 0o640);
  const trusted = await run('verify', '--ca', 'ca.pem', 'in-place.cab');
  assert.equal(trusted.code, 0);
  assert.match(
    trusted.stdout,
    /^in-place.cab: trusted\n {2}signed by {4}CN=Example signer \(sha256, thumbprint [0-9a-f]{40}\)\n {2}about {8}Example/,
  );
  const public_ = await run('verify', 'in-place.cab');
  assert.equal(public_.code, 1);
  assert.match(public_.stdout, /unaltered, but NOT trusted\n {2}SIGNATURE_UNTRUSTED_CHAIN .*not one of the trusted/);
  assert.ok(execFileSync('osslsigncode', ['verify', '-CAfile', 'ca.pem', '-in', 'in-place.cab'], { cwd: folder }));
});

test('with --out the file itself stays as it is', async () => {
  write('kept.cab', cabinet);
  const { code, stdout } = await run('sign', 'kept.cab', ...identity, '--out', 'signed.cab', '--json');
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).signer.issuer, 'CN=Example CA');
  assert.deepEqual(new Uint8Array(readFileSync(join(folder, 'kept.cab'))), cabinet);
});

test('keys with a password and certificates in DER are taken', async () => {
  const key = createPrivateKey(signer.privateKeyPem);
  write(
    'locked.key',
    key.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' }) as string,
  );
  write('password', 'secret\n');
  write('signer.cer', new X509Certificate(signer.certificatePem).raw);
  write('locked.cab', cabinet);
  const locked = await run('sign', 'locked.cab', '--key', 'locked.key', '--cert', 'signer.cer');
  assert.deepEqual([locked.code, /--password-file/.test(locked.stderr)], [2, true]);
  write('wrong', 'guess');
  const guessed = await run(
    'sign',
    'locked.cab',
    '--key',
    'locked.key',
    '--cert',
    'signer.cer',
    '--password-file',
    'wrong',
  );
  assert.deepEqual([guessed.code, /password is wrong/.test(guessed.stderr)], [2, true]);
  const opened = await run(
    'sign',
    'locked.cab',
    '--key',
    'locked.key',
    '--cert',
    'signer.cer',
    '--password-file',
    'password',
  );
  assert.equal(opened.code, 0);
});

test('the keys of a server sign and verify by its data directory', async () => {
  mkdirSync(join(folder, 'data/keys'), { recursive: true });
  for (const [name, pem] of [
    ['operator-ca.cer.pem', ca.certificatePem],
    ['operator-signing.cer.pem', signer.certificatePem],
    ['operator-signing.key.pem', signer.privateKeyPem],
  ] as const) {
    write(`data/keys/${name}`, pem);
  }
  write('server.cab', cabinet);
  assert.equal((await run('sign', 'server.cab', '--data-dir', 'data')).code, 0);
  assert.equal((await run('verify', 'server.cab', '--data-dir', 'data')).code, 0);
});

test('each file of several is judged, and one that is not trusted makes the exit code 1', async () => {
  write('good.cab', cabinet);
  await run('sign', 'good.cab', ...identity);
  const altered = readFileSync(join(folder, 'good.cab'));
  altered[70] = (altered[70] ?? 0) ^ 1;
  write('altered.cab', altered);
  write('plain.cab', cabinet);
  write('note.txt', 'no signed file');
  const files = ['good.cab', 'altered.cab', 'plain.cab', 'note.txt'];
  const { code, stdout } = await run('verify', ...files, '--ca', 'ca.pem', '--json');
  assert.equal(code, 1);
  const document = JSON.parse(stdout);
  assert.equal(document.trusted, false);
  assert.deepEqual(
    document.files.map((each: { trusted: boolean; problems: { code: string }[] }) => [
      each.trusted,
      each.problems[0]?.code,
    ]),
    [
      [true, undefined],
      [false, 'SIGNATURE_BAD_DIGEST'],
      [false, 'SIGNATURE_MISSING'],
      [false, 'FORMAT_UNSUPPORTED'],
    ],
  );
  const text = await run('verify', 'altered.cab', '--ca', 'ca.pem');
  assert.match(
    text.stdout,
    /^altered.cab: NOT trusted\n {2}SIGNATURE_BAD_DIGEST The file is not the one that was signed/,
  );
});

test('an expired signer’s word on the signing time counts only where it is asked for', async () => {
  const then = new Date('2010-01-01T00:00:00Z');
  const oldCa = await createOperatorCa({ commonName: 'Old CA', now: then });
  const oldSigner = await createOperatorSigner(oldCa, { commonName: 'Old signer', now: then });
  write('old-ca.pem', oldCa.certificatePem);
  write('old.cab', await signFile(cabinet, oldSigner, { now: new Date('2015-06-07T08:09:10Z') }));
  const { code, stdout } = await run('verify', 'old.cab', '--ca', 'old-ca.pem');
  assert.equal(code, 1);
  assert.match(stdout, /SIGNATURE_EXPIRED .*\n.*\n.*\n.*judged by now, the signer says 2015-06-07T08:09:10.000Z/);
  assert.equal((await run('verify', 'old.cab', '--ca', 'old-ca.pem', '--no-claimed-time')).code, 1);
  assert.equal((await run('verify', 'old.cab', '--ca', 'old-ca.pem', '--claimed-time')).code, 0);
});

test('wrong usage is exit code 2, and says what is missing', async () => {
  write('usage.cab', cabinet);
  for (const [argv, reason] of [
    [['sign', 'usage.cab'], /--key and --cert/],
    [['sign', 'usage.cab', '--data-dir', 'data', '--key', 'signer.key'], /not both/],
    [['sign', 'missing.cab', ...identity], /missing.cab cannot be read/],
    [['sign', 'usage.cab', '--key', 'ca.pem', '--cert', 'signer.pem'], /not a private key/],
    [['sign', 'usage.cab', '--key', 'signer.key', '--cert', 'signer.key'], /no certificate/],
    [['sign', 'usage.cab', ...identity, '--tsa', 'nowhere'], /not an http address/],
    [['sign', 'usage.cab', ...identity, '--url', 'nowhere'], /not an address/],
    [['verify', 'usage.cab', '--ca', 'usage.cab'], /neither a PEM nor a DER/],
    [['verify', 'missing.cab'], /missing.cab cannot be read/],
    [['verify'], /missing required argument/],
  ] as const) {
    const { code, stderr } = await run(...argv);
    assert.equal(code, 2, `${argv.join(' ')}: ${stderr}`);
    assert.match(stderr, reason);
  }
});

test('a key that is another certificate’s signs nothing', async () => {
  write('other.key', ca.privateKeyPem);
  write('mixed.cab', cabinet);
  const { code, stderr } = await run('sign', 'mixed.cab', '--key', 'other.key', '--cert', 'signer.pem');
  assert.deepEqual([code, /FORMAT_BAD_DATA.* not the one of CN=Example signer/.test(stderr)], [1, true]);
  assert.deepEqual(new Uint8Array(readFileSync(join(folder, 'mixed.cab'))), cabinet);
});

test('a time-stamp authority that fails leaves the file unsigned and nothing behind', async () => {
  const server = createServer((_request, response) => response.end('<html>proxy login</html>'));
  after(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  write('unstamped.cab', cabinet);
  const page = await run('sign', 'unstamped.cab', ...identity, '--tsa', url);
  assert.deepEqual([page.code, /CLI_TIMESTAMP_AUTHORITY.*answered 200/.test(page.stderr)], [1, true]);
  await new Promise((resolve) => server.close(resolve));
  const closed = await run('sign', 'unstamped.cab', ...identity, '--tsa', url);
  assert.deepEqual([closed.code, /cannot be reached/.test(closed.stderr)], [1, true]);
  assert.deepEqual(new Uint8Array(readFileSync(join(folder, 'unstamped.cab'))), cabinet);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.new')),
    [],
  );
});

test('a certificate that is not for signing code signs, with a warning', async () => {
  write('root.cab', cabinet);
  write('ca.key', ca.privateKeyPem);
  const { code, stderr } = await run('sign', 'root.cab', '--key', 'ca.key', '--cert', 'ca.pem');
  assert.equal(code, 0);
  assert.match(stderr, /warning: SIGNATURE_NOT_CODE_SIGNING/);
});
