// Setting a machine up: the program of the chosen generation, the host beside it, the pinned operator CA, the policy.
import { X509Certificate } from 'node:crypto';
import { cpSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  DiskError,
  listIfThere,
  makeFolders,
  readIfThere,
  readOutside,
  removeWhenFree,
  renameWhenFree,
} from '@moult/disk';
import { hresult } from '@moult/protocol/hresult';
import {
  encodeRelease,
  isSameBrand,
  isVersion,
  moultBrand,
  type ProcessorArchitecture,
  type Release,
  type SelfUpdateOs,
  selfUpdatePaths,
} from '@moult/protocol/self-update';
import { compareReleases, type ReleaseVersion } from '@moult/releases/metadata';
import { AgentError } from './errors.ts';
import { type Generation, pruneVersions, readCurrent, versionFolder, writeCurrent } from './host/current.ts';
import { hostProduct } from './host/host-slots.ts';
import { readIntactRelease } from './host/release-folder.ts';
import { writeFileAtomically } from './machine/atomic-file.ts';
import { auState, ensureClientId, stateIs } from './machine/au-state.ts';
import { onDisk } from './machine/disk-error.ts';
import { recordInstallation } from './machine/install-record.ts';
import { keys } from './machine/keys.ts';
import type { MachineRoot } from './machine/machine-root.ts';
import { dword, hostArchitecture, hostOs, serverUrl } from './machine/policy.ts';
import { number, openRegistry, type RegistryChange, type RegistryView, text } from './machine/registry.ts';
import { holdSetup } from './machine/setup-lock.ts';
import { serviceHolder } from './read-status.ts';
import { productName } from './self-update/release-cabinet.ts';
import { type Network, openNetwork, writeCredentials } from './transport/network.ts';
import { type NetworkOptions, networkChanges, withChanges } from './transport/network-settings.ts';
import { type RequestLimits, sendExpecting } from './transport/request.ts';
import {
  fetchTrustRoot,
  forgetTrustRoot,
  pinTrustRoot,
  readTrustRoot,
  requireRoot,
  trustRootFingerprint,
} from './trust/trust-root.ts';

export interface InstallOptions {
  server: string;
  generation: Generation;
  /** packages/agent/dist: <generation>/<version>/… and host/<version>/…. */
  releaseFolder: string;
  /** The operator's CA certificate, PEM or DER. Without it, it is fetched from the server and trusted on first use. */
  operatorCertificate?: Uint8Array;
  /**
   * The first root of the operator's trust metadata. Without it, it is fetched from the server, signed under the CA.
   */
  trustRoot?: Uint8Array;
  version?: string;
  os?: SelfUpdateOs;
  architecture?: ProcessorArchitecture;
  language?: string;
  targetGroup?: string;
  network?: NetworkOptions;
}

export interface Installed {
  generation: Generation;
  version: string;
  clientId: string;
  server: string;
  operator: { subject: string; fingerprint: string; trustedOnFirstUse: boolean };
  /** SHA-256 of the pinned root. Undefined until it is there: the agent asks again with each detection. */
  trustRoot: string | undefined;
}

/**
 * Installs, or points an installed agent elsewhere. A newer version of the same client stays unless one is named.
 * Throws AgentError AGENT_CONFIG_BAD_SERVER, AGENT_CONFIG_NO_OPERATOR, AGENT_CONFIG_BAD_TRUST_ROOT,
 * AGENT_CONFIG_NO_RELEASE, AGENT_HOST_RUNNING, AGENT_HOST_DISK or AGENT_TRANSPORT_….
 */
export async function installAgent(root: MachineRoot, options: InstallOptions): Promise<Installed> {
  const server = serverUrl(options.server);
  requireStopped(root);
  const source = findRelease(options);
  requireBrand(root, source.release);
  const network = networkOf(root, options);
  const certificate = await obtainCertificate(server, options.operatorCertificate, network);
  const trustRoot = await obtainTrustRoot(root, server, options.trustRoot, certificate, network);
  const placed = onDisk(root.folder, () => {
    const lock = holdSetup(root);
    try {
      // It may have been started while the server was asked.
      requireStopped(root);
      return place(root, options, source, server, certificate, trustRoot);
    } finally {
      lock.release();
    }
  });
  const pinned = readTrustRoot(root);
  return {
    generation: source.generation,
    ...placed,
    server,
    operator: {
      subject: certificate.subject.replaceAll('\n', ', '),
      fingerprint: certificate.fingerprint256,
      trustedOnFirstUse: options.operatorCertificate === undefined,
    },
    trustRoot: pinned && trustRootFingerprint(pinned),
  };
}

function requireStopped(root: MachineRoot): void {
  const running = serviceHolder(root);
  if (!running) return;
  const why = `The agent of ${root.folder} is running (process ${running.pid}). Stop it with "moult agent stop" first.`;
  throw new AgentError('AGENT_HOST_RUNNING', why, { hresult: hresult.setupUnexpected });
}

/** The way that will be the agent's, with the options of this installation. */
function networkOf(root: MachineRoot, { operatorCertificate, network = {} }: InstallOptions): Network {
  const registry = withChanges(openRegistry(root).read(), networkChanges(network));
  return openNetwork({
    ...{ root, registry, env: process.env, now: () => new Date() },
    ...(operatorCertificate === undefined ? {} : { operatorCaPem: readCertificate(operatorCertificate).toString() }),
    ...(network.proxyCredentials === undefined ? {} : { credentials: network.proxyCredentials }),
  });
}

/** All that is written. */
function place(
  root: MachineRoot,
  options: InstallOptions,
  source: ReleaseSource,
  server: string,
  certificate: X509Certificate,
  trustRoot: Uint8Array | undefined,
): { version: string; clientId: string } {
  for (const folder of [root.versionsFolder, root.selfUpdateFolder]) makeFolder(folder);
  const isSameOperator = hasPinned(root, certificate);
  if (!isSameOperator) forgetTrustRoot(root);
  if (trustRoot) pinTrustRoot(root, trustRoot);
  writeFileAtomically(root.operatorCertificate, certificate.toString());
  if (root.brand.id !== moultBrand.id) writeFileAtomically(root.brandFile, `${JSON.stringify(root.brand)}\n`);
  placeHost(root, options.releaseFolder);
  const newer = isSameOperator ? newerOnDisk(root, options, source) : undefined;
  const version = newer ?? source.version;
  if (newer === undefined) placeVersion(root, source);
  const registry = openRegistry(root);
  if (options.network?.proxyCredentials) writeCredentials(root, options.network.proxyCredentials);
  const changes = [...settings(root, server, options, version), ...networkChanges(options.network ?? {})];
  recordInstallation(
    root,
    registry.read(),
    changes.filter((change) => !takesFormerPolicy(change)),
  );
  registry.change(changes);
  return { version, clientId: ensureClientId(registry) };
}

/** A file in the place of one of our folders belongs to no program. The folder replaces it. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  removeWhenFree(folder);
  makeFolders(folder);
}

/** A release of another vendor has other places than this machine was asked for. Throws AGENT_CONFIG_NO_RELEASE. */
function requireBrand({ brand }: MachineRoot, release: Release): void {
  const its = release.brand ?? moultBrand;
  if (isSameBrand(its, brand)) return;
  const what = release.product === hostProduct ? 'host' : 'agent';
  const text = `The ${what} release ${release.version} is one of ${its.id}, and this is ${brand.id}. Install it from the bundle of ${its.id}.`;
  throw new AgentError('AGENT_CONFIG_NO_RELEASE', text, { hresult: hresult.setupUnexpected });
}

/** Back to the beginning: a newer host is fetched again, and a broken one may be why somebody installs. */
function placeHost(root: MachineRoot, releaseFolder: string): void {
  for (const path of [root.hostsFile, root.hostsFolder, root.keptFolder]) removeWhenFree(path);
  const folder = join(releaseFolder, 'host');
  const newest = versionsIn(folder).at(-1) ?? '';
  const release = readIntactRelease(join(folder, newest));
  if (release?.product !== hostProduct) throw noRelease(`There is no host release in ${folder}.`);
  requireBrand(root, release);
  writeFileAtomically(root.hostProgram, readOutside(join(folder, newest, release.entry)));
}

/** Oldest first. */
function versionsIn(folder: string): string[] {
  return listIfThere(folder).filter(isVersion).sort(byEpochIn(folder));
}

function noRelease(what: string): AgentError {
  return new AgentError('AGENT_CONFIG_NO_RELEASE', `${what} Run "npm run build".`, {
    hresult: hresult.setupUnexpected,
  });
}

interface ReleaseSource {
  release: Release;
  generation: Generation;
  epoch: number;
  version: string;
  folder: string;
}

function numbersOf({ epoch = 0, version }: Release): ReleaseVersion {
  return { epoch, version };
}

/** The version asked for, else the newest of the generation. */
function findRelease({ releaseFolder, generation, version }: InstallOptions): ReleaseSource {
  const folder = join(releaseFolder, generation);
  const chosen = version ?? versionsIn(folder).at(-1);
  const release = chosen === undefined ? undefined : readIntactRelease(join(folder, chosen));
  if (chosen === undefined || !release) {
    throw noRelease(`There is no ${generation} agent release${version ? ` ${version}` : ''} in ${folder}.`);
  }
  return { release, generation, ...numbersOf(release), folder: join(folder, chosen) };
}

/** Oldest first. A folder without a release counts as of epoch 0: it is refused by its name, if it is chosen. */
function byEpochIn(folder: string): (a: string, b: string) => number {
  const epochOf = (version: string) => readIntactRelease(join(folder, version))?.epoch ?? 0;
  return (a, b) => compareReleases({ epoch: epochOf(a), version: a }, { epoch: epochOf(b), version: b });
}

async function obtainCertificate(
  server: string,
  given: Uint8Array | undefined,
  network: Network,
): Promise<X509Certificate> {
  if (given) return readCertificate(given);
  const url = `${server}${selfUpdatePaths.operatorCertificate}`;
  return readCertificate(await fetchCertificate(url, network), url);
}

function readCertificate(bytes: Uint8Array, from = 'The operator certificate file'): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch (cause) {
    throw new AgentError('AGENT_CONFIG_NO_OPERATOR', `${from} is not a certificate (PEM or DER).`, {
      hresult: hresult.untrustedRoot,
      cause,
    });
  }
}

function limitsOf(network: Network, maxBytes: number): RequestLimits {
  return { silenceMs: 15_000, totalMs: 30_000, maxBytes, network };
}

async function fetchCertificate(url: string, network: Network): Promise<Uint8Array> {
  const limits = limitsOf(network, 64 * 1024);
  return (await sendExpecting({ url, userAgent: 'Moult-Agent-Setup', limits })).body;
}

/** The root to pin. Undefined when one of this operator is pinned, or the server has none to give now. */
async function obtainTrustRoot(
  root: MachineRoot,
  server: string,
  given: Uint8Array | undefined,
  certificate: X509Certificate,
  network: Network,
): Promise<Uint8Array | undefined> {
  const now = () => new Date();
  if (given) return requireRoot(given, 'The trust root file', now());
  if (hasPinned(root, certificate) && readTrustRoot(root)) return undefined;
  const limits = limitsOf(network, 1024 * 1024);
  const source = { server, userAgent: 'Moult-Agent-Setup', limits, operatorCaPem: certificate.toString(), now };
  try {
    return await fetchTrustRoot(source);
  } catch (error) {
    // A server that is away now is asked with each detection. A file that another signer signed is not a root, now or
    // later.
    if (error instanceof AgentError) return undefined;
    throw error;
  }
}

/**
 * Whether this machine already trusts this operator. Files that another server published do not stay: its key may be
 * stolen. Throws DiskError when the disk cannot read what is trusted here.
 */
function hasPinned({ operatorCertificate }: MachineRoot, certificate: X509Certificate): boolean {
  const pinned = readPinned(operatorCertificate);
  try {
    return pinned !== undefined && new X509Certificate(pinned).fingerprint256 === certificate.fingerprint256;
  } catch {
    return false;
  }
}

/** A folder or a device in its place holds no certificate: the installation replaces it. */
function readPinned(file: string): Buffer | undefined {
  try {
    return readIfThere(file);
  } catch (error) {
    if (error instanceof DiskError && error.code === 'DISK_NOT_A_FILE') return undefined;
    throw error;
  }
}

/** The version that is there, if it is a newer one of the same client, works, and none is named. */
function newerOnDisk(
  root: MachineRoot,
  { generation, version }: InstallOptions,
  source: ReleaseSource,
): string | undefined {
  const current = readCurrent(root);
  if (version !== undefined || current?.generation !== generation || current.state !== 'committed') return undefined;
  // A version that never finished a detection may be the reason why somebody installs again.
  if (current.proven === false) return undefined;
  const release = readIntactRelease(versionFolder(root, current.version));
  // Another product may count its versions higher.
  if (release?.product !== productName || release.generation !== generation) return undefined;
  return compareReleases(numbersOf(release), source) > 0 ? current.version : undefined;
}

/** Whole or not at all: whoever is killed here leaves the version that was the agent. */
function placeVersion(root: MachineRoot, source: ReleaseSource): void {
  const target = versionFolder(root, source.version);
  if (!isSameRelease(target, source.folder)) {
    const fresh = `${target}.new-${process.pid}`;
    removeWhenFree(fresh);
    cpSync(source.folder, fresh, { recursive: true });
    removeWhenFree(target);
    renameWhenFree(fresh, target);
  }
  const { generation, version } = source;
  const lastGood = new Date().toISOString();
  writeCurrent(root, { state: 'committed', generation, version, lastGood, failed: [] });
  pruneVersions(root, { state: 'committed', generation, version, failed: [] });
}

/** Whether both folders hold the same release, every byte as released. */
function isSameRelease(one: string, other: string): boolean {
  const [first, second] = [readIntactRelease(one), readIntactRelease(other)];
  return first !== undefined && second !== undefined && encodeRelease(first) === encodeRelease(second);
}

/**
 * The four values that installations of before wrote into the policy. In a root they were never the policy of an
 * administrator.
 */
const formerPolicy = { NoAutoUpdate: 0, AUOptions: 4, ScheduledInstallDay: 0, ScheduledInstallTime: 3 } as const;

/** Removes a value that an agent of before wrote: what an uninstallation must not bring back. */
function takesFormerPolicy({ key, name, value }: RegistryChange): boolean {
  return key === keys.policyAu && name !== undefined && name in formerPolicy && value === undefined;
}

/** Every day at three, as the local administrator's choice, which they can change in the panel. One that is made stays. */
function firstChoice(root: MachineRoot, registry: RegistryView): RegistryChange[] {
  const names = Object.keys(formerPolicy) as (keyof typeof formerPolicy)[];
  // On a real Windows the same values may come from a Group Policy.
  const isRoot = root.registryFile !== undefined;
  const isFormer = isRoot && names.every((name) => dword(registry, keys.policyAu, name) === formerPolicy[name]);
  const isChosen = dword(registry, keys.autoUpdate, 'AUOptions') !== undefined;
  const choice = names.filter((name) => name !== 'NoAutoUpdate');
  return [
    ...(isFormer ? names.map((name) => ({ key: keys.policyAu, name })) : []),
    ...(isChosen ? [] : choice.map((name) => ({ key: keys.autoUpdate, name, value: number(formerPolicy[name]) }))),
  ];
}

function settings(root: MachineRoot, server: string, options: InstallOptions, version: string): RegistryChange[] {
  const set = (key: string, name: string, value: RegistryChange['value']): RegistryChange => ({
    key,
    name,
    ...(value === undefined ? {} : { value }),
  });
  const language = options.language ?? Intl.DateTimeFormat().resolvedOptions().locale;
  return [
    set(keys.policy, 'WUServer', text(server)),
    set(keys.policy, 'WUStatusServer', text(server)),
    set(keys.policy, 'TargetGroup', options.targetGroup === undefined ? undefined : text(options.targetGroup)),
    set(keys.policy, 'TargetGroupEnabled', number(options.targetGroup === undefined ? 0 : 1)),
    set(keys.policyAu, 'UseWUServer', number(1)),
    ...firstChoice(root, openRegistry(root).read()),
    ...stateIs(auState.detectionPending),
    set(keys.autoUpdate, 'LastWaitTimeout', undefined),
    set(keys.autoUpdate, 'DetectionStartTime', undefined),
    set(keys.autoUpdate, 'NextDetectionTime', undefined),
    set(keys.agent, 'OperatingSystem', text(options.os ?? hostOs())),
    set(keys.agent, 'Architecture', text(options.architecture ?? hostArchitecture())),
    set(keys.agent, 'Language', text(language)),
    set(keys.agent, 'AnnouncedVersion', text(version)),
  ];
}
