// Verification alone, without the parts that only signing needs: the agent carries this.
import { signatureBounds } from '../../bounds.ts';
import { FormatError } from '../../errors.ts';
import { readPemCertificates } from '../certificate.ts';
import { oids } from '../oids.ts';
import { openSignedFile } from '../open-signed-file.ts';
import type { SignatureNote, SignatureProblem, SignatureReport } from '../report.ts';
import { checkSignature, type SignatureAnswer, type SignatureQuestion } from '../signature-check.ts';
import { readSignedData, type SignedData } from '../signed-data.ts';
import type { SignedFile } from '../signed-file.ts';

export type { SignatureProblem, SignatureReport, SignerReport } from '../report.ts';

export interface VerifyOptions {
  /** PEM texts of the certificates that are trusted: roots, authorities below them, or a signer itself. */
  trustedCertificatesPem: readonly string[];
  /** Those trusted for time stamps, when other ones. */
  trustedTimestampCertificatesPem?: readonly string[];
  /** Lets SHA-1 (and RSA keys from 1024 bits on) count as trust, for Microsoft's old files. */
  acceptSha1?: boolean;
  /**
   * Whether the signer's own word on the signing time counts where no trusted time stamp says it. True unless set: a
   * machine with a wrong clock still accepts what was signed in time. A stolen key can lie here after its end.
   */
  acceptClaimedTime?: boolean;
  /** The time to judge by where the signature names none. */
  now?: Date;
  /** Largest signature that is read. A larger one is reported as malformed. */
  maxSignatureBytes?: number;
}

/**
 * Judges the Authenticode signatures of a file in memory: a cabinet, a PE file, a Windows Installer file or a security
 * catalog. A bad signature is a report. Throws FormatError for a file of another kind, for one that contradicts itself,
 * and for malformed PEM.
 */
export async function verifyFile(bytes: Uint8Array, options: VerifyOptions): Promise<SignatureReport> {
  const question: SignatureQuestion = {
    trusted: readPemCertificates(options.trustedCertificatesPem),
    trustedForTime: readPemCertificates(options.trustedTimestampCertificatesPem ?? options.trustedCertificatesPem),
    acceptSha1: options.acceptSha1 ?? false,
    acceptClaimedTime: options.acceptClaimedTime ?? true,
    now: options.now ?? new Date(),
  };
  const file = openSignedFile(bytes);
  if (file.signatures.length === 0)
    return unsigned(file, { code: 'SIGNATURE_MISSING', message: 'The file is not signed.' });
  try {
    const answers = checkAll(file, question, options.maxSignatureBytes ?? signatureBounds.maxSignatureBytes);
    return summarise(file, answers);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const report = unsigned(file, {
      code: 'SIGNATURE_MALFORMED',
      message: `The signature cannot be read. ${error.message}`,
    });
    return { ...report, signed: true };
  }
}

export function checkAll(file: SignedFile, question: SignatureQuestion, maxBytes: number): Checked {
  const checked: Checked = { answers: [], layout: [...file.layout] };
  for (const signature of file.signatures) {
    if (signature.length > maxBytes) {
      const message = `The signature has ${signature.length} bytes, the limit is ${maxBytes}.`;
      throw new FormatError('FORMAT_OVER_LIMIT', message);
    }
    const message = readSignedData(signature);
    checked.layout.push(...paddingFindings(signature, message.sizeBytes));
    checked.answers.push(checkSignature(file, message, false, question));
    for (const nested of nestedSignatures(message)) checked.answers.push(checkSignature(file, nested, true, question));
  }
  return checked;
}

/** Further signatures over the same file, in an unsigned attribute of the first one's signer. */
function nestedSignatures(message: SignedData): SignedData[] {
  const values = message.signers[0]?.unsignedAttributes.get(oids.nestedSignature) ?? [];
  if (values.length > signatureBounds.maxNested)
    throw new FormatError('FORMAT_OVER_LIMIT', `More than ${signatureBounds.maxNested} nested signatures.`);
  return values.map((value) => readSignedData(value.bytes, value.offset));
}

/** Only zeros up to the next multiple of eight may follow the message. Anything more is somebody's hiding place. */
function paddingFindings(signature: Uint8Array, messageBytes: number): SignatureProblem[] {
  const padding = signature.subarray(messageBytes);
  if (padding.length < 8 && padding.every((octet) => octet === 0)) return [];
  const message = `${padding.length} bytes that nothing protects follow the signature inside its own area.`;
  return [{ code: 'SIGNATURE_APPENDED_DATA', message }];
}

interface Checked {
  answers: SignatureAnswer[];
  layout: SignatureProblem[];
}

/** One good signature is enough, but a broken one beside it is not overlooked. */
export function summarise(file: SignedFile, { answers, layout }: Checked): SignatureReport {
  const signers = answers.map((answer) => answer.signer);
  const best = signers.find((signer) => signer.trusted) ?? signers[0];
  const broken = signers.flatMap((signer) => (signer.intact ? [] : signer.problems));
  const problems = best?.trusted ? broken : signers.flatMap((signer) => signer.problems);
  const all = [...layout, ...unique(problems)];
  return {
    kind: file.kind,
    signed: true,
    digestMatches: answers.every((answer) => answer.digestMatches),
    trusted: all.length === 0,
    signers,
    ...(best ? { signingTime: best.judgedAt.time } : {}),
    problems: all,
    notes: [
      ...answers.flatMap((answer) => answer.notes),
      ...othersUntrusted(best?.trusted ? signers : []),
      ...file.remarks,
    ],
  };
}

function othersUntrusted(signers: SignatureReport['signers']): SignatureNote[] {
  return signers
    .filter((signer) => !signer.trusted && signer.intact)
    .map((signer) => ({
      code: 'SIGNATURE_NOTE_OTHER_UNTRUSTED',
      message: `Another signature, by ${signer.subject}, does not count: ${signer.problems[0]?.message}`,
    }));
}

function unique(problems: readonly SignatureProblem[]): SignatureProblem[] {
  return [...new Map(problems.map((problem) => [`${problem.code} ${problem.message}`, problem])).values()];
}

export function unsigned(file: Pick<SignedFile, 'kind'>, problem: SignatureProblem): SignatureReport {
  const problems = [problem];
  return { kind: file.kind, signed: false, digestMatches: false, trusted: false, signers: [], problems, notes: [] };
}
