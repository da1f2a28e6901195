// The releases that the operator's metadata names, and the one that this machine takes next. The ident files of the
// self-update tree play no part here.

import { hresult } from '@moult/protocol/hresult';
import type { FoundTarget } from '@moult/releases/client';
import { ReleaseError } from '@moult/releases/errors';
import {
  chooseRelease,
  type Machine,
  type Pin,
  type ReleaseTarget,
  readOurTarget,
  readPins,
} from '@moult/releases/metadata';
import { AgentError } from '../errors.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { type OperatorClient, openOperatorClient } from './operator-client.ts';
import type { TrustRootSource } from './trust-root.ts';

/** A release that the operator's metadata names, with the length and the digests of its file. */
interface OperatorRelease extends FoundTarget {
  release: ReleaseTarget;
}

export interface OperatorReleases
  extends Pick<OperatorClient, 'state' | 'fresh' | 'alarms' | 'consistent' | 'versions'> {
  releases: OperatorRelease[];
  /** Everything that the role names, by path: deltas of the releases too. */
  targets: ReadonlyMap<string, FoundTarget>;
  /** The computers that have another version than the newest by the operator's will. */
  pins: Pin[];
}

/** Agents and hosts are programs for a runtime: its system and processor count, as Node names them. */
const ownPlatform = `${process.platform}-${process.arch}`;

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

/**
 * The release that this machine installs next. Undefined when it has what it should have. Throws
 * AGENT_SELFUPDATE_FLOOR_MISSING.
 */
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
