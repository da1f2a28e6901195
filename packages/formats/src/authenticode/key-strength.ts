// The algorithms that count. SHA-1 (and RSA keys of 1024 bits beside it) is what Microsoft's old files have: readable,
// and trusted only if the caller says so. MD5 and smaller keys are never trusted. Checking a key that is far too large
// is an attack. Moult refuses it before it asks OpenSSL.
import { signatureBounds } from '../bounds.ts';
import type { Certificate } from './certificate.ts';
import { type DigestAlgorithm, schemeOfOid } from './oids.ts';
import type { SignatureProblem } from './report.ts';

const curves = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

export function digestProblem(
  algorithm: DigestAlgorithm,
  where: string,
  acceptSha1: boolean,
): SignatureProblem | undefined {
  if (algorithm !== 'md5' && (algorithm !== 'sha1' || acceptSha1)) return undefined;
  const remedy = algorithm === 'sha1' ? ' It counts only when SHA-1 is accepted explicitly.' : '';
  return { code: 'SIGNATURE_WEAK_ALGORITHM', message: `${where} uses ${algorithm.toUpperCase()}.${remedy}` };
}

/** The problem of a certificate's key. Undefined for a good key. */
export function keyProblem(certificate: Certificate, acceptSha1: boolean): SignatureProblem | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey;
  const name = certificate.summary.subject;
  if (type === 'rsa' || type === 'rsa-pss') {
    const bits = details?.modulusLength ?? 0;
    if (bits > signatureBounds.maxModulusBits || (details?.publicExponent ?? 0n) > 0xffffffffn) {
      return { code: 'SIGNATURE_UNSUPPORTED_ALGORITHM', message: `The RSA key of ${name} is larger than any in use.` };
    }
    if (bits >= 2048 || (acceptSha1 && bits >= 1024)) return undefined;
    return { code: 'SIGNATURE_WEAK_ALGORITHM', message: `The RSA key of ${name} has only ${bits} bits.` };
  }
  if (type === 'ec' && curves.has(details?.namedCurve ?? '')) return undefined;
  const kind = [type, details?.namedCurve].filter(Boolean).join(' ');
  return {
    code: 'SIGNATURE_UNSUPPORTED_ALGORITHM',
    message: `The key of ${name} is of a kind not used here (${kind}).`,
  };
}

/** The problem of the algorithm that a certificate was signed with. */
export function certificateSignatureProblem(
  certificate: Certificate,
  acceptSha1: boolean,
): SignatureProblem | undefined {
  const scheme = schemeOfOid(certificate.signatureOid);
  if (!scheme) {
    const message = `The certificate of ${certificate.summary.subject} is signed with an unknown algorithm (${certificate.signatureOid}).`;
    return { code: 'SIGNATURE_UNSUPPORTED_ALGORITHM', message };
  }
  if (scheme.kind === 'rsa-pss' || !scheme.digest) return undefined;
  return digestProblem(scheme.digest, `The certificate of ${certificate.summary.subject}`, acceptSha1);
}
