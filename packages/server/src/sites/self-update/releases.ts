// Agent releases: from a folder of programs to signed cabinets that are kept. The newest of the WSUS generation is where
// every client is led; older ones stay on disk, so that a folder can be audited and a release taken back.
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readInside } from '@moult/disk';
import type { SigningIdentity } from '@moult/formats/authenticode';
import { type CreateOptions, createCabinet, extractAll, extractMember, readCabinet } from '@moult/formats/cab';
import { ProtocolError } from '@moult/protocol';
import {
  compareVersions,
  encodeRelease,
  type Generation,
  isVersion,
  parseRelease,
  type Release,
  releaseFileName,
  releasePurpose,
} from '@moult/protocol/self-update';
import { isTemporary, ServerError } from '@moult/store/errors';
import { keepSigned, readSigned, renewSignature, type SignedCabinet } from './signed-cabinet.ts';
import { releaseCabinet, releasesFolder } from './tree-folders.ts';

export interface PublishedRelease {
  release: Release;
  cabinet: SignedCabinet;
}

const generations: readonly Generation[] = ['sus', 'wsus'];

// Files inside a release have no time of their own: the same program gives the same cabinet wherever it was built.
const fileTime = new Date('2020-01-01T00:00:00Z');

/**
 * Signs and stores `wuaucomp.cab` for each release under `releaseDir/<generation>/<version>/`, and answers all stored
 * releases, newest first. What is unchanged keeps its bytes. A folder that is not what its release.json says
 * (SERVER_BAD_RELEASE, PROTOCOL_RELEASE_MALFORMED) is handed to `refused`, which throws it on unless told otherwise.
 */
export async function publishAgentReleases(
  dataDir: string,
  releaseDir: string | undefined,
  identity: SigningIdentity,
  now: Date,
  refused: (error: Error) => void = throwOn,
): Promise<PublishedRelease[]> {
  for (const { generation, version } of releaseDir === undefined ? [] : await releasesIn(releaseDir)) {
    try {
      const content = await packRelease(join(releaseDir ?? '', generation, version), generation, version);
      const description = releasePurpose(version);
      await keepSigned(releaseCabinet(dataDir, generation, version), content, { identity, now, description });
    } catch (error) {
      if (!(error instanceof ServerError || error instanceof ProtocolError)) throw error;
      refused(error);
    }
  }
  for (const { generation, version } of await releasesIn(releasesFolder(dataDir))) {
    const description = releasePurpose(version);
    await renewSignature(releaseCabinet(dataDir, generation, version), { identity, now, description }).catch(
      // Served as it is, until there is room for the new signature.
      (error) => (isTemporary(error) ? refused(error) : throwOn(error)),
    );
  }
  return readPublishedReleases(dataDir);
}

/** The stored releases, newest first. What cannot be read is left out: `moult tree verify` names it. */
export async function readPublishedReleases(dataDir: string): Promise<PublishedRelease[]> {
  const published: PublishedRelease[] = [];
  for (const { generation, version } of await releasesIn(releasesFolder(dataDir))) {
    const cabinet = await readSigned(releaseCabinet(dataDir, generation, version));
    if (cabinet) published.push({ release: releaseIn(cabinet.bytes), cabinet });
  }
  return published.sort((a, b) => compareVersions(b.release.version, a.release.version));
}

/** The release that clients of the tree are led to: the newest of the WSUS generation. They know no epochs. */
export function newestRelease(published: readonly PublishedRelease[]): PublishedRelease | undefined {
  return published.find(({ release }) => release.generation === 'wsus' && release.epoch === undefined);
}

/** `release.json` of a release cabinet. Throws FormatError or PROTOCOL_RELEASE_MALFORMED. */
export function releaseIn(cabinet: Uint8Array): Release {
  return parseRelease(Buffer.from(extractMember(readCabinet(cabinet), releaseFileName)).toString('utf8'));
}

/**
 * The cabinet of a release without the signature of the tree, which changes with the certificate: what metadata names. Its files
 * are stored as they are: a delta finds in them what a machine has already, and the delta from nothing compresses them.
 */
export function unsignedCabinet({ release, cabinet }: PublishedRelease): Uint8Array {
  return packFiles(release, new Map(extractAll(readCabinet(cabinet.bytes))), { compression: 'none' });
}

/** Release folders by their names; other things in the folder are passed over. */
export async function releasesIn(folder: string): Promise<{ generation: Generation; version: string }[]> {
  const found: { generation: Generation; version: string }[] = [];
  for (const generation of generations) {
    const names = await readdir(join(folder, generation)).catch(() => []);
    found.push(...names.filter(isVersion).map((version) => ({ generation, version })));
  }
  return found;
}

function throwOn(error: Error): never {
  throw error;
}

async function packRelease(folder: string, generation: Generation, version: string): Promise<Uint8Array> {
  const release = parseRelease(await readText(folder));
  if (release.generation !== generation || release.version !== version) {
    throw bad(folder, `its release.json says ${release.generation} ${release.version}`);
  }
  const files = new Map<string, Uint8Array>();
  for (const { name, sizeBytes, sha256 } of release.files) {
    const bytes = await readInside(folder, name).catch((cause) => {
      throw bad(folder, `${name} cannot be read`, cause);
    });
    const digest = createHash('sha256').update(bytes).digest('hex');
    if (bytes.length !== sizeBytes || digest !== sha256) throw bad(folder, `${name} is not the file it lists`);
    files.set(memberName(name), bytes);
  }
  return packFiles(release, files);
}

/** The cabinet of a release, not signed: same release, same bytes. `files`: by their names with a backslash. */
export function packFiles(
  release: Release,
  files: ReadonlyMap<string, Uint8Array>,
  how: CreateOptions = { compression: 'mszip', level: 9 },
): Uint8Array {
  const listed = release.files.map(({ name }) => memberName(name));
  const members = listed.map((name) => ({ name, bytes: files.get(name) ?? Buffer.of(), modified: fileTime }));
  const first = { name: releaseFileName, bytes: Buffer.from(encodeRelease(release)), modified: fileTime };
  return createCabinet([first, ...members], how);
}

function memberName(name: string): string {
  return name.replaceAll('/', '\\');
}

async function readText(folder: string): Promise<string> {
  try {
    return (await readInside(folder, releaseFileName)).toString('utf8');
  } catch (cause) {
    const path = join(folder, releaseFileName);
    throw new ServerError('SERVER_BAD_RELEASE', `${path} cannot be read. Run "npm run build".`, { cause });
  }
}

function bad(folder: string, why: string, cause?: unknown): ServerError {
  const text = `The agent release in ${folder} is not published: ${why}.`;
  return new ServerError('SERVER_BAD_RELEASE', text, { cause });
}
