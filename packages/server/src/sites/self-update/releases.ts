// Agent and host releases: from a folder of programs to signed cabinets that are kept. The newest of the WSUS
// generation is where every client is led. Older ones stay on disk, so that a folder can be audited and a release
// withdrawn.
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
  hostPurpose,
  isVersion,
  parseRelease,
  type Release,
  releaseFileName,
  releasePurpose,
} from '@moult/protocol/self-update';
import { isTemporary, ServerError } from '@moult/store/errors';
import { type Branding, branded } from './branding.ts';
import { keepSigned, readSigned, renewSignature, type SignedCabinet } from './signed-cabinet.ts';
import { releaseCabinet, releasesFolder } from './tree-folders.ts';

export interface PublishedRelease {
  release: Release;
  cabinet: SignedCabinet;
}

/** The folder of a release: the generation of an agent, or `host`. */
export type ReleaseKind = Generation | 'host';

export const agentKinds: readonly ReleaseKind[] = ['sus', 'wsus'];
export const hostKinds: readonly ReleaseKind[] = ['host'];
const hostProduct = 'moult-host';

// Files inside a release have no time of their own: the same program gives the same cabinet wherever it was built.
const fileTime = new Date('2020-01-01T00:00:00Z');

/**
 * Signs and stores a cabinet for each release under `releaseDir/<kind>/<version>/`. Answers all stored releases of
 * these kinds, newest first. An unchanged release keeps its bytes. `refused` gets each folder that does not match its
 * release.json (SERVER_BAD_RELEASE, PROTOCOL_RELEASE_MALFORMED). By default it throws that error. `branding`: of
 * releases that name no brand.
 */
export async function publishReleases(
  kinds: readonly ReleaseKind[],
  dataDir: string,
  releaseDir: string | undefined,
  identity: SigningIdentity,
  now: Date,
  refused: (error: Error) => void = throwOn,
  branding?: Branding,
): Promise<PublishedRelease[]> {
  for (const { kind, version } of releaseDir === undefined ? [] : await releasesIn(releaseDir, kinds)) {
    try {
      const content = await packRelease(join(releaseDir ?? '', kind, version), kind, version, branding);
      const description = purposeOf(kind, version);
      await keepSigned(releaseCabinet(dataDir, kind, version), content, { identity, now, description });
    } catch (error) {
      if (!(error instanceof ServerError || error instanceof ProtocolError)) throw error;
      refused(error);
    }
  }
  for (const { kind, version } of await releasesIn(releasesFolder(dataDir), kinds)) {
    const description = purposeOf(kind, version);
    await renewSignature(releaseCabinet(dataDir, kind, version), { identity, now, description }).catch(
      // Served as it is, until there is room for the new signature.
      (error) => (isTemporary(error) ? refused(error) : throwOn(error)),
    );
  }
  return readPublishedReleases(dataDir, kinds);
}

/** As publishReleases, for the agents. */
export function publishAgentReleases(
  dataDir: string,
  releaseDir: string | undefined,
  identity: SigningIdentity,
  now: Date,
  refused?: (error: Error) => void,
): Promise<PublishedRelease[]> {
  return publishReleases(agentKinds, dataDir, releaseDir, identity, now, refused);
}

/** The stored releases, newest first. An unreadable one is left out: `moult tree verify` names it. */
export async function readPublishedReleases(dataDir: string, kinds = agentKinds): Promise<PublishedRelease[]> {
  const published: PublishedRelease[] = [];
  for (const { kind, version } of await releasesIn(releasesFolder(dataDir), kinds)) {
    const cabinet = await readSigned(releaseCabinet(dataDir, kind, version));
    if (cabinet) published.push({ release: releaseIn(cabinet.bytes), cabinet });
  }
  return published.sort((a, b) => compareVersions(b.release.version, a.release.version));
}

/** Whether this is what a folder of that kind holds. */
export function isOfKind({ product, generation }: Release, kind: ReleaseKind): boolean {
  return kind === 'host' ? product === hostProduct : product !== hostProduct && generation === kind;
}

/** The folder that holds the release, as isOfKind tells it. */
export function kindOf({ product, generation }: Release): ReleaseKind {
  return product === hostProduct ? 'host' : generation;
}

/** The newest host release of the tree. Undefined without one. */
export function newestHost(published: readonly PublishedRelease[]): PublishedRelease | undefined {
  return published.find(({ release }) => release.product === hostProduct && release.epoch === undefined);
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
 * The cabinet of a release without the signature of the tree, which changes with the certificate: what metadata names.
 * Its files are stored as they are: a delta finds in them what a machine has already, and the delta from nothing
 * compresses them.
 */
export function unsignedCabinet({ release, cabinet }: PublishedRelease): Uint8Array {
  return packFiles(release, new Map(extractAll(readCabinet(cabinet.bytes))), { compression: 'none' });
}

/** Release folders by their names. Other things in the folder are passed over. */
export async function releasesIn(
  folder: string,
  kinds: readonly ReleaseKind[],
): Promise<{ kind: ReleaseKind; version: string }[]> {
  const found: { kind: ReleaseKind; version: string }[] = [];
  for (const kind of kinds) {
    const names = await readdir(join(folder, kind)).catch(() => []);
    found.push(...names.filter(isVersion).map((version) => ({ kind, version })));
  }
  return found;
}

function purposeOf(kind: ReleaseKind, version: string): string {
  return kind === 'host' ? hostPurpose(version) : releasePurpose(version);
}

function throwOn(error: Error): never {
  throw error;
}

async function packRelease(
  folder: string,
  kind: ReleaseKind,
  version: string,
  branding?: Branding,
): Promise<Uint8Array> {
  const release = parseRelease(await readText(folder));
  if (!isOfKind(release, kind) || release.version !== version) {
    throw bad(folder, `its release.json says ${release.product} ${release.generation} ${release.version}`);
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
  return packFiles(branding ? branded(release, files, branding) : release, files);
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
  const text = `The release in ${folder} is not published: ${why}.`;
  return new ServerError('SERVER_BAD_RELEASE', text, { cause });
}
