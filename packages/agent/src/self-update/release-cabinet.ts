// wuaucomp.cab, verified, to a version folder. The folder appears by one rename, complete, or not at all.

import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { FolderTree, pathInside, removeIfPossible, removeWhenFree, renameWhenFree } from '@moult/disk';
import { type CabinetLimits, defaultCabinetLimits, extractAll, readCabinet } from '@moult/formats/cab';
import { type HResult, hresult } from '@moult/protocol/hresult';
import {
  type Brand,
  compareVersions,
  isSameBrand,
  moultBrand,
  parseRelease,
  type Release,
  releaseFileName,
} from '@moult/protocol/self-update';
import { compareReleases, formatRelease, type ReleaseVersion } from '@moult/releases/metadata';
import { programBounds } from '../bounds.ts';
import { AgentError } from '../errors.ts';
import type { Generation } from '../host/current.ts';
import { syncFolder } from '../machine/atomic-file.ts';
import { diskResult } from '../machine/disk-error.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { type FreeSpace, type HeldRoom, holdRoom } from '../machine/room.ts';
import { giveUpDownloads } from '../wsus/install/partial-downloads.ts';
import { messageOf } from './verify-cabinet.ts';

export const productName = 'moult-agent';

/** A release is a megabyte or two. More than this is an attack on the disk. */

export interface OpenedRelease {
  release: Release;
  /** Lower-case name with `/` → bytes. */
  files: Map<string, Uint8Array>;
}

interface ReleaseExpectation {
  own: ReleaseVersion & { generation: Generation };
  /** The promise of the ident file, if there was one, or the words of the operator's metadata. */
  promised: (ReleaseVersion & { generation?: string }) | undefined;
  /** The operator took the own version back in favour of this one. */
  mayGoBack?: boolean;
  /** Default: the agent. */
  product?: string;
  /** Whose agent this machine has. */
  brand: Brand;
}

/**
 * Unpacks in memory and compares the release with the expected one. Throws AgentError AGENT_SELFUPDATE_BAD_CABINET,
 * _BAD_RELEASE (wrong product, generation, version or bytes), _DOWNGRADE.
 */
export function openRelease(bytes: Uint8Array, expected: ReleaseExpectation): OpenedRelease {
  const files = unpack(bytes);
  const release = readRelease(files);
  requireExpected(release, expected);
  for (const { name, sizeBytes, sha256 } of release.files) {
    const content = files.get(name.toLowerCase());
    if (content?.length !== sizeBytes || createHash('sha256').update(content).digest('hex') !== sha256) {
      throw badRelease(`its file ${name} is missing or not the one that was released`, hresult.setupVersionMismatch);
    }
  }
  return { release, files };
}

/**
 * Makes `versions/<version>`, or the same in another folder. Its room is taken before the first byte. Without one,
 * downloads of updates give way: the agent comes first. Throws AgentError AGENT_SELFUPDATE_DISK when the disk will not
 * take it. Nothing is left then.
 */
export function stageRelease(
  root: MachineRoot,
  opened: OpenedRelease,
  { folder = root.versionsFolder, spaceOf }: { folder?: string; spaceOf?: (folder: string) => FreeSpace } = {},
): void {
  try {
    stage(folder, opened, spaceOf);
  } catch (error) {
    if (!(error instanceof AgentError) || error.hresult !== hresult.diskFull || !giveUpDownloads(root)) throw error;
    stage(folder, opened, spaceOf);
  }
}

function stage(folder: string, { release, files }: OpenedRelease, spaceOf?: (folder: string) => FreeSpace): void {
  const target = pathInside(folder, release.version);
  const staging = `${target}.staging-${process.pid}`;
  const sizes = [...files.values()].map(({ length }) => length);
  let room: HeldRoom | undefined;
  try {
    rmSync(staging, { recursive: true, force: true });
    room = holdRoom(`${target}.room-${process.pid}`, sizes, `Version ${release.version}`, spaceOf);
    writeStaging(staging, { release, files }, room);
    syncFolder(staging);
    removeWhenFree(target);
    renameWhenFree(staging, target);
    syncFolder(folder);
  } catch (error) {
    removeIfPossible(staging);
    if (error instanceof AgentError) throw error;
    const text = `Version ${release.version} cannot be written to ${folder}: ${messageOf(error)}.`;
    throw new AgentError('AGENT_SELFUPDATE_DISK', text, { hresult: diskResult(error), cause: error });
  } finally {
    room?.close();
  }
}

function writeStaging(staging: string, { release, files }: OpenedRelease, room: HeldRoom): void {
  const tree = new FolderTree(staging);
  try {
    for (const name of [...release.files.map((file) => file.name), releaseFileName]) {
      const bytes = files.get(name.toLowerCase()) ?? new Uint8Array();
      room.release(bytes.length);
      tree.write(name, bytes, { durable: true });
    }
  } finally {
    tree.close();
  }
}

function unpack(bytes: Uint8Array): Map<string, Uint8Array> {
  try {
    const members = extractAll(readCabinet(bytes, currentLimits()));
    return new Map([...members].map(([name, content]) => [name.replaceAll('\\', '/').toLowerCase(), content]));
  } catch (error) {
    const text = `wuaucomp.cab cannot be unpacked: ${messageOf(error)}`;
    throw new AgentError('AGENT_SELFUPDATE_BAD_CABINET', text, { hresult: hresult.setupInvalidPackage, cause: error });
  }
}

function readRelease(files: Map<string, Uint8Array>): Release {
  const json = files.get(releaseFileName);
  if (!json) throw badRelease(`it holds no ${releaseFileName}`, hresult.setupInvalidPackage);
  try {
    return parseRelease(Buffer.from(json).toString('utf8'));
  } catch (error) {
    throw badRelease(messageOf(error), hresult.setupInvalidPackage, error);
  }
}

function requireExpected(release: Release, expected: ReleaseExpectation): void {
  const { own, promised, mayGoBack = false, product = productName, brand } = expected;
  if (release.product !== product) {
    throw badRelease(`it is a release of "${release.product}", not of ${product}`, hresult.setupInvalidPackage);
  }
  if (!isSameBrand(release.brand ?? moultBrand, brand)) {
    const theirs = (release.brand ?? moultBrand).id;
    throw badRelease(`it is a release of ${theirs}, and this agent is ${brand.id}`, hresult.setupInvalidPackage);
  }
  const version = { epoch: release.epoch ?? 0, version: release.version };
  const isOlder = compareReleases(version, own) <= 0 && !mayGoBack;
  // A folder is named by the version alone: another release of the same name takes the place of the one that runs.
  const isOwnName = compareVersions(release.version, own.version) === 0;
  if (isOlder || isOwnName || (own.generation === 'wsus' && release.generation === 'sus')) {
    const what = `${formatRelease(version)} (${release.generation})`;
    const text = `The server offers ${what}, which is not newer than ${formatRelease(own)} (${own.generation}); an agent never goes back.`;
    throw new AgentError('AGENT_SELFUPDATE_DOWNGRADE', text, { hresult: hresult.setupTargetNewer });
  }
  if (promised === undefined) return;
  const isPromised = promised.generation === undefined || promised.generation === release.generation;
  if (isPromised && compareReleases(promised, version) === 0) return;
  const found = `${formatRelease(version)}${isPromised ? '' : ` (${release.generation})`}`;
  throw badRelease(
    `it is version ${found}, but ${formatRelease(promised)} was announced`,
    hresult.setupVersionMismatch,
  );
}

function badRelease(why: string, result: HResult, cause?: unknown): AgentError {
  return new AgentError('AGENT_SELFUPDATE_BAD_RELEASE', `wuaucomp.cab is not used: ${why}.`, {
    hresult: result,
    cause,
  });
}

function currentLimits(): CabinetLimits {
  const { maxReleaseFiles: maxMembers, maxReleaseTotalBytes: maxTotalBytes } = programBounds;
  return { ...defaultCabinetLimits, maxMembers, maxTotalBytes };
}
