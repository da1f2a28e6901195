// The host's own update: after the agent of the same release, and last of all. A host release is a cabinet like an
// agent release. It has a product, a purpose and a place of its own. A machine that has pinned the root of the
// operator's metadata takes it from there alone, like the agent's.
import { join } from 'node:path';
import { hresult } from '@moult/protocol/hresult';
import { hostPurpose, type Release, selfUpdatePaths } from '@moult/protocol/self-update';
import { compareReleases, formatRelease, type ReleaseVersion } from '@moult/releases/metadata';
import { programBounds } from '../bounds.ts';
import { AgentError } from '../errors.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { openRegistry } from '../machine/registry.ts';
import { openSession, selfUpdateSession } from '../program/session.ts';
import { type OpenedRelease, openRelease, stageRelease } from '../self-update/release-cabinet.ts';
import type { SelfUpdateSession } from '../self-update/session.ts';
import { requirePurpose, verifyCabinet } from '../self-update/verify-cabinet.ts';
import { fetchCabinet } from '../transport/fetch-cabinet.ts';
import { nextRelease, type OperatorReleases, readOperatorReleases } from '../trust/operator-releases.ts';
import { fetchReleaseFile } from '../trust/release-file.ts';
import { hostProduct } from './host-slots.ts';
import { readHosts } from './hosts-file.ts';
import { silentWatch } from './own-check.ts';

interface HostUpdate {
  root: MachineRoot;
  own: ReleaseVersion;
  /** The agent that has just finished a detection. */
  agent: Release;
  now(): Date;
  tell(text: string): void;
}

const userAgent = 'Moult-Agent-Host';
/** The first tries are an hour apart, then it is one a day. */
const earlyHostTries = 3;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/**
 * The version of a newer host, which is in its folder by then. Undefined without a release, or if it is newer than the
 * agent that has qualified, or failed before. Throws AgentError AGENT_CONFIG_…, AGENT_TRANSPORT_… or
 * AGENT_SELFUPDATE_….
 */
export async function findNextHost(update: HostUpdate): Promise<string | undefined> {
  const { root, agent, now, tell } = update;
  const registry = openRegistry(root);
  const session = selfUpdateSession(
    { root, registry, release: agent, now },
    openSession({ root, registry, now }, userAgent),
    { insist: false, onTrial: false },
    silentWatch,
  );
  const operator = await readOperatorReleases(root, session, { pins: false });
  // Without them a host that finds nothing newer could not be told from one that could not look.
  for (const alarm of operator.alarms) tell(`Trust metadata: ${alarm}`);
  const opened =
    operator.state === 'unpinned' ? await classicalHost(update, session) : await coveredHost(update, session, operator);
  if (!opened) return undefined;
  stageRelease(root, opened, { folder: root.hostsFolder });
  tell(`Host ${opened.release.version} is fetched, verified and unpacked.`);
  return opened.release.version;
}

async function coveredHost(
  update: HostUpdate,
  session: SelfUpdateSession,
  operator: OperatorReleases,
): Promise<OpenedRelease | undefined> {
  const { root, own } = update;
  const chosen = nextRelease(operator, { product: hostProduct, generation: 'wsus', current: own });
  if (!chosen || !isWanted(update, chosen.release)) return undefined;
  const how = { ...operator, root, into: cacheFile(root), fresh: false, note: update.tell };
  const { bytes } = await fetchReleaseFile(chosen, session, how);
  const { epoch, version } = chosen.release;
  return openRelease(bytes, {
    product: hostProduct,
    own: { ...own, generation: 'wsus' },
    promised: { epoch, version },
    brand: root.brand,
  });
}

async function classicalHost(update: HostUpdate, session: SelfUpdateSession): Promise<OpenedRelease | undefined> {
  const { own, root } = update;
  const url = `${session.server}${selfUpdatePaths.host}`;
  const bytes = await fetchIfThere(url, session);
  if (!bytes) return undefined;
  const signature = await verifyCabinet(bytes, session.operatorCaPem, url);
  const offered = readOffered(signature.description);
  // An older or equal release is not unpacked: it is there at each detection.
  if (offered && !isWanted(update, offered)) return undefined;
  const opened = openRelease(bytes, {
    ...{ product: hostProduct, promised: offered, brand: root.brand },
    own: { ...own, generation: 'wsus' },
  });
  requirePurpose(signature, hostPurpose(opened.release.version), url);
  return opened;
}

/** Undefined when the server has none: a real WSUS, or Moult of before. */
async function fetchIfThere(url: string, session: SelfUpdateSession): Promise<Uint8Array | undefined> {
  const limits = { ...session.limits, maxBytes: programBounds.maxReleaseBytes };
  try {
    return (await fetchCabinet({ ...session, url, limits, cacheFile: cacheFile(session.root) })).bytes;
  } catch (error) {
    if (error instanceof AgentError && error.transportResult === hresult.rawNotFound) return undefined;
    throw error;
  }
}

function readOffered(description: string | undefined): ReleaseVersion | undefined {
  const [, version] = /^Moult host ([\d.]{7,23})$/.exec(description ?? '') ?? [];
  return version === undefined ? undefined : { epoch: 0, version };
}

/** Newer than this one, not newer than the agent that has qualified, and not one that has just failed. */
function isWanted({ root, own, agent, now, tell }: HostUpdate, offered: ReleaseVersion): boolean {
  if (compareReleases(offered, own) <= 0) return false;
  if (compareReleases(offered, { epoch: agent.epoch ?? 0, version: agent.version }) > 0) {
    tell(`Host ${formatRelease(offered)} waits until the agent of that release has qualified.`);
    return false;
  }
  const failure = readHosts(root)?.failed.find(({ version }) => version === offered.version);
  if (!failure) return true;
  const pauseMs = failure.tries < earlyHostTries ? hourMs : dayMs;
  // By the distance alone: a clock that was wrong then, or is now, must not rule a version out for ever.
  if (Math.abs(now().getTime() - Date.parse(failure.at)) >= pauseMs) return true;
  const { version, tries, at, why } = failure;
  tell(`Host ${version} failed (${tries}), last at ${at}: ${why}. It is tried again ${pauseMs / hourMs} h after that.`);
  return false;
}

function cacheFile({ selfUpdateFolder }: MachineRoot): string {
  return join(selfUpdateFolder, 'host.cab');
}
