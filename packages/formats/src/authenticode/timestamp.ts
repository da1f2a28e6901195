// Other witnesses for the time of a signature: RFC 3161 tokens (in Microsoft's attribute or in the standard's) and the
// older PKCS#9 countersignatures. Both are made over the signature value and are among its unsigned attributes.
import { signatureBounds } from '../bounds.ts';
import { FormatError } from '../errors.ts';
import { type Certificate, readHints, sameBytes } from './certificate.ts';
import { findChain } from './chain.ts';
import { type DerElement, readDer, tags } from './der.ts';
import { DerCursor, readOctets, readTime } from './der-values.ts';
import { digestProblem } from './key-strength.ts';
import { digestOfOid, oids } from './oids.ts';
import type { SignatureProblem, TimestampReport } from './report.ts';
import { readAlgorithm, readSignedData, readSignerInfo, type SignerInfo } from './signed-data.ts';
import { digestPieces } from './signed-file.ts';
import { checkSigner, type SignerCheck } from './signer-check.ts';

interface TimestampQuestion {
  /** The certificates beside the signature: a countersigner's are among them. */
  hints: readonly Certificate[];
  trusted: readonly Certificate[];
  acceptSha1: boolean;
}

export interface TimestampAnswer {
  report: TimestampReport | undefined;
  /** The stamp is not one over this signature. */
  broken: SignatureProblem[];
  /** Why the authority is not trusted. */
  doubts: SignatureProblem[];
}

/** Every time stamp on a signature, in the order of the file. Never throws for bad ones: they are told as broken. */
export function readTimestamps(signer: SignerInfo, question: TimestampQuestion): TimestampAnswer[] {
  const unsigned = signer.unsignedAttributes;
  const tokens = [...(unsigned.get(oids.microsoftTimestamp) ?? []), ...(unsigned.get(oids.timestampToken) ?? [])];
  const counter = unsigned.get(oids.counterSignature) ?? [];
  const readers = [
    ...tokens.map((value) => () => readTimestampToken(value, signer.signature, question).answer),
    ...counter.map((value) => () => readCountersignature(value, signer, question)),
  ];
  return readers.slice(0, signatureBounds.maxTimestamps).map(guarded);
}

function guarded(read: () => TimestampAnswer): TimestampAnswer {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return broken(`A time stamp cannot be read: ${error.message}`);
  }
}

/** One RFC 3161 token over `signature`, and the nonce of the request it answers. Throws FormatError. */
export function readTimestampToken(
  value: DerElement,
  signature: Uint8Array,
  question: TimestampQuestion,
): { answer: TimestampAnswer; nonce?: Uint8Array } {
  const token = readSignedData(value.bytes, value.offset);
  const [stamper] = token.signers;
  if (token.contentType !== oids.timestampInfo || !token.content || !stamper) {
    return { answer: broken('A time stamp holds no time.') };
  }
  const info = readOctets(token.content);
  const { time, imprint, nonce } = readTimestampInfo(info, token.content.contentOffset);
  const certificates = [...readHints(token.certificates), ...question.hints];
  const check = checkSigner(stamper, { type: oids.timestampInfo, bytes: info }, certificates);
  const algorithm = digestOfOid(imprint.oid);
  if (!algorithm || !sameBytes(imprint.digest, digestPieces(algorithm, [signature]))) {
    check.problems.push(bad('A time stamp belongs to another signature.'));
  }
  const weak = algorithm && digestProblem(algorithm, 'The time stamp', question.acceptSha1);
  const answer = judge({ kind: 'rfc3161', time, check, certificates, question });
  if (weak && answer.report) {
    answer.doubts.push(weak);
    answer.report.trusted = false;
  }
  return { answer, ...(nonce ? { nonce } : {}) };
}

/** TSTInfo (RFC 3161 2.4.2). */
function readTimestampInfo(bytes: Uint8Array, offset: number) {
  const body = new DerCursor(readDer(bytes, offset));
  body.next(tags.integer);
  body.next(tags.oid);
  const imprint = new DerCursor(body.next(tags.sequence));
  const { oid } = readAlgorithm(imprint.next());
  const digest = readOctets(imprint.next());
  body.next(tags.integer);
  const time = readTime(body.next(tags.generalizedTime));
  const nonce = body.rest().find((field) => field.tag === tags.integer)?.content;
  return { time, imprint: { oid, digest }, nonce };
}

function readCountersignature(value: DerElement, signer: SignerInfo, question: TimestampQuestion): TimestampAnswer {
  const stamper = readSignerInfo(value);
  const check = checkSigner(stamper, { type: oids.data, bytes: signer.signature }, question.hints);
  if (!check.claimedTime) return broken('A countersignature holds no time.');
  return judge({ kind: 'pkcs9', time: check.claimedTime, check, certificates: question.hints, question });
}

function judge(stamp: {
  kind: TimestampReport['kind'];
  time: Date;
  check: SignerCheck;
  certificates: readonly Certificate[];
  question: TimestampQuestion;
}): TimestampAnswer {
  const { kind, time, check, certificates, question } = stamp;
  const { certificate } = check;
  if (check.problems.length > 0 || !certificate) {
    return { report: undefined, broken: check.problems.map(({ message }) => bad(message)), doubts: [] };
  }
  const { acceptSha1, trusted } = question;
  const purpose = oids.timeStamping;
  const { problems } = findChain(certificate, { hints: certificates, trusted, purpose, at: time, acceptSha1 });
  const weak = check.digestAlgorithm && digestProblem(check.digestAlgorithm, 'The time stamp', acceptSha1);
  const doubts = weak ? [...problems, weak] : problems;
  const authority = certificate.summary.subject;
  return { report: { kind, time, authority, trusted: doubts.length === 0 }, broken: [], doubts };
}

function broken(message: string): TimestampAnswer {
  return { report: undefined, broken: [bad(message)], doubts: [] };
}

function bad(message: string): SignatureProblem {
  return { code: 'SIGNATURE_BAD_TIMESTAMP', message };
}
