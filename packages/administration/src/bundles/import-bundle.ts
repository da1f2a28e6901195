// Takes a bundle of another network in: files first, then documents, then all decisions in one transaction. So an update is
// offered only when its files are here. Interrupted anywhere, the same call continues.
import { createHash } from 'node:crypto';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openInside, systemCodeOf, temporaryFolder } from '@moult/disk';
import type { Log, TakenOver, WantedState } from '@moult/store';
import { type ContentStore, createContentStore, relativePath } from '@moult/store/content';
import { withDiskTrouble } from '@moult/store/data-dir';
import { contentBounds } from '../bounds.ts';
import { roomIn } from '../content-fetch/fetch-content.ts';
import { holdAlone } from '../content-fetch/one-at-a-time.ts';
import { AdministrationError } from '../errors.ts';
import type { FoundDocument } from '../imports/found-document.ts';
import { importUpdates } from '../imports/import-updates.ts';
import { readCabinetFile } from '../imports/read-cabinet.ts';
import type { Administration } from '../open-server.ts';
import { requireAutonomous } from '../role.ts';
import { bundleBounds } from './bounds.ts';
import { digestInside } from './bundle-folder.ts';
import { takeKeys } from './bundle-keys.ts';
import { type CheckedDocuments, checkDocuments } from './check-documents.ts';
import type { Bundle, BundleContent } from './format.ts';
import { damaged, type KnownSource, readBundle, type SignedBundle, settingOf } from './read-bundle.ts';

export interface ImportBundleOptions {
  /** SHA-256 of the authority of another operator, for its first bundle. */
  trust?: string | undefined;
  /** Checks everything, and changes nothing. */
  isDryRun: boolean;
  log: Log;
  onProgress?(progress: { step: 'content' | 'documents'; done: number; of: number }): void;
}

export interface ImportedBundle {
  isDryRun: boolean;
  bundleId: string;
  madeAt: string;
  authority: string;
  documents: { new: number; unchanged: number };
  files: { new: number; unchanged: number; bytes: number };
  /** Files of approved updates that the exporting server did not have. */
  missing: number;
  /** Keys of encrypted files that are in the bundle, and encrypted files whose keys are not. */
  keys: number;
  withoutKey: number;
  /** Decisions whose deadline is over: computers that need such an update install it at their next contact. */
  deadlinesOver: number;
  decisions: Omit<TakenOver, 'kept'>;
  /** Decisions of this server that stay, the first ones by name. */
  kept: TakenOver['kept'];
  keptInAll: number;
}

/**
 * Takes the bundle in `folder` in. Everything is checked before anything changes. Throws AdministrationError
 * ADMINISTRATION_BUNDLE_DAMAGED, ADMINISTRATION_BUNDLE_SIGNER, ADMINISTRATION_BUNDLE_STATE, ADMINISTRATION_BUNDLE_UNFIT,
 * ADMINISTRATION_CONTENT_ROOM, ServerError SERVER_DISK_FULL, SERVER_REFUSED while files are fetched, and what the store throws.
 */
export async function importBundle(
  administration: Administration,
  folder: string,
  options: ImportBundleOptions,
): Promise<ImportedBundle> {
  await requireAutonomous(administration);
  const signed = await readBundle(administration, folder, options.trust);
  const copies = temporaryFolder('moult-bundle');
  try {
    return await withDiskTrouble(`The bundle cannot be taken in. Its packages are copied into ${copies}`, () =>
      new BundleImport(administration, { folder, copies, signed, options }).run(),
    );
  } finally {
    rmSync(copies, { recursive: true, force: true });
  }
}

interface ImportParts {
  folder: string;
  /** Packages are copied there when they are checked: what was checked is what is taken in. */
  copies: string;
  signed: SignedBundle;
  options: ImportBundleOptions;
}

class BundleImport {
  readonly #administration: Administration;
  readonly #parts: ImportParts;

  constructor(administration: Administration, parts: ImportParts) {
    this.#administration = administration;
    this.#parts = parts;
  }

  async run(): Promise<ImportedBundle> {
    const { store, author } = this.#administration;
    const { signed, options } = this.#parts;
    const { bundle, authority } = signed;
    const fresh = await this.#newContent();
    await this.#copyPackages();
    const checked = await checkDocuments(store, this.#documents(), bundle.waiting);
    const wanted = wantedState(signed, checked);
    if (options.isDryRun) {
      for (const file of fresh) await this.#checkContent(file);
      return this.#report(fresh, checked, await store.takeOver(wanted, author, { isDryRun: true }));
    }
    await this.#takeContent(fresh);
    await takeKeys(this.#administration, bundle);
    const imported = await importUpdates(
      this.#administration,
      this.#documents(),
      ({ new: added, changed, unchanged }) =>
        options.onProgress?.({ step: 'documents', done: added + changed + unchanged, of: documentsOf(bundle) }),
    );
    const [refused] = imported.refusals;
    if (refused) throw damaged(`${refused.document}: ${refused.message}`);
    const taken = await store.takeOver(wanted, author);
    const after = { authority, madeAt: bundle.madeAt, documents: checked.new, files: fresh.length };
    await store.recordChange(author, { action: 'import bundle', subject: bundle.bundleId, after });
    return this.#report(fresh, checked, taken);
  }

  /** Files that are not here. Throws ADMINISTRATION_CONTENT_ROOM when they do not fit. */
  async #newContent(): Promise<BundleContent[]> {
    const { store, server } = this.#administration;
    const present = (await store.listContent()).filter(({ state }) => state === 'present');
    const known = new Set(present.map(({ sha1 }) => sha1));
    const fresh = this.#parts.signed.bundle.content.filter(({ sha1 }) => !known.has(sha1));
    if (fresh.length === 0) return fresh;
    const presentBytes = present.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const wantedBytes = bytesOf(fresh);
    const room = await roomIn(server.contentDir, server.config, presentBytes);
    if (wantedBytes <= room) return fresh;
    const text = `The files of the bundle take ${wantedBytes} bytes, and there is room for ${Math.max(0, Math.floor(room))}: see content-quota-mib and the free space of the disk. Nothing was changed.`;
    throw new AdministrationError('ADMINISTRATION_CONTENT_ROOM', text);
  }

  async #copyPackages(): Promise<void> {
    const { folder, copies, signed } = this.#parts;
    for (const { name, sizeBytes, sha256 } of signed.bundle.packages) {
      const copy = openSync(join(copies, name), 'wx', 0o600);
      try {
        const found = await readMember(folder, name, sizeBytes, (piece) => {
          for (let at = 0; at < piece.length; ) at += writeSync(copy, piece, at);
        });
        if (found !== sha256) throw damaged(`${name} is not the file that the bundle was signed with.`);
      } finally {
        closeSync(copy);
      }
    }
  }

  async *#documents(): AsyncGenerator<FoundDocument> {
    const { copies, signed } = this.#parts;
    for (const { name } of signed.bundle.packages) yield* readCabinetFile(name, join(copies, name));
  }

  async #checkContent({ sha1, sha256, sizeBytes, extension }: BundleContent): Promise<void> {
    const name = `content/${relativePath(sha1, extension)}`;
    const found = await digestInside(this.#parts.folder, name);
    if (!found) throw damaged(`It has no ${name}.`);
    if (found.sizeBytes !== sizeBytes || found.sha256 !== sha256)
      throw damaged(`${name} is not the file that the bundle was signed with.`);
  }

  async #takeContent(fresh: readonly BundleContent[]): Promise<void> {
    const [first] = fresh;
    if (!first) return;
    const { store, server } = this.#administration;
    const { log, onProgress } = this.#parts.options;
    const files = createContentStore({ folder: server.contentDir, facts: store, now: () => new Date(), log });
    const held = await holdAlone(join(dirname(await files.partOf(first.sha1)), 'owner'), contentBounds);
    try {
      for (const [at, file] of fresh.entries()) {
        await this.#takeFile(files, file);
        onProgress?.({ step: 'content', done: at + 1, of: fresh.length });
      }
    } finally {
      await held.release();
    }
  }

  async #takeFile(files: ContentStore, { sha1, sha256, sizeBytes, extension }: BundleContent): Promise<void> {
    const name = `content/${relativePath(sha1, extension)}`;
    const part = await open(await files.partOf(sha1), 'w', 0o600);
    try {
      const found = await readMember(this.#parts.folder, name, sizeBytes, (piece) => part.writeFile(piece));
      if (found !== sha256) throw damaged(`${name} is not the file that the bundle was signed with.`);
    } finally {
      await part.close();
    }
    const taken = await files.takePart(sha1, { sha256, sizeBytes, fileName: `${sha1}${extension}` });
    if (taken.kind === 'refused') throw damaged(`${name}: ${taken.because}.`);
  }

  #report(fresh: readonly BundleContent[], checked: CheckedDocuments, taken: TakenOver): ImportedBundle {
    const { signed, options } = this.#parts;
    const { bundleId, madeAt, content, missing } = signed.bundle;
    const { kept, ...decisions } = taken;
    const now = this.#administration.author.at;
    const isOver = ({ deadline }: { deadline?: string | undefined }) =>
      deadline !== undefined && new Date(deadline) < now;
    return {
      ...{ isDryRun: options.isDryRun, bundleId, madeAt, authority: signed.authority, missing, decisions },
      ...{ keys: signed.bundle.keys?.length ?? 0, withoutKey: signed.bundle.withoutKey ?? 0 },
      documents: { new: checked.new, unchanged: checked.unchanged },
      deadlinesOver: signed.bundle.decisions.filter(isOver).length,
      files: { new: fresh.length, unchanged: content.length - fresh.length, bytes: bytesOf(fresh) },
      ...{ kept: kept.slice(0, bundleBounds.maxNamed), keptInAll: kept.length },
    };
  }
}

/** Gives `take` the bytes of a file of the bundle, and answers their SHA-256. A file of another size is refused. */
async function readMember(
  folder: string,
  name: string,
  sizeBytes: number,
  take: (piece: Buffer) => void | Promise<void>,
): Promise<string> {
  const handle = await openInside(folder, name).catch((error: unknown) => {
    throw systemCodeOf(error) === 'ENOENT' ? damaged(`It has no ${name}.`) : error;
  });
  try {
    const hash = createHash('sha256');
    let read = 0;
    for await (const piece of handle.createReadStream({ autoClose: false, highWaterMark: 1 << 20 })) {
      read += (piece as Buffer).length;
      if (read > sizeBytes) break;
      hash.update(piece as Buffer);
      await take(piece as Buffer);
    }
    if (read !== sizeBytes) throw damaged(`${name} is not the file that the bundle was signed with.`);
    return hash.digest('hex');
  } finally {
    await handle.close();
  }
}

function wantedState({ bundle, authority, known }: SignedBundle, { updateIds }: CheckedDocuments): WantedState {
  const { bundleId, madeAt, state, groups } = bundle;
  const formerGroups = known.last?.groups ?? [];
  // Also those of before: one that could not be removed may go with a later bundle.
  const ids = [...new Set([...groups.map(({ groupId }) => groupId), ...formerGroups])];
  const last: KnownSource['last'] = { bundleId, madeAt, state, groups: ids };
  return {
    ...{ source: `bundle:${authority}`, groups: groups.map(groupOf), formerGroups },
    decisions: bundle.decisions.map((one) => ({ ...one, deadline: one.deadline ? new Date(one.deadline) : undefined })),
    declined: bundle.declined,
    settings: [{ name: settingOf(authority), value: JSON.stringify({ last }) }],
    coming: updateIds,
  };
}

function groupOf({ groupId, name, parentId, timeZone }: Bundle['groups'][number]): WantedState['groups'][number] {
  return { groupId, name, parentId, timeZone };
}

function documentsOf({ packages }: Bundle): number {
  return packages.reduce((sum, { documents }) => sum + documents, 0);
}

function bytesOf(content: readonly BundleContent[]): number {
  return content.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
