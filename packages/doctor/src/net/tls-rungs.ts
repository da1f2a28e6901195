// Rung 7, TLS: what a port showed becomes observations. Pure.
import type { SecureVersion } from 'node:tls';
import { type Evidence, type Observation, observe } from '../finding.ts';
import { isPlainAnswer, judgeFailure } from '../server/judge.ts';
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
  const refused = facts.attempts.filter((attempt) => attempt.certificateWanted);
  const [leaf] = facts.chain;
  if (!leaf || (connected.length === 0 && refused.length === 0)) return [observeHandshake(facts, subject, server)];
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
  if (refused.length > 0) {
    const asked = refused.map(({ version, code }) => ({ source: facts.url, text: `${nameOf(version)} → ${code}` }));
    found.push(observe('DOCTOR_CLIENT_CERTIFICATE', 'fail', subject, values, asked));
  }
  const [from, to] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
  if (to < now.getTime()) say('DOCTOR_TLS_EXPIRED', 'fail', `it expired on ${leaf.validTo}`);
  else if (from > now.getTime()) say('DOCTOR_TLS_EXPIRED', 'fail', `it is valid only from ${leaf.validFrom}`);
  else if (to < now.getTime() + soonDays * 86_400_000) say('DOCTOR_TLS_EXPIRES_SOON', 'unknown', leaf.validTo);
  if (facts.nameProblem) say('DOCTOR_TLS_NAME', 'fail', leaf.names.join(', ') || leaf.subject);
  const inspector = facts.chain.find(({ issuer, subject: name }) => inspectors.test(issuer) || inspectors.test(name));
  if (inspector) say('DOCTOR_TLS_INSPECTION', 'fail', inspector.issuer);
  found.push(
    ...observeChain(facts, now).map((code) =>
      observe(code.code, code.verdict, subject, { ...values, found: code.found }, evidence),
    ),
  );
  const spoken = connected.map(({ version }) => nameOf(version)).join(', ');
  const speaks = (...wanted: SecureVersion[]) => connected.some(({ version }) => wanted.includes(version));
  // XP and 2003 end with TLS 1.0, and 7 and 2008 R2 begin with it. Windows 11 and 2025 begin with 1.2.
  if (connected.length > 0 && !speaks('TLSv1')) say('DOCTOR_TLS_OLD_CLIENTS', 'unknown', spoken);
  if (connected.length > 0 && !speaks('TLSv1.2', 'TLSv1.3')) say('DOCTOR_TLS_OUTDATED', 'fail', spoken);
  if (!found.some(({ verdict }) => verdict === 'fail'))
    say('DOCTOR_TLS_HEALTHY', 'pass', `${spoken}, valid to ${leaf.validTo}`);
  return found;
}

interface ChainVerdict {
  code: FindingCode;
  verdict: 'fail' | 'unknown';
  found: string;
}

function observeChain(facts: TlsFacts, now: Date): ChainVerdict[] {
  const code = facts.chainProblem?.code;
  const [leaf, ...above] = facts.chain;
  if (!code || !leaf) return [];
  if (/EXPIRED|NOT_YET_VALID/.test(code)) {
    const old = above.find(
      ({ validTo, validFrom }) => Date.parse(validTo) < now.getTime() || Date.parse(validFrom) > now.getTime(),
    );
    // The leaf's own dates were judged already.
    return old
      ? [
          {
            code: 'DOCTOR_TLS_EXPIRED',
            verdict: 'fail',
            found: `that of its issuer ${old.subject} is valid from ${old.validFrom} to ${old.validTo}`,
          },
        ]
      : [];
  }
  if (/REVOKED/.test(code)) return [{ code: 'DOCTOR_TLS_REVOCATION', verdict: 'fail', found: code }];
  const untrusted: ChainVerdict = { code: 'DOCTOR_TLS_UNTRUSTED', verdict: 'fail', found: code };
  // One certificate that is not its own issuer, without any that signs it: the middle of the chain was not sent, or its
  // issuer is a root that is not known here. Public authorities never issue from a root. If the CA of the clients was
  // given and did not issue it, a certificate is missing in between.
  const alone = above.length === 0 && !leaf.selfIssued;
  if (!alone || !/UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT/.test(code)) return [untrusted];
  if (leaf.isLogged || facts.caGiven) return [{ code: 'DOCTOR_TLS_CHAIN', verdict: 'fail', found: code }];
  return [untrusted, { code: 'DOCTOR_TLS_CHAIN', verdict: 'unknown', found: code }];
}

function nameOf(version: string): string {
  return version.replace('TLSv', 'TLS ').replace(/ 1$/, ' 1.0');
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
  const plain = facts.attempts.some(({ message }) => isPlainAnswer(message));
  return observe(plain ? 'DOCTOR_WUSERVER_PORT' : 'DOCTOR_TLS_HANDSHAKE', 'fail', subject, values, evidence);
}
