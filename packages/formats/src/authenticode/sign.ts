// Signing: one SHA-256 signature by one signer.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { FormatError } from '../errors.ts';
import { type Certificate, readPemCertificates, sameBytes } from './certificate.ts';
import { readDer } from './der.ts';
import { oids } from './oids.ts';
import { openSignedFile } from './open-signed-file.ts';
import type { SigningIdentity } from './operator-certificates.ts';
import { indirectDataFor } from './signed-content.ts';
import { type MessageContent, type MessageSigner, writeSignedMessage } from './signed-message.ts';
import { fetchTimestampToken, type RequestTimestamp } from './timestamp-request.ts';

export interface SignOptions {
  /** The signing time that the signature claims. */
  now: Date;
  /** The name of the file for people, and an address that tells more. */
  description?: string;
  url?: string;
  /** Carries the request to a time-stamp authority. With it, the signature outlives its certificate. */
  requestTimestamp?: RequestTimestamp;
}

/** See index.ts. */
export async function signFile(
  bytes: Uint8Array,
  identity: SigningIdentity,
  options: SignOptions,
): Promise<Uint8Array> {
  const file = openSignedFile(bytes);
  if (file.kind === 'windows-installer') {
    const message = 'Windows Installer files are verified here, not signed. Sign them with signtool or osslsigncode.';
    throw new FormatError('FORMAT_UNSUPPORTED', message);
  }
  const signer = readIdentity(identity);
  const { requestTimestamp: request } = options;
  const timestamp = request && ((signature: Uint8Array) => fetchTimestampToken(signature, request));
  const write = (content: MessageContent) => writeSignedMessage(content, signer, options, timestamp);
  if (file.kind === 'catalog') {
    const { list, withSignature } = file.prepare();
    return withSignature(await write(contentOf(oids.certificateTrustList, list)));
  }
  const prepared = file.prepare();
  const der = new Uint8Array(indirectDataFor(file.kind, prepared.digest('sha256')).toBER());
  return prepared.withSignature(await write(contentOf(oids.indirectData, der)));
}

function contentOf(type: string, der: Uint8Array): MessageContent {
  return { type, der, digested: readDer(der).content };
}

/** The identity, read and proved to fit together. Throws FormatError for one that does not. */
export function readIdentity(identity: SigningIdentity): MessageSigner {
  const [certificate, ...bundled] = readPemCertificates([identity.certificatePem]);
  if (!certificate) throw new FormatError('FORMAT_BAD_HEADER', 'The identity holds no certificate.');
  const key = readKey(identity.privateKeyPem);
  const spki = (of: KeyObject) => of.export({ format: 'der', type: 'spki' });
  if (!sameBytes(spki(createPublicKey(key)), spki(certificate.publicKey))) {
    throw new FormatError('FORMAT_BAD_DATA', `The private key is not the one of ${certificate.summary.subject}.`);
  }
  const chain = identity.chainPem.length > 0 ? readPemCertificates(identity.chainPem) : [];
  return { certificate, key, issuers: [...bundled, ...chain].filter((issuer) => !isRoot(issuer)) };
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new FormatError('FORMAT_BAD_DATA', 'The private key cannot be read: PEM without a password is expected.', {
      cause,
    });
  }
}

/** Roots are not sent along: whoever trusts them has them. */
function isRoot(certificate: Certificate): boolean {
  return sameBytes(certificate.subject, certificate.issuer);
}
