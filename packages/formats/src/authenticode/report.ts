// The answer of verifyFile: facts about each signature, and a closed list of reasons not to trust it.
import type { SignatureNoteCode, SignatureProblemCode } from './errors.ts';
import type { SignedFileKind } from './signed-file.ts';

export interface SignatureProblem {
  code: SignatureProblemCode;
  message: string;
}

export interface SignatureNote {
  code: SignatureNoteCode;
  message: string;
}

export interface CertificateSummary {
  subject: string;
  issuer: string;
  /** Hexadecimal, upper case, as certificate viewers show it. */
  serialNumber: string;
  /** SHA-1 of the certificate, hexadecimal, lower case: Windows' "thumbprint". */
  thumbprint: string;
  /** SHA-256 of the certificate, hexadecimal, lower case. */
  sha256: string;
  notBefore: Date;
  notAfter: Date;
}

export interface TimestampReport {
  kind: 'rfc3161' | 'pkcs9';
  time: Date;
  /** Subject of the authority's certificate. */
  authority: string;
  trusted: boolean;
}

export interface SignerReport extends CertificateSummary {
  /** False for the file's first signature, true for one nested in its unsigned attributes. */
  nested: boolean;
  digestAlgorithm: string;
  description?: string;
  url?: string;
  /** The signed attribute: what the signer says. */
  claimedTime?: Date;
  timestamps: TimestampReport[];
  /** The time at which the certificates must be valid, and its source. */
  judgedAt: { time: Date; by: 'timestamp' | 'signer' | 'now' };
  /** From the signer up to the trusted certificate, as far as it goes. */
  chain: CertificateSummary[];
  /** The signature's bytes fit the file: digest and signature value are right, whoever made them. */
  intact: boolean;
  trusted: boolean;
  problems: SignatureProblem[];
}

export interface SignatureReport {
  kind: SignedFileKind;
  signed: boolean;
  /** Every signature's digest is the file's. */
  digestMatches: boolean;
  /**
   * A signer under one of the given certificates signed exactly this file, for signing code, in the validity of all.
   */
  trusted: boolean;
  /** One for each signature, the file's first one first. */
  signers: SignerReport[];
  /** The time that the trusted (else the first) signature was judged at. */
  signingTime?: Date;
  /** Why `trusted` is false. Empty when it is true. */
  problems: SignatureProblem[];
  notes: SignatureNote[];
}
