// The releases that the operator's metadata names: which there are, which one this machine takes next, and its bytes.
// What the ident files of the self-update tree say plays no part here.

import { createHash } from 'node:crypto';
import { type FoundTarget, targetPath } from '@moult/releases/client';
import { ReleaseError } from '@moult/releases/errors';
import {
  chooseRelease,
  type Machine,
  type Pin,
  type ReleaseTarget,
  readOurTarget,
  readPins,
} from '@moult/releases/metadata';
import { programBounds } from '../bounds.ts';
import { AgentError } from '../errors.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { hresult } from '../transport/hresult.ts';
import { sendExpecting } from '../transport/request.ts';
import { type OperatorClient, openOperatorClient, serversOf } from './operator-client.ts';
import type { TrustRootSource } from './trust-root.ts';

/** A release that the operator's metadata names, with the length and the digests of its file. */
export interface OperatorRelease extends FoundTarget {
  release: ReleaseTarget;
}

export interface OperatorReleases
  extends Pick<OperatorClient, 'state' | 'fresh' | 'alarms' | 'consistent' | 'versions'> {
  releases: OperatorRelease[];
  /** Everything that the role names, by path: deltas of the releases too. */
  targets: ReadonlyMap<string, FoundTarget>;
  /** Who has another version than the newest by the operator's will. */
  pins: Pin[];
}

/** Agents and hosts are programs for a runtime: its system and processor count, as Node names them. */
export const ownPlatform = `${process.platform}-${process.arch}`;

/** As openOperatorClient: never throws for what a server, a cache or a clock did. */
export async function readOperatorReleases(
  root: MachineRoot,
  source: TrustRootSource,
  how: { pins: boolean },
): Promise<OperatorReleases> {
  const client = await openOperatorClient(root, source, how);
  const found = client.state === 'unpinned' ? new Map<string, FoundTarget>() : await client.list('agent');
  const { state, fresh, alarms, consistent, versions } = client;
  const releases = [...found.values()].flatMap((target) => {
    const release = releaseOf(target, alarms);
    return release ? [{ ...target, release }] : [];
  });
  return { state, fresh, alarms, consistent, versions, targets: found, ...withPins(client, releases) };
}

/** The release that this machine installs next; undefined when it has what it should have. Throws AGENT_SELFUPDATE_FLOOR_MISSING. */
export function nextRelease(
  { releases, fresh }: Pick<OperatorReleases, 'releases' | 'fresh'>,
  machine: Omit<Machine, 'platform'>,
): OperatorRelease | undefined {
  try {
    const chosen = chooseRelease(releases, { ...machine, platform: ownPlatform }, fresh);
    return chosen && releases.find(({ path }) => path === chosen.path);
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    throw new AgentError('AGENT_SELFUPDATE_FLOOR_MISSING', error.message, {
      hresult: hresult.setupUnsupported,
      cause: error,
    });
  }
}

/**
 * The file of a release, every byte as signed: from `kept` when that is it, else from the server, else from a mirror. Throws
 * AGENT_SELFUPDATE_ALTERED when what came is something else, else the AGENT_TRANSPORT_… of the first.
 */
export async function fetchOperatorRelease(
  { path, role, file }: FoundTarget,
  source: TrustRootSource,
  { consistent, kept }: { consistent: boolean; kept: Uint8Array | undefined },
): Promise<{ bytes: Uint8Array; url: string; fromCache: boolean }> {
  const place = targetPath({ path, role, file }, consistent);
  const urls = serversOf(source).map((server) => `${server}/tuf/targets/${place}`);
  if (kept && isFile(kept, file)) return { bytes: kept, url: urls[0] ?? '', fromCache: true };
  if (file.length > programBounds.maxNamedReleaseBytes)
    throw altered(path, `the metadata names ${file.length} bytes, more than ${programBounds.maxNamedReleaseBytes}`);
  let first: unknown;
  for (const url of urls) {
    try {
      const { userAgent } = source;
      const headers = { 'Accept-Encoding': 'identity' };
      // One byte more than signed, so that a longer file is told from a cut one.
      const limits = { ...source.limits, maxBytes: file.length + 1 };
      const { body } = await sendExpecting({ url, userAgent, headers, limits });
      if (isFile(body, file)) return { bytes: body, url, fromCache: false };
      first ??= altered(url, 'its bytes are not those that the operator signed');
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      const isLonger = error.code === 'AGENT_TRANSPORT_TOO_LARGE';
      first ??= isLonger ? altered(url, `it is longer than the ${file.length} bytes that the operator signed`) : error;
    }
  }
  throw first;
}

/** Pins that cannot be read keep every release out: a version could come to a computer that is pinned to another. */
function withPins(client: OperatorClient, releases: OperatorRelease[]): Pick<OperatorReleases, 'releases' | 'pins'> {
  try {
    return { releases, pins: readPins(client.signedOf('agent') ?? {}) };
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    client.alarms.push(error.message);
    return { releases: [], pins: [] };
  }
}

function releaseOf(target: FoundTarget, alarms: string[]): ReleaseTarget | undefined {
  try {
    const ours = readOurTarget(target.path, target.file);
    return ours?.kind === 'release' ? ours : undefined;
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    // Of a later version of the format, or a mistake: the others count all the same.
    alarms.push(error.message);
    return undefined;
  }
}

function isFile(bytes: Uint8Array, { length, hashes }: FoundTarget['file']): boolean {
  return bytes.length === length && createHash('sha256').update(bytes).digest('hex') === hashes.sha256;
}

function altered(what: string, why: string): AgentError {
  const text = `${what} is not used: ${why}.`;
  return new AgentError('AGENT_SELFUPDATE_ALTERED', text, { hresult: hresult.badDigest, url: what });
}
