// One signature of a file, judged: digest, signature value, time, chain and purpose.
import { type Certificate, readHints, sameBytes } from './certificate.ts';
import { findChain } from './chain.ts';
import { badAsn1 } from './der.ts';
import { readIndirectData, readOpusInfo } from './indirect-data.ts';
import { digestProblem } from './key-strength.ts';
import { digestOfOid, oids } from './oids.ts';
import type { SignatureNote, SignatureProblem, SignerReport } from './report.ts';
import { type SignedData, type SignerInfo, singleValue } from './signed-data.ts';
import type { SignedFile } from './signed-file.ts';
import { checkSigner, type SignerCheck } from './signer-check.ts';
import { readTimestamps, type TimestampAnswer } from './timestamp.ts';

export interface SignatureQuestion {
  trusted: readonly Certificate[];
  trustedForTime: readonly Certificate[];
  acceptSha1: boolean;
  acceptClaimedTime: boolean;
  now: Date;
}

export interface SignatureAnswer {
  signer: SignerReport;
  digestMatches: boolean;
  notes: SignatureNote[];
}

/** Object identifier of the file kind inside SpcIndirectDataContent. */
const subjectTypes = {
  cabinet: oids.cabinetData,
  'portable-executable': oids.portableExecutableData,
  'windows-installer': oids.subjectInterface,
} as const;

/** {000C10F1-0000-0000-C000-000000000046} as SpcSipInfo contains it: Windows Installer files. */
const windowsInstallerGuid = 'f1100c0000000000c000000000000046';

/** Judges one SignedData. Throws FormatError for one that cannot be read at all. */
export function checkSignature(
  file: SignedFile,
  message: SignedData,
  nested: boolean,
  question: SignatureQuestion,
): SignatureAnswer {
  const [signer, second] = message.signers;
  if (!signer || second) throw badAsn1('an Authenticode signature has exactly one signer', 0);
  if (!message.content) throw badAsn1('the signature has no content', 0);
  const hints = readHints(message.certificates);
  const content = { type: message.contentType, bytes: message.content.content };
  const check = checkSigner(signer, content, hints);
  const digest = checkFileDigest(file, message, check);
  const integrity = [...digest, ...check.problems];
  const stamps = readTimestamps(signer, { hints, trusted: question.trustedForTime, acceptSha1: question.acceptSha1 });
  const judgedAt = chooseTime(check, stamps, question);
  const weak = check.digestAlgorithm && digestProblem(check.digestAlgorithm, 'The signature', question.acceptSha1);
  const { chain, problems: chainProblems } = judgeChain(check.certificate, hints, judgedAt, question);
  const problems = [
    ...integrity,
    ...(weak ? [weak] : []),
    ...chainProblems,
    ...stamps.flatMap((stamp) => stamp.broken),
  ];
  return {
    // A catalog is its own content, so the message's digest is the file's.
    digestMatches: digest.length === 0 && (file.kind !== 'catalog' || check.problems.length === 0),
    notes: notesOf(stamps, judgedAt),
    signer: {
      ...(check.certificate?.summary ?? unknownSigner),
      nested,
      digestAlgorithm: check.digestAlgorithm ?? signer.digestAlgorithm.oid,
      ...readStatement(signer),
      ...(check.claimedTime ? { claimedTime: check.claimedTime } : {}),
      timestamps: stamps.flatMap((stamp) => stamp.report ?? []),
      judgedAt,
      chain: chain.map((certificate) => certificate.summary),
      intact: integrity.length === 0,
      trusted: problems.length === 0,
      problems,
    },
  };
}

const unknownSigner = {
  subject: '',
  issuer: '',
  serialNumber: '',
  thumbprint: '',
  sha256: '',
  notBefore: new Date(0),
  notAfter: new Date(0),
};

/** Compares the file's digest in the signature with the file. A catalog is its own content. */
function checkFileDigest(file: SignedFile, message: SignedData, check: SignerCheck): SignatureProblem[] {
  if (file.kind === 'catalog') {
    if (message.contentType === oids.certificateTrustList) return [];
    return [{ code: 'SIGNATURE_MALFORMED', message: 'The signed content is not a list of a security catalog.' }];
  }
  if (message.contentType !== oids.indirectData || !message.content) {
    return [{ code: 'SIGNATURE_MALFORMED', message: 'The signed content is not what Authenticode signs.' }];
  }
  const said = readIndirectData(message.content);
  const isOfKind = file.kind !== 'windows-installer' || said.subjectGuid === windowsInstallerGuid;
  if (said.subjectType !== subjectTypes[file.kind] || !isOfKind) {
    return [
      { code: 'SIGNATURE_BAD_DIGEST', message: `The signature is one for another kind of file (${said.subjectType}).` },
    ];
  }
  const algorithm = digestOfOid(said.digestOid);
  if (!algorithm) {
    return [{ code: 'SIGNATURE_UNSUPPORTED_ALGORITHM', message: `Digest algorithm ${said.digestOid} is not known.` }];
  }
  if (check.digestAlgorithm && check.digestAlgorithm !== algorithm) {
    return [{ code: 'SIGNATURE_BAD_DIGEST', message: 'The file’s digest uses another algorithm than the signature.' }];
  }
  if (sameBytes(said.digest, file.digest(algorithm))) return [];
  return [{ code: 'SIGNATURE_BAD_DIGEST', message: 'The file is not the one that was signed: its digest differs.' }];
}

/** A trusted time stamp first. Else what the signer says, when that may count. Else now. */
function chooseTime(
  check: SignerCheck,
  stamps: readonly TimestampAnswer[],
  question: SignatureQuestion,
): SignerReport['judgedAt'] {
  const lifetime = check.certificate?.extensions.purposes?.includes(oids.lifetimeSigning);
  const stamped = stamps.flatMap((stamp) => (stamp.report?.trusted ? [stamp.report.time] : []));
  // Lifetime signing: time stamps do not carry a signature beyond its certificate.
  if (lifetime) return { time: question.now, by: 'now' };
  if (stamped.length > 0) return { time: new Date(Math.min(...stamped.map(Number))), by: 'timestamp' };
  if (check.claimedTime && question.acceptClaimedTime) return { time: check.claimedTime, by: 'signer' };
  return { time: question.now, by: 'now' };
}

function judgeChain(
  certificate: Certificate | undefined,
  hints: readonly Certificate[],
  judgedAt: SignerReport['judgedAt'],
  { trusted, acceptSha1 }: SignatureQuestion,
) {
  if (!certificate) return { chain: [], problems: [] };
  return findChain(certificate, { hints, trusted, purpose: oids.codeSigning, at: judgedAt.time, acceptSha1 });
}

function readStatement(signer: SignerInfo): { description?: string; url?: string } {
  const opus = signer.signedAttributes && singleValue(signer.signedAttributes.values, oids.opusInfo);
  return opus ? readOpusInfo(opus) : {};
}

function notesOf(stamps: readonly TimestampAnswer[], judgedAt: SignerReport['judgedAt']): SignatureNote[] {
  const notes: SignatureNote[] = stamps
    .filter(({ doubts }) => doubts.length > 0)
    .map(({ doubts, report }) => ({
      code: 'SIGNATURE_NOTE_TIMESTAMP_UNTRUSTED',
      message: `The time stamp of ${report?.authority} does not count. ${doubts.map(({ message }) => message).join(' ')}`,
    }));
  if (judgedAt.by === 'signer') {
    notes.push({
      code: 'SIGNATURE_NOTE_CLAIMED_TIME',
      message: 'The signing time is the signer’s own word; no trusted time stamp confirms it.',
    });
  }
  return notes;
}
