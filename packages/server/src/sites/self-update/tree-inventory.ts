// `moult tree list` and `moult tree verify`: the contents of the tree, and whether each byte of it is as it was.
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { DiskError } from '@moult/disk';
import { FormatError } from '@moult/formats';
import { extractAll, extractMember, readCabinet } from '@moult/formats/cab';
import { parseIdent, selfUpdatePaths } from '@moult/protocol/self-update';
import { ifThere } from './atomic-file.ts';
import { type CabinetCheck, checkCabinet } from './cabinet-check.ts';
import {
  type ImportedFile,
  type ImportedIndex,
  type RefusedEntry,
  readImported,
  readImportedIndex,
} from './imported-index.ts';
import { keyOf, leadRelease, recalledReleases, withoutRecalled } from './lead-release.ts';
import { nameOf, type Offer, readOffers } from './offers.ts';
import {
  agentKinds,
  hostKinds,
  isOfKind,
  kindOf,
  newestHost,
  type PublishedRelease,
  readPublishedReleases,
  releaseIn,
  releasesIn,
} from './releases.ts';
import { readSigned, type SignedCabinet, sha256Of } from './signed-cabinet.ts';
import {
  identCabinet,
  importedFolder,
  pathOf,
  readTreeFile,
  releaseCabinet,
  releasesFolder,
  type TreeFile,
} from './tree-folders.ts';

interface ListedFile {
  /** `moult`: ours, signed by the operator. `imported`: byte for byte as it came. */
  origin: 'moult' | 'imported';
  /** URL path, or a pattern with * where any folder is answered. */
  path: string;
  sizeBytes: number;
  sha256: string;
  modified: string;
  signature?: CabinetCheck['signature'];
  signer?: string;
  /** Agents that are answered with this file. */
  servedTo: 'all' | 'moult-agents' | 'other-agents' | 'nobody';
}

export interface TreeListing {
  releases: {
    generation: string;
    version: string;
    sizeBytes: number;
    sha256: string;
    signedAt: string;
    /** Clients are led here. */
    isNewest: boolean;
    /** `waiting`: new here, and not offered yet (--new-agent-releases). */
    state: 'offered' | 'waiting' | 'recalled';
    /** Why it was recalled. */
    reason?: string;
  }[];
  importedAt: string | undefined;
  files: ListedFile[];
}

interface TreeProblem {
  path: string;
  code:
    | 'MISSING'
    | 'CHANGED'
    | 'DAMAGED'
    | 'UNSIGNED'
    | 'ALTERED'
    | 'UNTRUSTED'
    | 'NOT_A_RELEASE'
    | 'BAD_IDENT'
    | 'UNSAFE'
    | 'UNLISTED';
  message: string;
}

export interface TreeVerification {
  /** Files that were looked at. */
  checked: number;
  problems: TreeProblem[];
  /** Imported files with a good signature whose root was not given: not a problem, but not proven either. */
  rootUnknown: string[];
  /** Files of ours do not exist yet, and none are missing: the server makes them at its first start. */
  neverStarted: boolean;
}

interface VerifyOptions {
  /** The operator's CA, under which our own files must be signed. Undefined when the server never started. */
  operatorCaPem: string | undefined;
  /** Further roots, for imported files. */
  trustedCertificatesPem: string[];
  now: Date;
}

const anyRelease = 'selfupdate/AU/*/*/*/wuaucomp.cab';

/** The stored files, and the agents that get them. Does not check anything. */
export async function listTree(dataDir: string): Promise<TreeListing> {
  const published = await readPublishedReleases(dataDir);
  const newest = leadRelease(dataDir, await usableReleases(dataDir, published));
  const { index } = await readImportedIndex(dataDir);
  const files: ListedFile[] = [];
  const isImported = (path: string) => index.files.some((file) => file.path.toLowerCase() === path.toLowerCase());
  const own = (path: string, { bytes, sha256, signedAt }: SignedCabinet): ListedFile => ({
    origin: 'moult',
    path,
    sizeBytes: bytes.length,
    sha256,
    modified: signedAt.toISOString(),
    servedTo: isImported(path) ? 'moult-agents' : 'all',
  });
  for (const name of ['iuident', 'wuident'] as const) {
    const ident = await readSigned(identCabinet(dataDir, name));
    if (ident) files.push(own(selfUpdatePaths[name].slice(1), ident));
  }
  if (newest) files.push(own(anyRelease, newest.cabinet));
  const host = newestHost(await usableReleases(dataDir, await readPublishedReleases(dataDir, hostKinds)));
  if (host) files.push(own(selfUpdatePaths.host.slice(1), host.cabinet));
  files.push(...index.files.map((file) => listedImport(file)));
  const [recalled, offers] = [recalledReleases(dataDir), await readOffers(dataDir)];
  const releases = published.map(({ release, cabinet }) => {
    const { generation, version } = release;
    const reason = recalled.get(keyOf(release));
    return {
      generation,
      version,
      sizeBytes: cabinet.bytes.length,
      sha256: cabinet.sha256,
      signedAt: cabinet.signedAt.toISOString(),
      isNewest: version === newest?.release.version && generation === newest.release.generation,
      state:
        reason !== undefined ? ('recalled' as const) : isOffered(offers, release) ? ('offered' as const) : 'waiting',
      ...(reason !== undefined && { reason }),
    } as const;
  });
  return { releases, importedAt: index.files.length > 0 ? index.importedAt : undefined, files };
}

/** Checks every file that is served: present, unchanged, unpacks, has the right signer. */
export async function verifyTree(dataDir: string, options: VerifyOptions): Promise<TreeVerification> {
  const neverStarted = options.operatorCaPem === undefined && (await readPublishedReleases(dataDir)).length === 0;
  const result: TreeVerification = { checked: 0, problems: [], rootUnknown: [], neverStarted };
  const { index, refused } = await readImportedIndex(dataDir);
  if (!neverStarted) {
    await verifyReleases(dataDir, options, result);
    await verifyIdents(dataDir, options, result);
  }
  for (const file of index.files) await verifyImported(dataDir, index, file, options, result);
  for (const entry of refused) result.problems.push(unsafe(entry));
  await findUnlisted(dataDir, index, result);
  return result;
}

/** Offered and not recalled: those that a server leads agents to, by the same rules. */
async function usableReleases(dataDir: string, published: readonly PublishedRelease[]): Promise<PublishedRelease[]> {
  const offers = await readOffers(dataDir);
  return withoutRecalled(dataDir, published).filter(({ release }) => isOffered(offers, release));
}

/** Without any note the server that will make them offers all that is here: it is from before there were any. */
function isOffered(offers: ReadonlyMap<string, Offer>, release: PublishedRelease['release']): boolean {
  if (offers.size === 0) return true;
  return offers.get(nameOf({ kind: kindOf(release), version: release.version }))?.offeredAt !== undefined;
}

function listedImport({ path, sizeBytes, sha256, modified, cabinet }: ImportedFile): ListedFile {
  const signature = cabinet && { signature: cabinet.signature, signer: cabinet.signer };
  const isPing = path.toLowerCase() === 'wutrack.bin';
  const isShared =
    ['iuident.cab', 'selfupdate/wuident.cab'].includes(path.toLowerCase()) || /wuaucomp\.cab$/i.test(path);
  const servedTo = isPing ? 'nobody' : isShared ? 'other-agents' : 'all';
  return { origin: 'imported', path, sizeBytes, sha256, modified, ...signature, servedTo };
}

async function verifyReleases(dataDir: string, options: VerifyOptions, result: TreeVerification): Promise<void> {
  for (const { kind, version } of await releasesIn(releasesFolder(dataDir), [...agentKinds, ...hostKinds])) {
    await verifyOwn(releaseCabinet(dataDir, kind, version), options, result, (bytes) => {
      const release = releaseIn(bytes);
      const contents = extractAll(readCabinet(bytes));
      const wrong = release.files.find(({ name, sha256 }) => {
        const member = contents.get(name.replaceAll('/', '\\')) ?? contents.get(name);
        return !member || sha256Of(member) !== sha256;
      });
      if (release.version !== version || !isOfKind(release, kind)) return 'it is another release';
      return wrong && `${wrong.name} is not the file that release.json lists`;
    });
  }
}

async function verifyIdents(dataDir: string, options: VerifyOptions, result: TreeVerification): Promise<void> {
  const usable = await usableReleases(dataDir, await readPublishedReleases(dataDir));
  const newest = leadRelease(dataDir, usable)?.release.version;
  for (const name of ['iuident', 'wuident'] as const) {
    await verifyOwn(identCabinet(dataDir, name), options, result, (bytes) => {
      const ident = parseIdent(extractMember(readCabinet(bytes), `${name}.txt`));
      if (ident.version === newest) return undefined;
      return `it leads to ${ident.version ?? 'no release'}, the newest is ${newest ?? 'none'}; start the server once`;
    });
  }
}

/** `judge` answers what is wrong with the content of a cabinet that is whole and signed. */
async function verifyOwn(
  file: TreeFile,
  options: VerifyOptions,
  result: TreeVerification,
  judge: (bytes: Buffer) => string | undefined,
): Promise<void> {
  const path = pathOf(file);
  const report = (code: TreeProblem['code'], message: string) => result.problems.push({ path, code, message });
  result.checked++;
  try {
    const bytes = await readTreeFile(file);
    if (!bytes) return void report('MISSING', 'The file is missing; the server makes it at its next start.');
    const trust = {
      trustedCertificatesPem: options.operatorCaPem === undefined ? [] : [options.operatorCaPem],
      now: options.now,
    };
    const { signature, signer } = await checkCabinet(bytes, trust);
    if (signature === 'unsigned') return void report('UNSIGNED', 'It is not signed.');
    if (signature === 'altered') return void report('ALTERED', 'Its signature does not fit its bytes.');
    if (signature !== 'trusted') return void report('UNTRUSTED', `It is signed by ${signer}, not by the operator.`);
    const wrong = judge(bytes);
    if (wrong) report(path.endsWith('ident.cab') ? 'BAD_IDENT' : 'NOT_A_RELEASE', `${wrong}.`);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof DiskError) report('UNSAFE', error.message);
    else report(error instanceof FormatError ? 'DAMAGED' : 'NOT_A_RELEASE', error.message);
  }
}

async function verifyImported(
  dataDir: string,
  index: ImportedIndex,
  file: ImportedFile,
  options: VerifyOptions,
  result: TreeVerification,
): Promise<void> {
  const report = (code: TreeProblem['code'], message: string) =>
    result.problems.push({ path: file.path, code, message });
  const found = await readImported(dataDir, index, file);
  result.checked++;
  if ('problem' in found) return void report(found.problem, found.why);
  if (!file.cabinet) return;
  try {
    const { signature } = await checkCabinet(found.bytes, options);
    if (signature === 'unsigned') report('UNSIGNED', 'It is not signed: no agent takes it.');
    if (signature === 'altered') report('ALTERED', 'Its signature does not fit its bytes: no agent takes it.');
    if (signature === 'intact' || signature === 'unclear') result.rootUnknown.push(file.path);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    report('DAMAGED', error.message);
  }
}

function unsafe({ path, why }: RefusedEntry): TreeProblem {
  const message = `The index lists it, but it is not served: ${why}. Run "moult tree clear", then import the tree again.`;
  return { path, code: 'UNSAFE', message };
}

async function findUnlisted(dataDir: string, index: ImportedIndex, result: TreeVerification): Promise<void> {
  if (index.folder === '') return;
  const folder = join(importedFolder(dataDir), index.folder);
  const listed = new Set(index.files.map(({ path }) => path));
  for (const entry of (await ifThere(readdir(folder, { recursive: true, withFileTypes: true }))) ?? []) {
    const path = relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/');
    if (entry.isDirectory() || listed.has(path)) continue;
    result.problems.push({
      path,
      code: 'UNLISTED',
      message: 'It is in the imported tree but was not imported. It is not served.',
    });
  }
}
