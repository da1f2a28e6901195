// What one detection knows before it sends anything: policy, servers, machine, identity, limits. Read anew each time,
// because administrators change these while the agent waits.
import { encodeQueryStamp } from '@moult/protocol/self-update';
import { AgentError } from '../errors.ts';
import { ensureClientId } from '../machine/au-state.ts';
import { type Machine, type Policy, readMachine, readPolicy, requireServers } from '../machine/policy.ts';
import { readSettings } from '../machine/settings.ts';
import type { PingerParts } from '../pings/pinger.ts';
import type { SelfUpdateSession, SelfUpdateWatch } from '../self-update/check.ts';
import { hresult } from '../transport/hresult.ts';
import type { RequestLimits } from '../transport/request.ts';
import type { ContentLimits } from '../wsus/install/download.ts';
import { type ProgramContext, readOperatorCertificate } from './shell.ts';

export interface Session {
  policy: Policy;
  server: string;
  statusServer: string;
  machine: Machine;
  clientId: string;
  limits: RequestLimits;
  content: ContentLimits;
  allowUncovered: boolean;
  /** Servers with the same signed metadata and releases. */
  mirrors: string[];
  userAgent: string;
}

/** Throws AgentError AGENT_CONFIG_… when this machine is not to update itself, or cannot. */
export function openSession({ registry }: ProgramContext, userAgent: string): Session {
  const view = registry.read();
  const policy = readPolicy(view);
  if (policy.noAutoUpdate) {
    const text = 'Automatic Updates is switched off on this machine (NoAutoUpdate, or AUOptions 1).';
    throw new AgentError('AGENT_CONFIG_DISABLED', text, { hresult: hresult.auDisabled });
  }
  const settings = readSettings(view);
  return {
    policy,
    ...requireServers(policy),
    machine: readMachine(view),
    clientId: ensureClientId(registry),
    limits: settings.requestLimits,
    content: settings.contentLimits,
    allowUncovered: settings.allowUncovered,
    mirrors: settings.trustMirrors,
    userAgent,
  };
}

export function selfUpdateSession(
  { root, registry, release, now }: ProgramContext,
  session: Session,
  { insist, onTrial }: { insist: boolean; onTrial: boolean },
  watch: SelfUpdateWatch,
): SelfUpdateSession {
  return {
    ...session,
    root,
    registry,
    groups: session.policy.targetGroup?.split(';').map((name) => name.trim()) ?? [],
    generation: release.generation,
    epoch: release.epoch ?? 0,
    version: release.version,
    operatorCaPem: readOperatorCertificate(root),
    stamp: encodeQueryStamp(now()),
    retryFailed: insist,
    onTrial,
    now,
    watch,
  };
}

export function pingerParts(
  { root, release, now }: ProgramContext,
  session: Session,
  log: PingerParts['log'],
): PingerParts {
  return {
    ...session,
    urlLog: root.urlLog,
    agent: `${release.generation}/${release.version}`,
    now,
    log,
  };
}

/** Whether a detection failed because the server, or what should be there, could not be reached. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof AgentError && error.code.startsWith('AGENT_TRANSPORT_');
}
