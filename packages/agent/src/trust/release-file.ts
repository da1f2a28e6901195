// The file of a release on this machine's disk: as a delta from the program that runs, or whole, resumed where it
// stopped.
import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolders, readOutside } from '@moult/disk';
import { hresult } from '@moult/protocol/hresult';
import { downloadRelease, type FoundTarget, targetPath } from '@moult/releases/client';
import { isReleaseError, ReleaseError } from '@moult/releases/errors';
import type { ReleaseTarget } from '@moult/releases/metadata';
import { programBounds } from '../bounds.ts';
import { AgentError } from '../errors.ts';
import { asDiskError } from '../machine/disk-error.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { freeSpaceOf, roomFor } from '../machine/room.ts';
import { giveUpDownloads } from '../wsus/install/partial-downloads.ts';
import { createMetadataFetch } from './fetch.ts';
import { serversOf } from './operator-client.ts';
import type { TrustRootSource } from './trust-root.ts';

interface ReleaseFileRequest {
  root: MachineRoot;
  /** The place of the file, and the place of an earlier one that may be right already. */
  into: string;
  /** A file that is there does not count: fetching must be proven. */
  fresh: boolean;
  consistent: boolean;
  /** All targets of the role, deltas included. */
  targets: ReadonlyMap<string, FoundTarget>;
  /** Hears why a delta was of no use. */
  note(text: string): void;
}

interface ReleaseFile {
  bytes: Uint8Array;
  url: string;
  fromCache: boolean;
  /** The bytes that came over the network: less than the file when it was a delta. */
  fetchedBytes: number;
}

/**
 * Every byte is as signed. Throws AGENT_SELFUPDATE_ALTERED for other bytes, AGENT_SELFUPDATE_DISK without room, else
 * the AGENT_TRANSPORT_… of the first server.
 */
export async function fetchReleaseFile(
  target: FoundTarget & { release: ReleaseTarget },
  source: TrustRootSource,
  { root, into, fresh, consistent, targets, note }: ReleaseFileRequest,
): Promise<ReleaseFile> {
  const targetUrls = serversOf(source).map((server) => `${server}/tuf/targets`);
  const url = `${targetUrls[0]}/${targetPath(target, consistent)}`;
  if (target.file.length > programBounds.maxNamedReleaseBytes) {
    const text = `${target.path} is not used: the metadata names ${target.file.length} bytes, more than ${programBounds.maxNamedReleaseBytes}.`;
    throw new AgentError('AGENT_SELFUPDATE_ALTERED', text, { hresult: hresult.badDigest, url });
  }
  try {
    makeFolders(dirname(into));
    const isFolder = lstatSync(into, { throwIfNoEntry: false })?.isDirectory();
    if (fresh || isFolder) rmSync(into, { recursive: true, force: true });
    requireRoom(root, into, target);
    const { deltas } = target.release;
    const ways = { fetch: createMetadataFetch(source), targetUrls, consistent, keepPartial: true };
    const found = await downloadRelease(target, into, { ...ways, deltas, targets, bases: basesOn(root), note });
    return { bytes: readOutside(into), url, fromCache: found.how === 'cached', fetchedBytes: found.bytes };
  } catch (error) {
    throw asAgentError(error, url, dirname(into));
  }
}

/** The programs of all versions here: releases are made as deltas from the program of one before. */
function basesOn({ versionsFolder }: MachineRoot): string[] {
  try {
    return readdirSync(versionsFolder, { withFileTypes: true })
      .filter((version) => version.isDirectory())
      .flatMap(({ name }) =>
        readdirSync(join(versionsFolder, name), { withFileTypes: true })
          .filter((file) => file.isFile())
          .map((file) => join(versionsFolder, name, file.name)),
      );
  } catch {
    return [];
  }
}

/** For the file, and for the draft of a delta beside it. Downloads of updates give way: the agent comes first. */
function requireRoom(root: MachineRoot, into: string, { path, file }: FoundTarget): void {
  const folder = dirname(into);
  const needed = roomFor([file.length, file.length], freeSpaceOf(folder));
  if (freeSpaceOf(folder).freeBytes >= needed) return;
  giveUpDownloads(root);
  const { freeBytes } = freeSpaceOf(folder);
  if (freeBytes >= needed) return;
  const text = `${path} needs ${needed} bytes in ${folder}, and only ${freeBytes} are free. Nothing was fetched.`;
  throw new AgentError('AGENT_SELFUPDATE_DISK', text, { hresult: hresult.diskFull });
}

function asAgentError(error: unknown, url: string, folder: string): unknown {
  if (isReleaseError(error, 'RELEASE_TARGET_MISMATCH')) {
    const text = `${url} is not used: ${error.message}`;
    return new AgentError('AGENT_SELFUPDATE_ALTERED', text, { hresult: hresult.badDigest, url, cause: error });
  }
  if (error instanceof ReleaseError && error.cause instanceof AgentError) return error.cause;
  if (error instanceof ReleaseError) {
    return new AgentError('AGENT_TRANSPORT_CUT', error.message, { hresult: hresult.connectionCut, url, cause: error });
  }
  return asDiskError(error, folder);
}
