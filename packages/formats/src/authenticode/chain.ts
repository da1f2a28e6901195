// From a signer's certificate to one the caller trusts. The certificates in a message are a heap of hints made by a
// stranger. Expect decoys, loops and thousands of look-alikes. So the search has a budget and never visits a
// certificate twice on one path.
import { signatureBounds } from '../bounds.ts';
import { type Certificate, isSignedBy, keyUsageBits, sameBytes } from './certificate.ts';
import { certificateSignatureProblem, keyProblem } from './key-strength.ts';
import { oids } from './oids.ts';
import type { SignatureProblem } from './report.ts';

interface ChainQuestion {
  /** Certificates that came with the message. */
  hints: readonly Certificate[];
  trusted: readonly Certificate[];
  purpose: typeof oids.codeSigning | typeof oids.timeStamping;
  /** Every certificate must be valid at this time. */
  at: Date;
  acceptSha1: boolean;
}

interface ChainAnswer {
  /** The signer first. The trusted certificate last when there is one. */
  chain: Certificate[];
  /** Empty when the chain holds. */
  problems: SignatureProblem[];
}

/** Finds a chain and judges it. Never throws. */
export function findChain(signer: Certificate, question: ChainQuestion): ChainAnswer {
  const search: Search = { question, checksLeft: signatureBounds.maxChecks, longest: [signer] };
  const found = extend([signer], search);
  const chain = found ?? search.longest;
  const problems = chain.flatMap((certificate, depth) => certificateProblems(certificate, depth, chain, question));
  if (!found) problems.unshift(untrusted(chain, question));
  return { chain, problems };
}

interface Search {
  question: ChainQuestion;
  checksLeft: number;
  longest: Certificate[];
}

function extend(path: Certificate[], search: Search): Certificate[] | undefined {
  if (path.length > search.longest.length) search.longest = path;
  const last = path.at(-1);
  if (!last || isAmong(last, search.question.trusted)) return path;
  if (path.length >= signatureBounds.maxChainLength) return undefined;
  for (const issuer of [...search.question.trusted, ...search.question.hints]) {
    if (!sameBytes(issuer.subject, last.issuer) || isAmong(issuer, path) || !mayIssue(issuer, path.length - 1))
      continue;
    // An oversized key is an attack. Its size is checked before the key is used.
    if (keyProblem(issuer, true)?.code === 'SIGNATURE_UNSUPPORTED_ALGORITHM') continue;
    if (search.checksLeft-- <= 0) return undefined;
    if (!isSignedBy(last, issuer)) continue;
    const found = extend([...path, issuer], search);
    if (found) return found;
  }
  return undefined;
}

/** RFC 5280 4.2.1.9 and 4.2.1.3. A version 1 certificate says nothing. As a trusted root it is taken at its word. */
function mayIssue(issuer: Certificate, authoritiesBelow: number): boolean {
  const { any, isAuthority, pathLength, keyUsage } = issuer.extensions;
  if (!any) return sameBytes(issuer.subject, issuer.issuer);
  if (!isAuthority || (keyUsage && !keyUsage[keyUsageBits.keyCertSign])) return false;
  return pathLength === undefined || authoritiesBelow <= pathLength;
}

function certificateProblems(
  certificate: Certificate,
  depth: number,
  chain: readonly Certificate[],
  question: ChainQuestion,
): SignatureProblem[] {
  const isRoot = depth === chain.length - 1 && depth > 0 && isAmong(certificate, question.trusted);
  const problems = [
    validityProblem(certificate, question.at),
    formProblem(certificate),
    keyProblem(certificate, question.acceptSha1),
    // A trusted certificate is trusted for being given, not for who signed it.
    isAmong(certificate, question.trusted) ? undefined : certificateSignatureProblem(certificate, question.acceptSha1),
    isRoot ? undefined : purposeProblem(certificate, depth === 0, question.purpose),
  ];
  return problems.filter((problem) => problem !== undefined);
}

function validityProblem({ summary }: Certificate, at: Date): SignatureProblem | undefined {
  const { subject, notBefore, notAfter } = summary;
  if (at < notBefore) {
    const message = `The certificate of ${subject} is valid from ${iso(notBefore)} on; the signature counts as made at ${iso(at)}.`;
    return { code: 'SIGNATURE_NOT_YET_VALID', message };
  }
  if (at <= notAfter) return undefined;
  return {
    code: 'SIGNATURE_EXPIRED',
    message: `The certificate of ${subject} expired at ${iso(notAfter)}; the signature counts as made at ${iso(at)}.`,
  };
}

function formProblem({ serial, extensions, summary }: Certificate): SignatureProblem | undefined {
  const bad = (message: string): SignatureProblem => ({ code: 'SIGNATURE_BAD_CERTIFICATE', message });
  if ((serial[0] ?? 0) >= 0x80) return bad(`The certificate of ${summary.subject} has a negative serial number.`);
  if (serial.length > 21)
    return bad(`The certificate of ${summary.subject} has a serial number longer than 20 octets.`);
  const [unknown] = extensions.unknownCritical;
  if (unknown)
    return bad(`The certificate of ${summary.subject} has a critical extension not known here (${unknown}).`);
  return undefined;
}

/** The signer needs the purpose by name. An authority only must not exclude it. */
function purposeProblem(certificate: Certificate, isSigner: boolean, purpose: string): SignatureProblem | undefined {
  const { purposes, keyUsage } = certificate.extensions;
  const allows = purposes?.includes(purpose) || (!isSigner && (!purposes || purposes.includes(oids.anyPurpose)));
  const signs = !isSigner || !keyUsage || keyUsage[keyUsageBits.digitalSignature];
  if (allows && signs) return undefined;
  const use = purpose === oids.codeSigning ? 'signing code' : 'time stamps';
  return {
    code: 'SIGNATURE_NOT_CODE_SIGNING',
    message: `The certificate of ${certificate.summary.subject} is not meant for ${use}.`,
  };
}

function untrusted(chain: readonly Certificate[], question: ChainQuestion): SignatureProblem {
  const last = chain.at(-1)?.summary;
  const isWhole = last?.subject === last?.issuer;
  const end = isWhole
    ? `The chain ends at ${last?.subject}`
    : `The issuer of ${last?.subject} is not in the file: ${last?.issuer}`;
  const given =
    question.trusted.length === 0 ? 'no trusted certificate was given' : 'it is not one of the trusted certificates';
  return { code: 'SIGNATURE_UNTRUSTED_CHAIN', message: `${end}; ${given}.` };
}

function isAmong(certificate: Certificate, list: readonly Certificate[]): boolean {
  return list.some((other) => sameBytes(other.raw, certificate.raw));
}

function iso(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}
