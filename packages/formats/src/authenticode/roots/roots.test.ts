// The thumbprints against the certificates themselves, which Wine's crypt32.dll holds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCertificate } from '../certificate.ts';
import { microsoftCertificates } from '../test/wine-roots.ts';
import { microsoftRootOf, microsoftRoots } from './index.ts';

test('each thumbprint is the one of the certificate of that name', () => {
  const found = microsoftCertificates().map((raw) => readCertificate(raw).summary);
  for (const { name, thumbprint } of microsoftRoots) {
    const certificate = found.find((one) => one.thumbprint === thumbprint);
    assert.ok(certificate, `${name} is not among what Wine has`);
    assert.ok(certificate.subject.includes(`CN=${name}`), certificate.subject);
    assert.equal(certificate.subject, certificate.issuer);
  }
  assert.equal(microsoftRootOf(microsoftRoots[0]?.thumbprint.toUpperCase() ?? '')?.name, 'Microsoft Root Authority');
  assert.equal(microsoftRootOf('00'), undefined);
});
