// Rung 7, TLS: what a port showed becomes observations. Pure.
import { type Evidence, type Observation, observe } from '../finding.ts';
import { judgeFailure } from '../server/judge.ts';
import type { FindingCode } from '../words/codes.ts';
import type { TlsFacts } from './tls.ts';

/** Products that open TLS on its way, by the names they put into their CAs. */
const inspectors =
  /zscaler|fortinet|fortigate|palo alto|blue ?coat|symantec web|sophos|netskope|umbrella|mcafee web|trellix|squid|kaspersky|barracuda|watchguard|check ?point|forcepoint|websense|sonicwall|untangle|lightspeed|securly|goguardian|iboss|cato networks|menlo|mitmproxy|fiddler|charles proxy|burp|portswigger|avast|bitdefender|eset ssl|adguard/i;
const soonDays = 30;

/** Everything the TLS port says, at `now`. */
export function observeTls(facts: TlsFacts, now: Date): Observation[] {
  const server = new URL(facts.url).host;
  const subject = ['server', facts.url];
  const connected = facts.attempts.filter((attempt) => attempt.connected);
  if (connected.length === 0) return [observeHandshake(facts, subject, server)];
  const [leaf] = facts.chain;
  if (!leaf) return [];
  const values = { server, host: facts.host, url: facts.url, issuer: leaf.issuer, found: '' };
  const evidence: Evidence[] = [
    {
      source: facts.url,
      text: `${leaf.subject}; issued by ${leaf.issuer}; ${leaf.validFrom} to ${leaf.validTo}; names ${leaf.names.join(', ') || 'none'}`,
    },
  ];
  const found: Observation[] = [];
  const say = (code: FindingCode, verdict: 'fail' | 'unknown' | 'pass', text: string) =>
    found.push(observe(code, verdict, subject, { ...values, found: text }, evidence));
  const [from, to] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
  if (to < now.getTime()) say('DOCTOR_TLS_EXPIRED', 'fail', `it expired on ${leaf.validTo}`);
  else if (from > now.getTime()) say('DOCTOR_TLS_EXPIRED', 'fail', `it is valid only from ${leaf.validFrom}`);
  else if (to < now.getTime() + soonDays * 86_400_000) say('DOCTOR_TLS_EXPIRES_SOON', 'unknown', leaf.validTo);
  if (facts.nameProblem) say('DOCTOR_TLS_NAME', 'fail', leaf.names.join(', ') || leaf.subject);
  const inspector = facts.chain.find(({ issuer, subject: name }) => inspectors.test(issuer) || inspectors.test(name));
  if (inspector) say('DOCTOR_TLS_INSPECTION', 'fail', inspector.issuer);
  const chainCode = causeOfChain(facts);
  if (chainCode) say(chainCode, 'fail', facts.chainProblem?.code ?? '');
  const spoken = connected.map(({ version }) => version.replace('TLSv', 'TLS ')).join(', ');
  if (!connected.some(({ version }) => version === 'TLSv1.2' || version === 'TLSv1.1' || version === 'TLSv1')) {
    say('DOCTOR_TLS_OLD_CLIENTS', 'unknown', spoken);
  }
  if (!found.some(({ verdict }) => verdict === 'fail'))
    say('DOCTOR_TLS_HEALTHY', 'pass', `${spoken}, valid to ${leaf.validTo}`);
  return found;
}

function causeOfChain(facts: TlsFacts): FindingCode | undefined {
  const code = facts.chainProblem?.code;
  if (!code || /EXPIRED|NOT_YET_VALID/.test(code)) return undefined;
  // One certificate that is not its own issuer, and nobody who vouches for it: the middle of the chain was not sent.
  const alone = facts.chain.length === 1 && !facts.chain[0]?.selfIssued;
  if (/UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT/.test(code) && alone) return 'DOCTOR_TLS_CHAIN';
  if (/REVOKED/.test(code)) return 'DOCTOR_TLS_REVOCATION';
  return 'DOCTOR_TLS_UNTRUSTED';
}

function observeHandshake(facts: TlsFacts, subject: string[], server: string): Observation {
  const first = facts.attempts[0];
  const code = first?.code ?? '';
  const evidence = facts.attempts.map(({ version, code: each, message }) => ({
    source: facts.url,
    text: `${version} → ${each} ${message}`.trim(),
  }));
  const values = { server, host: facts.host, url: facts.url, found: `${code} ${first?.message ?? ''}`.trim() };
  const network = /^(ENOTFOUND|EAI_)/.test(code)
    ? 'name'
    : code === 'ECONNREFUSED'
      ? 'refused'
      : /TIMEOUT|ETIMEDOUT|UNREACH/.test(code)
        ? 'timeout'
        : undefined;
  if (network) {
    const judged = judgeFailure({ kind: 'failure', failure: network, code, message: first?.message ?? '', totalMs: 0 });
    return observe(judged.code, 'fail', subject, { ...judged.values, ...values }, evidence);
  }
  return observe('DOCTOR_TLS_HANDSHAKE', 'fail', subject, values, evidence);
}
