// The answer of `moult agent status`. All of it comes from the disk, so it works while the agent is stopped or broken.
import { writeFileSync } from 'node:fs';
import { isThere } from '@moult/disk';
import { formatHResult, hresult } from '@moult/protocol/hresult';
import { AgentError } from './errors.ts';
import { type FailedTrial, type Generation, readCurrent, versionFolder } from './host/current.ts';
import { versionOfHost } from './host/host-slots.ts';
import { type FailedHost, readHosts } from './host/hosts-file.ts';
import { readIntactRelease } from './host/release-folder.ts';
import { auStateNames, readAuState, readWaitTimeout } from './machine/au-state.ts';
import { keys } from './machine/keys.ts';
import { type LockHolder, lockHolder } from './machine/lock.ts';
import { type MachineRoot, machineRoot, realMachine } from './machine/machine-root.ts';
import { dword, readMachine, readPolicy, string } from './machine/policy.ts';
import { openRegistry, type RegistryView } from './machine/registry.ts';
import { readUrlLog } from './pings/url-log.ts';
import { readPolicyFiles } from './policy/files.ts';
import { bandwidthOf } from './transport/network.ts';
import { readStanding, type TrustStanding } from './trust/standing.ts';

export interface AgentStatus {
  root: string;
  installed: boolean;
  running: { pid: number } | undefined;
  /** Undefined: one of before 7.9.0.2. */
  hostVersion: string | undefined;
  hostOnTrial: boolean;
  failedHosts: FailedHost[];
  generation: Generation | undefined;
  /** `SUS client` or `WSUS client`. A WSUS client pointed at a SUS server says so. */
  client: string;
  legacyMode: boolean;
  version: string | undefined;
  /** Whether every file of the version is as released. */
  intact: boolean;
  trial: { version: string; previous: string | undefined } | undefined;
  /** The version that comes back when this one fails. */
  previous: string | undefined;
  failedTrials: (Omit<FailedTrial, 'hresult'> & { code: string })[];
  server: string | undefined;
  statusServer: string | undefined;
  useServer: boolean;
  targetGroup: string | undefined;
  /** As the agent had it at its last detection: `http://proxy:3128 (WinHTTP)`. */
  proxy: string | undefined;
  /** The operator's signed metadata. */
  trust: TrustStanding;
  /** KiB in a second. 0 for no limit. */
  bandwidth: number;
  /** Whom an https server must be certified by. */
  tlsTrust: string;
  clientId: string | undefined;
  machine: { os: string; architecture: string; language: string };
  auState: { value: number; meaning: string } | undefined;
  detectionStartTime: string | undefined;
  lastWaitTimeout: string | undefined;
  /** ISO 8601, UTC. */
  nextDetection: string | undefined;
  results: Record<
    'detect' | 'download' | 'install',
    { lastSuccess: string | undefined; lastError: string | undefined }
  >;
  keptPings: number;
  log: string | undefined;
}

/** The machine in the folder `root`, without one the real machine. `status` reads the state of its agent. */
export function machineAt(root?: string): MachineRoot & { status(): AgentStatus } {
  const machine = root === undefined ? realMachine() : machineRoot(root);
  return { ...machine, status: () => readStatus(machine) };
}

/** `now`: the clock that tells overdue metadata. */
export function readStatus(root: MachineRoot, now = new Date()): AgentStatus {
  const registry = openRegistry(root).read();
  const current = readCurrent(root);
  const policy = readPolicy(registry, readPolicyFiles(root));
  const running = serviceHolder(root);
  const hosts = readHosts(root);
  const generation = current?.generation;
  const legacyMode = dword(registry, keys.agent, 'LegacyMode') === 1 && generation === 'wsus';
  const state = readAuState(registry);
  return {
    root: root.folder,
    installed: isThere(root.versionsFolder),
    running: running && { pid: running.pid },
    hostVersion: hosts?.version ?? versionOfHost(root.hostProgram),
    hostOnTrial: hosts?.state === 'trial',
    failedHosts: hosts?.failed ?? [],
    generation,
    client: clientName(generation, legacyMode),
    legacyMode,
    version: current?.version,
    intact: current !== undefined && readIntactRelease(versionFolder(root, current.version)) !== undefined,
    trial: current?.state === 'trial' ? { version: current.version, previous: current.previous?.version } : undefined,
    previous: current?.previous?.version,
    failedTrials: (current?.failed ?? []).map(({ version, at, hresult: code }) => ({
      version,
      at,
      code: formatHResult(code),
    })),
    server: policy.server,
    statusServer: policy.statusServer,
    useServer: policy.useServer,
    targetGroup: policy.targetGroup,
    proxy: string(registry, keys.agent, 'ProxyInUse'),
    trust: readStanding(root, registry, now),
    bandwidth: bandwidthOf(registry),
    tlsTrust: string(registry, keys.agent, 'TlsTrust') ?? 'any',
    clientId: string(registry, keys.windowsUpdate, 'SusClientId'),
    machine: readMachine(registry),
    auState: state === undefined ? undefined : { value: state, meaning: auStateNames[state] ?? 'unknown' },
    detectionStartTime: string(registry, keys.autoUpdate, 'DetectionStartTime'),
    lastWaitTimeout: string(registry, keys.autoUpdate, 'LastWaitTimeout'),
    nextDetection: readWaitTimeout(registry)?.toISOString(),
    results: {
      detect: resultOf(registry, 'Detect'),
      download: resultOf(registry, 'Download'),
      install: resultOf(registry, 'Install'),
    },
    keptPings: readUrlLog(root.urlLog).length,
    log: generation && (generation === 'sus' ? root.susLog : root.wsusLog),
  };
}

/** Asks the running agent to detect now. Throws AgentError AGENT_CONFIG_NOT_INSTALLED. False when none is running. */
export function requestDetection(root: MachineRoot): boolean {
  if (!isThere(root.agentFolder)) {
    throw new AgentError('AGENT_CONFIG_NOT_INSTALLED', `No agent is installed in ${root.folder}.`, {
      hresult: hresult.setupUnexpected,
    });
  }
  if (!serviceHolder(root)) return false;
  writeFileSync(root.detectRequest, '');
  return true;
}

/** The process that is the service, or a host that runs by itself ("moult agent run"). */
export function serviceHolder({ launcherLock, hostLock }: MachineRoot): LockHolder | undefined {
  return lockHolder(launcherLock) ?? lockHolder(hostLock);
}

function clientName(generation: Generation | undefined, legacyMode: boolean): string {
  if (generation === undefined) return 'not installed';
  if (generation === 'sus') return 'SUS client';
  return legacyMode ? 'WSUS client in legacy (SUS) mode' : 'WSUS client';
}

function resultOf(
  registry: RegistryView,
  phase: string,
): { lastSuccess: string | undefined; lastError: string | undefined } {
  const key = `${keys.results}\\${phase}`;
  const error = dword(registry, key, 'LastError');
  return {
    lastSuccess: string(registry, key, 'LastSuccessTime'),
    lastError: error === undefined ? undefined : formatHResult(error),
  };
}
