// The self-update check, the first step of each detection of either generation. A machine that has pinned the root of the
// operator's metadata takes a release from there alone. The ident file is then only the reason to look. A machine without a
// root decides by the signature of the operator.

import { hresult } from '@moult/protocol/hresult';
import type { Ident, Release } from '@moult/protocol/self-update';
import { AgentError } from '../errors.ts';
import { type OperatorReleases, readOperatorReleases } from '../trust/operator-releases.ts';
import { noteStanding } from '../trust/standing.ts';
import { tryCanary } from './canary.ts';
import { classicalRelease, readServersIdent } from './classical.ts';
import { coveredRelease } from './covered.ts';
import { stageRelease } from './release-cabinet.ts';
import type { SelfUpdateSession } from './session.ts';

export type { SelfUpdateSession, SelfUpdateWatch } from './session.ts';

export type SelfUpdateResult = { kind: 'up-to-date' } | { kind: 'staged'; release: Release };

/**
 * Leaves the next version in its folder, or says that this one is the newest. Throws AgentError AGENT_TRANSPORT_… or
 * AGENT_SELFUPDATE_…. Nothing has changed on the machine then but cached cabinets and verified metadata.
 */
export async function checkSelfUpdate(session: SelfUpdateSession): Promise<SelfUpdateResult> {
  const ident = await tryIdent(session);
  // A SUS client knows no metadata until a root is pinned for it. A server that is away gives none.
  const isAnswered = !('error' in ident) || !ident.error.code.startsWith('AGENT_TRANSPORT_');
  const pins = session.generation === 'wsus' && isAnswered;
  const operator = await readOperatorReleases(session.root, session, { pins });
  tellAlarms(session, operator);
  const isCovered = operator.state !== 'unpinned';
  if (!isCovered && 'error' in ident) throw ident.error;
  const opened =
    isCovered || 'error' in ident
      ? await coveredRelease(session, operator, ident)
      : await classicalRelease(session, ident.ident);
  if (!opened) {
    if (session.onTrial && isCovered) await tryCanary(session, operator);
    return { kind: 'up-to-date' };
  }
  stageRelease(session.root, opened);
  session.watch.staged(opened.release);
  return { kind: 'staged', release: opened.release };
}

/** In the log each time, and to the server once a day: metadata that is not renewed must not go unnoticed. */
function tellAlarms({ registry, watch, now }: SelfUpdateSession, { state, alarms }: OperatorReleases): void {
  for (const alarm of alarms) watch.warned(`Trust metadata: ${alarm}`);
  if (!noteStanding(registry, { state, alarms }, now()).isNews) return;
  const why = alarms[0] ?? 'it cannot be had';
  const text = `The operator's signed metadata is not current: ${why.replace(/\.$/, '')}. The agent goes on with it.`;
  const code = state === 'expired' ? 'AGENT_TRUST_EXPIRED' : 'AGENT_TRUST_UNREACHABLE';
  watch.alarmed(new AgentError(code, text, { hresult: state === 'expired' ? hresult.expired : hresult.notTrusted }));
}

/** Throws when the server cannot be reached at all: its metadata is not nearer. */
async function tryIdent(session: SelfUpdateSession): Promise<{ ident: Ident } | { error: AgentError }> {
  try {
    return { ident: await readServersIdent(session) };
  } catch (error) {
    const isAway = ['AGENT_TRANSPORT_NAME', 'AGENT_TRANSPORT_CONNECT'];
    if (!(error instanceof AgentError)) throw error;
    if (isAway.includes(error.code) && session.mirrors.length === 0) throw error;
    return { error };
  }
}
