// moult verify of Windows Installer files, by security catalogs, and under Microsoft's roots.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createOperatorCa, createOperatorSigner, signFile } from '@moult/formats/authenticode';
import { buildCatalog } from '../../../formats/src/authenticode/test/catalog-lab.ts';
import { microsoftCertificates } from '../../../formats/src/authenticode/test/wine-roots.ts';
import { makePackage } from '../../../formats/src/windows-installer/test/make-package.ts';

const moult = fileURLToPath(new URL('../../bin/moult.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'moult-verify-'));
after(() => rmSync(folder, { recursive: true }));
const now = new Date();
const ca = await createOperatorCa({ commonName: 'Example CA', now });
const signer = await createOperatorSigner(ca, { commonName: 'Example signer', now });
writeFileSync(join(folder, 'ca.pem'), ca.certificatePem);
writeFileSync(join(folder, 'signer.pem'), signer.certificatePem);
writeFileSync(join(folder, 'signer.key'), signer.privateKeyPem);

function verify(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [moult, 'verify', ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, text: stdout + stderr };
}

test('a package that wixl made and osslsigncode signed is trusted, an altered one is not', () => {
  writeFileSync(join(folder, 'plain.msi'), makePackage());
  const names = ['-certs', 'signer.pem', '-key', 'signer.key', '-in', 'plain.msi', '-out', 'app.msi'];
  execFileSync('osslsigncode', ['sign', ...names, '-h', 'sha256', '-add-msi-dse'], { cwd: folder, stdio: 'pipe' });
  const trusted = verify('app.msi', '--ca', 'ca.pem');
  assert.deepEqual([trusted.status, /app\.msi: trusted/.test(trusted.text)], [0, true], trusted.text);
  const altered = readFileSync(join(folder, 'app.msi'));
  // The cabinet inside.
  const at = altered.indexOf('MSCF');
  altered[at + 60] = (altered[at + 60] ?? 0) ^ 1;
  writeFileSync(join(folder, 'altered.msi'), altered);
  const refused = verify('altered.msi', '--ca', 'ca.pem');
  assert.deepEqual([refused.status, /SIGNATURE_BAD_DIGEST/.test(refused.text)], [1, true], refused.text);
  const unsigned = verify('plain.msi', '--ca', 'ca.pem');
  assert.deepEqual([unsigned.status, /not signed/.test(unsigned.text)], [1, true]);
  const sign = spawnSync(
    process.execPath,
    [moult, 'sign', 'plain.msi', '--key', 'signer.key', '--cert', 'signer.pem'],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  );
  assert.deepEqual([sign.status, /FORMAT_UNSUPPORTED.*signtool/.test(sign.stderr)], [1, true], sign.stderr);
});

test('a driver’s files are judged by its catalog, by the one of several that names them', async () => {
  writeFileSync(join(folder, 'driver.inf'), '[Version]');
  const digest = createHash('sha256').update('[Version]').digest();
  const catalog = await signFile(buildCatalog(3, [{ algorithm: 'sha256', digest }]), signer, { now });
  writeFileSync(join(folder, 'driver.cat'), catalog);
  writeFileSync(join(folder, 'other.cat'), await signFile(buildCatalog(3), signer, { now }));
  const both = ['--catalog', 'other.cat', '--catalog', 'driver.cat', '--ca', 'ca.pem'];
  assert.equal(verify('driver.inf', ...both).status, 0);
  const other = verify('driver.inf', '--catalog', 'other.cat', '--ca', 'ca.pem');
  assert.deepEqual([other.status, /SIGNATURE_NOT_IN_CATALOG/.test(other.text)], [1, true]);
  assert.equal(verify('driver.inf', '--ca', 'ca.pem').status, 1);
  const none = verify('driver.inf', '--catalog', 'driver.inf', '--ca', 'ca.pem');
  assert.deepEqual([none.status, /FORMAT_UNSUPPORTED/.test(none.text)], [1, true], none.text);
});

test('Microsoft’s roots are known by their thumbprints, and nothing passes for one', async () => {
  writeFileSync(join(folder, 'file.cab'), await signFile(buildCatalog(1), signer, { now }));
  const pem = microsoftCertificates().map((raw) => new X509Certificate(raw).toString());
  writeFileSync(join(folder, 'microsoft.pem'), pem.join(''));
  // The chain ends elsewhere: exit code 1, but the roots were taken.
  assert.equal(verify('file.cab', '--microsoft-roots', 'microsoft.pem').status, 1);
  for (const [name, content] of [
    ['other.pem', ca.certificatePem],
    ['mixed.pem', `${pem[0]}${ca.certificatePem}`],
    ['cut.pem', `${pem[0]}${ca.certificatePem.replace('-----END CERTIFICATE-----', '-----END')}`],
  ] as const) {
    writeFileSync(join(folder, name), content);
    const { status, text } = verify('file.cab', '--microsoft-roots', name);
    assert.deepEqual([status, /not one of Microsoft's roots|not a certificate/.test(text)], [2, true], text);
  }
});
