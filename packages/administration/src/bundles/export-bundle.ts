// A bundle for a server in another network: documents, files of updates, groups and decisions, signed by this operator.
import { randomUUID } from 'node:crypto';
import { findSetAside, formatIdentity } from '@moult/catalog';
import { isForShare } from '@moult/catalog/holds';
import { allComputers, type Store, unassignedComputers } from '@moult/store';
import { relativePath } from '@moult/store/content';
import { withDiskTrouble } from '@moult/store/data-dir';
import { serverVersion } from '@moult/store/version';
import { AdministrationError } from '../errors.ts';
import { loadIndex } from '../imports/load-index.ts';
import type { Administration } from '../open-server.ts';
import { createSigner } from '../signed-text/index.ts';
import { loadOfferedLanguages } from '../synchronisation/languages.ts';
import { bundleBounds } from './bounds.ts';
import { BundleFolder, digestInside } from './bundle-folder.ts';
import { keysFor } from './bundle-keys.ts';
import { type CatalogContents, type ExportedRevision, readContents } from './catalog-state.ts';
import {
  type Bundle,
  type BundleContent,
  bundleFormat,
  bundleName,
  type CatalogState,
  signatureName,
} from './format.ts';
import { needsFirst } from './needs-first.ts';
import { type PackageLanguage, type PackageParts, recordBytes, writePackage } from './wsus-package.ts';

export interface ExportOptions {
  /** The state of the other side. Undefined: it has nothing. */
  since?: CatalogState | undefined;
  /** SHA-1 of files that the other side has. */
  known?: ReadonlySet<string>;
  /** Which files of updates: of approved ones, all, or none. */
  content: 'approved' | 'all' | 'none';
  /** Keys of encrypted files go with it, readable for whoever has the bundle. */
  withKeys?: boolean;
  onProgress?(progress: { step: 'documents' | 'content'; done: number; of: number }): void;
}

export interface ExportedBundle {
  bundleId: string;
  /** SHA-256 of the authority that signed. */
  authority: string;
  documents: number;
  packages: number;
  files: number;
  bytes: number;
  groups: number;
  decisions: number;
  declined: number;
  /** Keys of encrypted files that are in it, and encrypted files whose keys are not. */
  keys: number;
  withoutKey: number;
  /** Files that are not in it, each with the reason. */
  missing: { sha1: string; fileName: string | undefined; because: 'not here' | 'damaged' }[];
}

/**
 * Writes a bundle into `folder`. An export that was interrupted is continued by the same call. Throws AdministrationError
 * ADMINISTRATION_NO_KEYS, ADMINISTRATION_BUNDLE_FOLDER, ADMINISTRATION_BUNDLE_STATE, ServerError SERVER_DISK_FULL, and what
 * the store throws.
 */
export async function exportBundle(
  administration: Administration,
  folder: string,
  options: ExportOptions,
): Promise<ExportedBundle> {
  const signer = await createSigner(administration);
  return withDiskTrouble(`The bundle cannot be written into ${folder}`, async () => {
    const target = new BundleFolder(folder);
    try {
      return await writeBundle(administration, target, signer, options);
    } finally {
      target.close();
    }
  });
}

async function writeBundle(
  administration: Administration,
  target: BundleFolder,
  signer: Awaited<ReturnType<typeof createSigner>>,
  options: ExportOptions,
): Promise<ExportedBundle> {
  const { store, server, author } = administration;
  target.remove(signatureName);
  const contents = await readContents(store, options.since);
  if (!contents) throw otherState();
  const parts = await packagePartsOf({ store, author }, contents.categoryTypes);
  const { index, languages } = parts;
  const packages = await writePackages(target, needsFirst(contents.revisions, index), parts, options);
  const { content, missing } = await copyContent(store, server.contentDir, target, options);
  const bundle: Bundle = {
    ...{ format: bundleFormat, bundleId: randomUUID(), madeAt: author.at.toISOString(), madeBy: serverVersion },
    ...{ ...(options.since && { since: options.since }), state: contents.state, packages, content },
    waiting: findSetAside(index).map(({ identity }) => formatIdentity(identity)),
    missing: missing.length,
    languages: languages.filter(({ id, isEnabled }) => isEnabled && id !== 0).map(({ id }) => id),
    ...(await decisionsIn(store, contents)),
    ...(await keysFor(administration, options.withKeys === true)),
  };
  const text = Buffer.from(`${JSON.stringify(bundle)}\n`);
  await target.write(bundleName, text);
  const signature = Buffer.from(`${JSON.stringify(signer.sign(text), undefined, 2)}\n`);
  await target.write(signatureName, signature);
  target.finish();
  return {
    ...{ bundleId: bundle.bundleId, authority: signer.authority, documents: contents.revisions.length },
    ...{ packages: packages.length, files: content.length, missing, groups: bundle.groups.length },
    bytes: [...packages, ...content].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    ...{ decisions: bundle.decisions.length, declined: bundle.declined.length },
    ...{ keys: bundle.keys?.length ?? 0, withoutKey: bundle.withoutKey ?? 0 },
  };
}

/** The facts in a package beside its documents. */
export async function packagePartsOf(
  { store, author }: Pick<Administration, 'store' | 'author'>,
  categoryTypes: ReadonlyMap<string, string>,
): Promise<PackageParts> {
  return {
    ...{ store, now: author.at, categoryTypes },
    ...{ index: await loadIndex(store), languages: await languagesOf(store) },
    serverId: (await store.reloadServerIdentity()).serverId ?? randomUUID(),
  };
}

function otherState(): AdministrationError {
  return new AdministrationError(
    'ADMINISTRATION_BUNDLE_STATE',
    'The acknowledgement is not of a catalog that this server ever had: it was restored since, or the bundle was of another server. Export everything.',
  );
}

async function writePackages(
  target: BundleFolder,
  revisions: readonly ExportedRevision[],
  parts: PackageParts,
  { onProgress }: ExportOptions,
): Promise<Bundle['packages']> {
  const packages: Bundle['packages'] = [];
  let done = 0;
  for (const some of byPackage(revisions)) {
    const name = `updates-${String(packages.length + 1).padStart(4, '0')}.cab`;
    await target.stream(name, async (write) => {
      await writePackage({ write: async (offset, bytes) => write(bytes, offset) }, some, parts);
      return true;
    });
    const written = await target.find(name);
    if (!written) throw new Error(`${name} is gone.`);
    packages.push({ name, ...written, documents: some.length });
    done += some.length;
    onProgress?.({ step: 'documents', done, of: revisions.length });
  }
  return packages;
}

function* byPackage(revisions: readonly ExportedRevision[]): Generator<ExportedRevision[]> {
  let some: ExportedRevision[] = [];
  let bytes = 0;
  for (const revision of revisions) {
    const added = recordBytes(revision);
    if (some.length > 0 && bytes + added > bundleBounds.packageBytes) {
      yield some;
      some = [];
      bytes = 0;
    }
    some.push(revision);
    bytes += added;
  }
  if (some.length > 0) yield some;
}

async function copyContent(
  store: Store,
  contentDir: string,
  target: BundleFolder,
  { content: which, known, onProgress }: ExportOptions,
): Promise<{ content: BundleContent[]; missing: ExportedBundle['missing'] }> {
  const content: BundleContent[] = [];
  const missing: ExportedBundle['missing'] = [];
  if (which === 'none') return { content, missing };
  const wanted = (await store.listContent()).filter(
    ({ sha1, isApproved, fileName }) => fileName !== undefined && !known?.has(sha1) && (which === 'all' || isApproved),
  );
  for (const [at, { sha1, fileName, state }] of wanted.entries()) {
    const file = state === 'present' ? await store.findContentFile(sha1) : undefined;
    if (!file) missing.push({ sha1, fileName, because: state === 'damaged' ? 'damaged' : 'not here' });
    else {
      const { sha256, sizeBytes, extension } = file;
      const one = { sha1, sha256, sizeBytes, extension };
      if (await copyFile(contentDir, target, one)) content.push(one);
      else missing.push({ sha1, fileName, because: 'damaged' });
    }
    onProgress?.({ step: 'content', done: at + 1, of: wanted.length });
  }
  return { content, missing };
}

/** False when the file is not the one that the database knows. One that an earlier attempt copied stays. */
async function copyFile(contentDir: string, target: BundleFolder, file: BundleContent): Promise<boolean> {
  const name = relativePath(file.sha1, file.extension);
  const isWhole = (found: { sizeBytes: number; sha256: string } | undefined) =>
    found?.sizeBytes === file.sizeBytes && found.sha256 === file.sha256;
  if (isWhole(await target.find(`content/${name}`))) return true;
  // Read once: a file that turns out damaged gets no name in the bundle.
  return target.stream(`content/${name}`, async (write) => isWhole(await digestInside(contentDir, name, write)));
}

/** Decisions on updates and for groups that came since those were listed are left out: no server takes such a bundle in. */
async function decisionsIn(
  store: Store,
  { updateIds }: CatalogContents,
): Promise<Pick<Bundle, 'groups' | 'decisions' | 'declined'>> {
  const zones = await store.loadTimeZones();
  const groups = (await store.loadGroups())
    .filter(({ groupId }) => groupId !== allComputers && groupId !== unassignedComputers)
    .map(({ groupId, name, parentId }) => {
      const timeZone = zones.get(groupId);
      return {
        groupId,
        name,
        ...(parentId !== undefined && { parentId }),
        ...(timeZone !== undefined && { timeZone }),
      };
    });
  const groupIds = new Set([allComputers, unassignedComputers, ...groups.map(({ groupId }) => groupId)]);
  const shares = await store.loadShares();
  const decisions = (await store.loadDeployments())
    .filter(({ updateId, groupId }) => updateIds.has(updateId) && groupIds.has(groupId))
    // Rings mean a part of all computers here. In the other network it is for all.
    .filter((decision) => !isForShare(decision, shares))
    .map(({ updateId, groupId, action, deadline }) => {
      return { updateId, groupId, action, ...(deadline && { deadline: deadline.toISOString() }) };
    });
  const declined = (await store.loadDeclined()).filter((updateId) => updateIds.has(updateId));
  return { groups, decisions, declined };
}

/** As the upstream named them. Without a choice, all are. */
async function languagesOf(store: Store): Promise<PackageLanguage[]> {
  const chosen = new Set((await store.loadSyncChoices()).flatMap(({ kind, id }) => (kind === 'language' ? [id] : [])));
  const offered = await loadOfferedLanguages(store);
  const named = offered.map((one) => ({ ...one, isEnabled: chosen.has(String(one.id)) }));
  const unnamed = [...chosen]
    .filter((id) => !offered.some((one) => String(one.id) === id))
    .map((id) => ({ id: Number(id), short: id, name: id, isEnabled: true }));
  return [{ id: 0, short: 'all', name: 'all languages', isEnabled: chosen.size === 0 }, ...named, ...unnamed];
}
