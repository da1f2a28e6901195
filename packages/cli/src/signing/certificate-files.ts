// Certificates and keys as admins have them: PEM or DER, one or several in a file, keys with or without a password.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { SigningIdentity } from '@moult/formats/authenticode';
import { microsoftRootOf } from '@moult/formats/authenticode/roots';
import { readNamedFile } from '../files/named-file.ts';
import { UsageError } from '../terminal.ts';

/** The certificates of a PEM file, or the one of a DER file (.cer), as PEM. Throws UsageError for anything else. */
export function readCertificateFile(file: string): string {
  const bytes = readNamedFile(file);
  const text = bytes.toString('latin1');
  if (text.includes('-----BEGIN')) {
    if (/-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/.test(text)) return text;
    throw new UsageError(`${file} holds no certificate.`);
  }
  try {
    return new X509Certificate(bytes).toString();
  } catch {
    throw new UsageError(`${file} is neither a PEM nor a DER certificate.`);
  }
}

/**
 * The certificates of a file that may hold nothing but roots of Microsoft, as PEM. Throws UsageError for a certificate
 * with another thumbprint.
 */
export function readMicrosoftRoots(file: string): string {
  const blocks = readCertificateFile(file)
    .split(/(?=-----BEGIN )/)
    .filter((block) => block.includes('-----BEGIN '));
  // The checked certificates are passed on, and nothing beside them.
  return blocks.map((block) => checkedMicrosoftRoot(file, block)).join('');
}

function checkedMicrosoftRoot(file: string, pem: string): string {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    throw new UsageError(`${file} holds something that is not a certificate.`);
  }
  const thumbprint = certificate.fingerprint.replaceAll(':', '').toLowerCase();
  if (microsoftRootOf(thumbprint)) return certificate.toString();
  const subject = certificate.subject.replaceAll('\n', ', ');
  throw new UsageError(
    `${file}: the certificate of "${subject}" (thumbprint ${thumbprint}) is not one of Microsoft's roots. docs/signing.md lists their thumbprints. To trust it anyway, use --ca.`,
  );
}

/**
 * Certificate, key and further certificates from files. Throws UsageError for files that are not what they should be.
 */
export function readIdentityFiles(files: {
  cert: string;
  key: string;
  chain: readonly string[];
  passwordFile?: string | undefined;
}): SigningIdentity {
  return {
    certificatePem: readCertificateFile(files.cert),
    privateKeyPem: readKeyFile(files.key, files.passwordFile),
    chainPem: files.chain.map(readCertificateFile),
  };
}

/** The place of a server's signing keys (ARCHITECTURE.md, "The server's data directory"). */
export function operatorFiles(dataDir: string) {
  const inKeys = (name: string) => join(dataDir, 'keys', name);
  return {
    cert: inKeys('operator-signing.cer.pem'),
    key: inKeys('operator-signing.key.pem'),
    ca: inKeys('operator-ca.cer.pem'),
  };
}

function readKeyFile(file: string, passwordFile: string | undefined): string {
  const bytes = readNamedFile(file);
  const isPem = bytes.includes('-----BEGIN');
  const passphrase =
    passwordFile &&
    readNamedFile(passwordFile)
      .toString('utf8')
      .replace(/\r?\n$/, '');
  if (isPem && bytes.includes('ENCRYPTED') && passphrase === undefined) {
    throw new UsageError(`The private key ${file} has a password; give it with --password-file.`);
  }
  for (const type of ['pkcs8', 'pkcs1', 'sec1'] as const) {
    try {
      const key = createPrivateKey({
        key: bytes,
        ...(isPem ? {} : { format: 'der', type }),
        ...(passphrase === undefined ? {} : { passphrase }),
      });
      return key.export({ format: 'pem', type: 'pkcs8' }).toString();
    } catch (error) {
      if (isPem) throw new UsageError(`The private key ${file} cannot be read: ${whyNot(error)}`);
    }
  }
  throw new UsageError(`${file} is neither a PEM nor a DER private key.`);
}

function whyNot(error: unknown): string {
  return (error as NodeJS.ErrnoException).code === 'ERR_OSSL_BAD_DECRYPT'
    ? 'the password is wrong.'
    : 'it is not a private key in PEM.';
}
