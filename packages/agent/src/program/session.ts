// The facts that one detection has before it sends anything: policy, servers, machine, identity, limits. They are read
// again for each detection, because administrators change them while the agent waits.

import { hresult } from '@moult/protocol/hresult';
import { encodeQueryStamp } from '@moult/protocol/self-update';
import { AgentError } from '../errors.ts';
import { readTextIfThere } from '../machine/atomic-file.ts';
import { ensureClientId } from '../machine/au-state.ts';
import { keys } from '../machine/keys.ts';
import { type Machine, type Policy, readMachine, readPolicy, requireServers, string } from '../machine/policy.ts';
import { type Registry, type RegistryView, text } from '../machine/registry.ts';
import { readSettings } from '../machine/settings.ts';
import type { PingerParts } from '../pings/pinger.ts';
import { readPolicyFiles } from '../policy/files.ts';
import type { SelfUpdateSession, SelfUpdateWatch } from '../self-update/check.ts';
import { lookForHttps } from '../transport/look-for-https.ts';
import { openNetwork } from '../transport/network.ts';
import { shownProxy } from '../transport/proxy.ts';
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
export function openSession(
  { root, registry, now }: Pick<ProgramContext, 'root' | 'registry' | 'now'>,
  userAgent: string,
): Session {
  const view = registry.read();
  const policy = readPolicy(view, readPolicyFiles(root));
  if (policy.noAutoUpdate) {
    const text = 'Automatic Updates is switched off on this machine (NoAutoUpdate, or AUOptions 1).';
    throw new AgentError('AGENT_CONFIG_DISABLED', text, { hresult: hresult.auDisabled });
  }
  const settings = readSettings(view);
  const servers = requireServers(policy);
  const network = openNetwork({ root, registry: view, env: process.env, now });
  noteWay(registry, view, shownProxy(new URL(servers.server), network.proxy));
  return {
    policy,
    ...servers,
    machine: readMachine(view),
    clientId: ensureClientId(registry),
    limits: { ...settings.requestLimits, network },
    content: settings.contentLimits,
    allowUncovered: settings.allowUncovered,
    mirrors: settings.trustMirrors,
    userAgent,
  };
}

/**
 * For a detection: as openSession, over HTTPS if the server has it under the pinned CA. `note` takes one line for the log. Throws
 * as openSession.
 */
export async function openDetection(
  context: Pick<ProgramContext, 'root' | 'registry' | 'now'>,
  userAgent: string,
  note: (line: string) => void,
): Promise<Session> {
  const session = openSession(context, userAgent);
  const { server, limits } = session;
  const { network } = limits;
  if (!network) return session;
  const operatorCaPem = readTextIfThere(context.root.operatorCertificate);
  const { registry } = context;
  const { way, line } = await lookForHttps({ server, registry, network, operatorCaPem, userAgent, limits });
  if (line !== '') note(line);
  return { ...session, limits: { ...limits, network: { ...network, secureWay: way } } };
}

/** For "moult agent status": a service has another environment than the command. */
function noteWay(registry: Registry, view: RegistryView, way: string): void {
  if (string(view, keys.agent, 'ProxyInUse') === way) return;
  try {
    registry.change([{ key: keys.agent, name: 'ProxyInUse', value: text(way) }]);
  } catch {
    // Only shown: a full disk must not keep a host from fetching the release that helps.
  }
}

export function selfUpdateSession(
  { root, registry, release, now }: Pick<ProgramContext, 'root' | 'registry' | 'release' | 'now'>,
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
