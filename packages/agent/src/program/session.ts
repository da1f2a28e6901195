// What one detection knows before it sends anything: policy, servers, machine, identity, limits. Read anew each time,
// because administrators change these while the agent waits.
import { encodeQueryStamp } from '@moult/protocol/self-update';
import { AgentError } from '../errors.ts';
import type { Outcome } from '../host/messages.ts';
import type { PingerParts } from '../pings/pinger.ts';
import { ensureClientId } from '../root/au-state.ts';
import { type Machine, type Policy, readMachine, readPolicy, requireServers } from '../root/policy.ts';
import { readSettings } from '../root/settings.ts';
import type { SelfUpdateSession, SelfUpdateWatch } from '../self-update/check.ts';
import { hresult } from '../transport/hresult.ts';
import type { RequestLimits } from '../transport/request.ts';
import { type ProgramContext, readOperatorCertificate } from './shell.ts';

export interface Session {
  policy: Policy;
  server: string;
  statusServer: string;
  machine: Machine;
  clientId: string;
  limits: RequestLimits;
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
  return {
    policy,
    ...requireServers(policy),
    machine: readMachine(view),
    clientId: ensureClientId(registry),
    limits: readSettings(view).requestLimits,
    userAgent,
  };
}

export function selfUpdateSession(
  { root, release, now }: ProgramContext,
  session: Session,
  insist: boolean,
  watch: SelfUpdateWatch,
): SelfUpdateSession {
  return {
    ...session,
    root,
    generation: release.generation,
    version: release.version,
    operatorCaPem: readOperatorCertificate(root),
    stamp: encodeQueryStamp(now()),
    retryFailed: insist,
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

/** An error as the outcome of a detection. What is no AgentError is a defect of ours, and says so. */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof AgentError) {
    return { ok: false, hresult: error.hresult, code: error.code, message: error.message };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { ok: false, hresult: hresult.setupUnexpected, message: `Unexpected failure: ${text}` };
}

/** Whether a detection failed because the server, or what should be there, could not be reached. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof AgentError && error.code.startsWith('AGENT_TRANSPORT_');
}
