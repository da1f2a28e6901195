// One SignerInfo against the content it signs: the signed attributes name the content, the signature covers the
// attributes, and one of the certificates made the signature.

import { constants, type VerifyKeyObjectInput, verify } from 'node:crypto';
import { signatureBounds } from '../bounds.ts';
import type { Certificate } from './certificate.ts';
import { sameBytes } from './certificate.ts';
import { contextTag, type DerElement, tags } from './der.ts';
import { DerCursor, readOctets, readOid, readSmallInteger, readTime } from './der-values.ts';
import { keyProblem } from './key-strength.ts';
import { type DigestAlgorithm, digestOfOid, oids, schemeOfOid } from './oids.ts';
import type { SignatureProblem } from './report.ts';
import { type AlgorithmIdentifier, readAlgorithm, type SignerInfo, singleValue } from './signed-data.ts';
import { digestPieces } from './signed-file.ts';

export interface SignerCheck {
  digestAlgorithm: DigestAlgorithm | undefined;
  /** Whose signature it is. Undefined when no certificate fits. */
  certificate: Certificate | undefined;
  claimedTime: Date | undefined;
  problems: SignatureProblem[];
}

/** Checks digest and signature value. Throws FormatError for attributes that cannot be read. */
export function checkSigner(
  signer: SignerInfo,
  content: { type: string; bytes: Uint8Array },
  certificates: readonly Certificate[],
): SignerCheck {
  const digestAlgorithm = digestOfOid(signer.digestAlgorithm.oid);
  const attributes = signer.signedAttributes?.values;
  const time = attributes && singleValue(attributes, oids.signingTime);
  const check: SignerCheck = {
    digestAlgorithm,
    certificate: undefined,
    claimedTime: time && readTime(time),
    problems: [],
  };
  const named = certificates
    .filter((certificate) => isNamedBy(signer, certificate))
    .slice(0, signatureBounds.maxCandidates);
  if (!digestAlgorithm) {
    check.certificate = named[0];
    return fail(
      check,
      'SIGNATURE_UNSUPPORTED_ALGORITHM',
      `Digest algorithm ${signer.digestAlgorithm.oid} is not known.`,
    );
  }
  const mismatch = attributeMismatch(attributes, content, digestAlgorithm);
  if (mismatch) fail(check, 'SIGNATURE_BAD_VALUE', mismatch);
  if (named.length === 0)
    return fail(check, 'SIGNATURE_BAD_CERTIFICATE', 'The signer’s certificate is not in the signature.');
  check.certificate = named.find((certificate) => isValueRight(signer, digestAlgorithm, certificate));
  if (check.certificate) return check;
  check.certificate = named[0];
  const unusable = named[0] && keyProblem(named[0], true);
  if (unusable) check.problems.push(unusable);
  else if (!schemeOfOid(signer.signatureAlgorithm.oid)) {
    fail(
      check,
      'SIGNATURE_UNSUPPORTED_ALGORITHM',
      `Signature algorithm ${signer.signatureAlgorithm.oid} is not known.`,
    );
  } else
    fail(check, 'SIGNATURE_BAD_VALUE', 'The signature value is not one of the signer’s key over these attributes.');
  return check;
}

function fail(check: SignerCheck, code: SignatureProblem['code'], message: string): SignerCheck {
  check.problems.push({ code, message });
  return check;
}

function isNamedBy({ signer }: SignerInfo, certificate: Certificate): boolean {
  if ('keyIdentifier' in signer) {
    return certificate.keyIdentifier !== undefined && sameBytes(signer.keyIdentifier, certificate.keyIdentifier);
  }
  return sameBytes(signer.serial, certificate.serial) && sameBytes(signer.issuer, certificate.issuer);
}

/** RFC 5652 11.1, 11.2: contentType and messageDigest are there once and say what the content is. */
function attributeMismatch(
  attributes: Map<string, DerElement[]> | undefined,
  content: { type: string; bytes: Uint8Array },
  algorithm: DigestAlgorithm,
): string | undefined {
  const type = attributes && singleValue(attributes, oids.contentType);
  const digest = attributes && singleValue(attributes, oids.messageDigest);
  if (!type || !digest) return 'The signature lacks the signed attributes that tie it to its content.';
  if (readOid(type) !== content.type) return 'The signed content type is another one than the content’s.';
  if (!sameBytes(readOctets(digest), digestPieces(algorithm, [content.bytes]))) {
    return 'The signed message digest is not the content’s.';
  }
  return undefined;
}

function isValueRight(signer: SignerInfo, digest: DigestAlgorithm, certificate: Certificate): boolean {
  const scheme = schemeOfOid(signer.signatureAlgorithm.oid);
  if (!scheme || !signer.signedAttributes || keyProblem(certificate, true)) return false;
  const keyType = certificate.publicKey.asymmetricKeyType;
  if (keyType !== (scheme.kind === 'ecdsa' ? 'ec' : 'rsa') && !(keyType === 'rsa-pss' && scheme.kind === 'rsa-pss'))
    return false;
  if (scheme.kind !== 'rsa-pss' && scheme.digest && scheme.digest !== digest) return false;
  const key =
    scheme.kind === 'rsa-pss' ? pssKey(signer.signatureAlgorithm, digest, certificate) : { key: certificate.publicKey };
  try {
    return key !== undefined && verify(digest, signer.signedAttributes.bytes, key, signer.signature);
  } catch {
    return false;
  }
}

/** RFC 4055 3.1: both digests of RSASSA-PSS must be the message's. Defaults are SHA-1 and a salt of 20 octets. */
function pssKey(
  { parameters }: AlgorithmIdentifier,
  digest: DigestAlgorithm,
  certificate: Certificate,
): VerifyKeyObjectInput | undefined {
  if (!parameters) return undefined;
  const body = new DerCursor(parameters);
  const field = (number: number) => {
    const holder = body.optional(contextTag(number));
    return holder && new DerCursor(holder, holder.tag).next();
  };
  const hash = field(0);
  const mask = field(1);
  const salt = field(2);
  const maskHash = mask && readAlgorithm(mask).parameters;
  const digestOf = (element: DerElement | undefined) => (element ? digestOfOid(readAlgorithm(element).oid) : 'sha1');
  if (digestOf(hash) !== digest || digestOf(maskHash) !== digest) return undefined;
  return {
    key: certificate.publicKey,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: salt?.tag === tags.integer ? readSmallInteger(salt) : 20,
  };
}
