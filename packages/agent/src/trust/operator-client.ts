// The client of the operator's trust metadata on this machine: refreshed before anything is decided, kept on the disk,
// and never a reason for an agent to stop. Any fault of it is an alarm, and the last good list goes on.
import { isThere } from '@moult/disk';
import { selfUpdatePaths } from '@moult/protocol/self-update';
import { type FoundTarget, openStore, refreshOrGoOn, type Standing, UpdateClient } from '@moult/releases/client';
import { ReleaseError } from '@moult/releases/errors';
import type { TargetsSigned } from '@moult/releases/metadata';
import { AgentError } from '../errors.ts';
import { readCopy } from '../machine/atomic-file.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { createMetadataFetch } from './fetch.ts';
import { fetchTrustRoot, pinTrustRoot, readTrustRoot, type TrustRootSource } from './trust-root.ts';

export interface OperatorClient {
  /** `unpinned`: this machine has no root, and its server has none to give. Else as in Standing. */
  state: Standing['state'] | 'unpinned';
  /** The metadata is current. Only then does a machine go back to an older release. */
  fresh: boolean;
  /** One sentence each. */
  alarms: string[];
  /** Names of target files begin with their digest. */
  consistent: boolean;
  /** Versions of what is trusted now, by role. */
  versions: Readonly<Record<string, number>>;
  /** The targets of the role, by path. Of the last good list when the newest cannot be had. */
  list(role: 'agent' | 'updates'): Promise<Map<string, FoundTarget>>;
  /** The whole role, once it was listed. */
  signedOf(role: 'agent' | 'updates'): TargetsSigned | undefined;
}

/**
 * Refreshes. A machine that has pinned no root asks its server for one, unless `pins` is false. Never throws for what a
 * server, a cache or a clock did. Throws what the disk says when it does not tell whether a root is pinned: a machine
 * that has one must not take another, and must not go on as if it had none.
 */
export async function openOperatorClient(
  root: MachineRoot,
  source: TrustRootSource,
  { pins }: { pins: boolean },
): Promise<OperatorClient> {
  const alarms: string[] = [];
  const isKnown = isThere(root.trustFolder);
  const pinned = isKnown ? readCopy(root.trustRoot) : readTrustRoot(root);
  const firstRoot = pinned ?? (isKnown || !pins ? undefined : await obtainRoot(root, source, alarms));
  if (!firstRoot && !isKnown) return withoutMetadata('unpinned', alarms);
  try {
    const client = new UpdateClient({
      store: openStore(root.trustFolder, firstRoot),
      fetch: createMetadataFetch(source),
      metadataUrls: serversOf(source).map((server) => `${server}${selfUpdatePaths.trustMetadata}`),
      now: source.now,
      mode: 'alarm',
    });
    const standing = await refreshOrGoOn(client, source.now());
    alarms.push(...standing.alarms.map(({ message }) => message));
    if (standing.state === 'none') return withoutMetadata('none', alarms);
    return clientOf(client, standing, alarms);
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    return withoutMetadata('none', [...alarms, error.message]);
  }
}

/** The server, and the mirrors in the order in which they are asked. */
export function serversOf({ server, mirrors = [] }: Pick<TrustRootSource, 'server' | 'mirrors'>): string[] {
  return [...new Set([server, ...mirrors])];
}

function clientOf(client: UpdateClient, standing: Standing, alarms: string[]): OperatorClient {
  const opened: OperatorClient = {
    ...{ state: standing.state, fresh: standing.fresh, alarms },
    // Asked again each time: a list is read after the client was opened.
    get versions() {
      return client.versions;
    },
    consistent: client.root.consistent_snapshot === true,
    signedOf: (role) => client.signedOf(role),
    async list(role) {
      const newest = await attempt(client, role, alarms);
      if (newest) return newest;
      // The newest list cannot be had: the last whole one goes on, and no part of it counts as current.
      opened.state = 'last-good';
      opened.fresh = false;
      return (client.useGoodSet() ? await attempt(client, role, []) : undefined) ?? new Map();
    },
  };
  return opened;
}

async function attempt(
  client: UpdateClient,
  role: string,
  alarms: string[],
): Promise<Map<string, FoundTarget> | undefined> {
  try {
    return new Map((await client.list(role)).map((found) => [found.path, found]));
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    alarms.push(error.message);
    return undefined;
  }
}

async function obtainRoot(
  root: MachineRoot,
  source: TrustRootSource,
  alarms: string[],
): Promise<Uint8Array | undefined> {
  try {
    const fetched = await fetchTrustRoot(source);
    if (fetched) pinTrustRoot(root, fetched);
    return fetched;
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    alarms.push(error.message);
    return undefined;
  }
}

function withoutMetadata(state: 'none' | 'unpinned', alarms: string[]): OperatorClient {
  return {
    state,
    fresh: false,
    alarms,
    versions: {},
    consistent: true,
    list: async () => new Map(),
    signedOf: () => undefined,
  };
}
