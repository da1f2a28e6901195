// Checks that a cabinet is the operator's: signed under the CA that this machine has pinned, by a code-signing
// certificate that was valid at that time. The machine's own clock plays no part, so a wrong clock strands no machine.
import { verifyFile } from '@moult/formats/authenticode/verify';
import { type HResult, hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';

export interface OperatorSignature {
  /** The signer, for the log. */
  signer: string;
  /** The purpose that was signed along (protocol/self-update/purpose). */
  description: string | undefined;
  signedAt: Date;
}

/** How the operator signed `bytes`. Throws AgentError AGENT_SELFUPDATE_BAD_SIGNATURE. */
export async function verifyCabinet(
  bytes: Uint8Array,
  operatorCaPem: string,
  what: string,
): Promise<OperatorSignature> {
  const report = await verifyFile(bytes, { trustedCertificatesPem: [operatorCaPem] }).catch((error: unknown) => {
    throw badSignature(what, hresult.noSignature, `its signature cannot be read (${messageOf(error)})`, error);
  });
  const problem = report.problems[0]?.message ?? 'no reason given';
  if (!report.signed) throw badSignature(what, hresult.noSignature, 'it is not signed');
  // Whether the bytes or their signature were touched is one to the administrator: the file is not what was signed.
  if (!report.digestMatches || report.signers.every(({ intact }) => !intact))
    throw badSignature(what, hresult.badDigest, 'it was changed after it was signed');
  if (!report.trusted)
    throw badSignature(
      what,
      hresult.untrustedRoot,
      `its signer is not this machine's operator: ${problem.replace(/\.$/, '')}`,
    );
  const signer = report.signers.find(({ trusted }) => trusted);
  if (!signer) throw badSignature(what, hresult.untrustedRoot, 'none of its signers is trusted');
  return { signer: signer.subject, description: signer.description, signedAt: signer.judgedAt.time };
}

/** Throws AgentError AGENT_SELFUPDATE_WRONG_PURPOSE: the operator signed this file, but not as that. */
export function requirePurpose({ description }: OperatorSignature, purpose: string, what: string): void {
  if (description === purpose) return;
  const text = `${what} is not used: the operator signed it as "${description ?? ''}", not as "${purpose}".`;
  throw new AgentError('AGENT_SELFUPDATE_WRONG_PURPOSE', text, { hresult: hresult.setupInvalidPackage });
}

function badSignature(what: string, result: HResult, why: string, cause?: unknown): AgentError {
  return new AgentError('AGENT_SELFUPDATE_BAD_SIGNATURE', `${what} is not used: ${why}.`, { hresult: result, cause });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
