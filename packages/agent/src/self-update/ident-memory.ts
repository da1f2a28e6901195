// The newest ident file of the operator that this machine has seen. An ident file does not expire. So with a good
// signature alone, an attacker in place of the server can bring back an old version.
import { createHash, X509Certificate } from 'node:crypto';
import { hresult } from '@moult/protocol/hresult';
import { compareVersions, isVersion } from '@moult/protocol/self-update';
import { AgentError } from '../errors.ts';
import type { Generation } from '../host/current.ts';
import { keys } from '../machine/keys.ts';
import { string } from '../machine/policy.ts';
import { type Registry, text } from '../machine/registry.ts';

interface SeenIdent {
  /** When it was signed, by its signer's clock. */
  signedAt: Date;
  /** The version that it announces. Undefined when it leads nowhere. */
  version: string | undefined;
}

/** Two servers of one operator may have clocks that differ, and sign the same day's ident in another order. */
const toleranceMs = 24 * 3_600_000;

/**
 * Remembers `ident`, or refuses it: AgentError AGENT_SELFUPDATE_STALE_IDENT when it was signed more than a day before
 * the newest one and announces less. An operator who withdraws a release signs again, which is newer. Another CA starts
 * again.
 */
export function rememberIdent(
  registry: Registry,
  { operatorCaPem, generation }: { operatorCaPem: string; generation: Generation },
  ident: SeenIdent,
  url: string,
): void {
  const name = `NewestIdent.${generation}`;
  const operator = fingerprintOf(operatorCaPem);
  const newest = readSeen(string(registry.read(), keys.agent, name), operator);
  if (newest && isStale(ident, newest)) {
    const text =
      `${url} is not used: it was signed at ${ident.signedAt.toISOString()} and announces ` +
      `${ident.version ?? 'no version'}, but this machine has seen one of ${newest.signedAt.toISOString()} that announces ` +
      `${newest.version ?? 'no version'}. Something answers with an old copy, or the server was set back.`;
    throw new AgentError('AGENT_SELFUPDATE_STALE_IDENT', text, { hresult: hresult.setupInvalidIdent, url });
  }
  if (newest && ident.signedAt <= newest.signedAt) return;
  const seen = `${operator} ${ident.signedAt.toISOString()} ${ident.version ?? '-'}`;
  registry.change([{ key: keys.agent, name, value: text(seen) }]);
}

function isStale(ident: SeenIdent, newest: SeenIdent): boolean {
  if (ident.signedAt.getTime() >= newest.signedAt.getTime() - toleranceMs) return false;
  if (newest.version === undefined) return false;
  return ident.version === undefined || compareVersions(ident.version, newest.version) < 0;
}

function readSeen(written: string | undefined, operator: string): SeenIdent | undefined {
  const [of, at = '', version = ''] = (written ?? '').split(' ');
  const signedAt = new Date(at);
  if (of !== operator || Number.isNaN(signedAt.getTime())) return undefined;
  return { signedAt, version: isVersion(version) ? version : undefined };
}

function fingerprintOf(certificatePem: string): string {
  return createHash('sha256').update(new X509Certificate(certificatePem).raw).digest('hex').slice(0, 32);
}
