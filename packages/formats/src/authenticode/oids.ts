// Object identifiers of PKCS#7/CMS, Authenticode and time stamps, each named once.

export const oids = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  counterSignature: '1.2.840.113549.1.9.6',
  timestampToken: '1.2.840.113549.1.9.16.2.14',
  timestampInfo: '1.2.840.113549.1.9.16.1.4',
  // Authenticode (Microsoft's "Windows Authenticode Portable Executable Signature Format").
  indirectData: '1.3.6.1.4.1.311.2.1.4',
  statementType: '1.3.6.1.4.1.311.2.1.11',
  opusInfo: '1.3.6.1.4.1.311.2.1.12',
  portableExecutableData: '1.3.6.1.4.1.311.2.1.15',
  individualCodeSigning: '1.3.6.1.4.1.311.2.1.21',
  cabinetData: '1.3.6.1.4.1.311.2.1.25',
  /** SpcSipInfo: kinds of file that have a GUID in place of an identifier of their own. */
  subjectInterface: '1.3.6.1.4.1.311.2.1.30',
  nestedSignature: '1.3.6.1.4.1.311.2.4.1',
  microsoftTimestamp: '1.3.6.1.4.1.311.3.3.1',
  certificateTrustList: '1.3.6.1.4.1.311.10.1',
  lifetimeSigning: '1.3.6.1.4.1.311.10.3.13',
  // Purposes and extensions of certificates (RFC 5280).
  anyPurpose: '2.5.29.37.0',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
} as const;

export type DigestAlgorithm = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';

const digests: Record<string, DigestAlgorithm> = {
  '1.2.840.113549.2.5': 'md5',
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** The digest algorithm of an identifier. Undefined for one that is not known here. */
export function digestOfOid(oid: string): DigestAlgorithm | undefined {
  return digests[oid];
}

export const sha256Oid = '2.16.840.1.101.3.4.2.1';

type SignatureScheme = { kind: 'rsa' | 'ecdsa'; digest?: DigestAlgorithm } | { kind: 'rsa-pss' };

const schemes: Record<string, SignatureScheme> = {
  '1.2.840.113549.1.1.1': { kind: 'rsa' },
  '1.2.840.113549.1.1.4': { kind: 'rsa', digest: 'md5' },
  '1.2.840.113549.1.1.5': { kind: 'rsa', digest: 'sha1' },
  '1.2.840.113549.1.1.10': { kind: 'rsa-pss' },
  '1.2.840.113549.1.1.11': { kind: 'rsa', digest: 'sha256' },
  '1.2.840.113549.1.1.12': { kind: 'rsa', digest: 'sha384' },
  '1.2.840.113549.1.1.13': { kind: 'rsa', digest: 'sha512' },
  '1.3.14.3.2.29': { kind: 'rsa', digest: 'sha1' },
  '1.2.840.10045.2.1': { kind: 'ecdsa' },
  '1.2.840.10045.4.1': { kind: 'ecdsa', digest: 'sha1' },
  '1.2.840.10045.4.3.2': { kind: 'ecdsa', digest: 'sha256' },
  '1.2.840.10045.4.3.3': { kind: 'ecdsa', digest: 'sha384' },
  '1.2.840.10045.4.3.4': { kind: 'ecdsa', digest: 'sha512' },
};

/** How a signature algorithm identifier signs. `digest` is absent when the identifier leaves it to its surroundings. */
export function schemeOfOid(oid: string): SignatureScheme | undefined {
  return schemes[oid];
}
