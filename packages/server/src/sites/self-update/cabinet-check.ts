// Facts about one cabinet of the tree: whether it can be unpacked, and who signed it.

import { FormatError } from '@moult/formats';
import { type SignatureProblem, type SignatureReport, verifyFile } from '@moult/formats/authenticode';
import { extractAll, readCabinet } from '@moult/formats/cab';

/**
 * `trusted`: signed under a certificate that was given. `intact`: the signature fits the bytes, and its root was not
 * given. `altered`: it does not fit. `unclear`: it uses an algorithm that is not checked here. `unsigned`: it does not
 * have one.
 */
type SignatureState = 'trusted' | 'intact' | 'altered' | 'unclear' | 'unsigned';

export interface CabinetCheck {
  members: number;
  signature: SignatureState;
  /** Subject of the first signature's certificate, '' when unsigned. */
  signer: string;
  /** Subject of the last certificate of its chain, as far as the file holds it. */
  root: string;
}

/** Unpacks every member and checks the signature. Throws FormatError if it is not a cabinet, or a damaged one. */
export async function checkCabinet(
  bytes: Uint8Array,
  trust: { trustedCertificatesPem: string[]; now: Date },
): Promise<CabinetCheck> {
  const members = extractAll(readCabinet(bytes)).size;
  // SHA-1 is what Microsoft signed its old agents with. Whether it still counts is for those agents to say.
  const report = await verifyFile(bytes, { ...trust, acceptSha1: true });
  const [first] = report.signers;
  const signature = stateOf(report);
  return { members, signature, signer: first?.subject ?? '', root: first?.chain.at(-1)?.issuer ?? '' };
}

function stateOf({ signed, trusted, digestMatches, signers, problems }: SignatureReport): SignatureState {
  if (!signed) return 'unsigned';
  if (trusted) return 'trusted';
  if (problems.some(({ code }) => tampering.has(code))) return 'altered';
  return digestMatches && signers.every((signer) => signer.intact) ? 'intact' : 'unclear';
}

const tampering = new Set<SignatureProblem['code']>([
  'SIGNATURE_BAD_DIGEST',
  'SIGNATURE_BAD_VALUE',
  'SIGNATURE_MALFORMED',
  'SIGNATURE_BAD_LAYOUT',
  'SIGNATURE_APPENDED_DATA',
  'SIGNATURE_BAD_CERTIFICATE',
]);

/** Whether a file counts as a cabinet: by its name, or because it begins as one. */
export function claimsToBeCabinet(name: string, bytes: Uint8Array): boolean {
  return /\.cab$/i.test(name) || Buffer.from(bytes.subarray(0, 4)).equals(Buffer.from('MSCF'));
}

/** The sentence for a failed check. Other errors are thrown on. */
export function damageOf(error: unknown): string {
  if (error instanceof FormatError) return error.message;
  throw error;
}
