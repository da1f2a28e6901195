// Publishes an update of a vendor or of the operator: from its YAML file to the catalog and the content store.
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { CatalogError, formatIdentity } from '@moult/catalog';
import {
  buildDocuments,
  type Publication,
  type PublishedFile,
  publicationCabinetName,
  publicationId,
} from '@moult/catalog/publication';
import { DiskError, openInside } from '@moult/disk';
import { FormatError } from '@moult/formats';
import { signFile } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';
import { type InstallerProduct, readInstallerProduct } from '@moult/formats/windows-installer';
import { updatePurpose } from '@moult/protocol/self-update';
import type { Log, Store } from '@moult/store';
import { inspectClock } from '@moult/store/clock';
import { createContentStore } from '@moult/store/content';
import { loadOrCreateOperatorKeys, signingTimeOf } from '@moult/store/keys';
import { AdministrationError } from '../errors.ts';
import { runImport } from '../imports/run-import.ts';
import { isThere } from '../is-there.ts';
import type { Administration, FoundServer } from '../open-server.ts';

interface Payload {
  fileName: string;
  bytes: Uint8Array;
  modified: Date;
}

/** The result of a publication: update documents, and the files that they name. */
export interface PackedPublication {
  documents: string[];
  payloads: Payload[];
}

/**
 * Reads the files of a publication from `folder`, packs and signs them with the server's keys, and writes the
 * documents. The server is asked for only then. Throws AdministrationError ADMINISTRATION_UNREADABLE for a file,
 * ADMINISTRATION_NO_KEYS for a server that was never started.
 */
export async function packPublication(
  publication: Publication,
  { folder, server, now }: { folder: string; server: () => FoundServer; now: Date },
): Promise<PackedPublication> {
  const files = await readFiles(publication, folder);
  const isAsItIs = publication.packaging === 'as-is' || files.length === 0;
  const payloads = isAsItIs ? files : [await packAndSign(publication, files, server(), now)];
  return {
    documents: buildDocuments(publication, payloads.map(toPublished), now, readPackage(publication, files)),
    payloads,
  };
}

/**
 * Puts a packed publication into the catalog. Content first: an update whose files are not there yet is never offered.
 * Throws CatalogError for a revision that is there, and for what the catalog refuses.
 */
export async function publish(
  { store, server, author }: Administration,
  publication: Publication,
  { documents, payloads }: PackedPublication,
  log: Log,
): Promise<void> {
  await refuseKnownRevision(store, publication);
  const content = createContentStore({ folder: server.contentDir, facts: store, now: () => author.at, log });
  for (const { bytes, fileName } of payloads) await content.add(bytes, fileName);
  const { refusals } = await runImport(store, named(documents), { now: () => author.at, onProgress: () => undefined });
  const [refusal] = refusals;
  if (refusal) throw Object.assign(new Error(refusal.message), { code: refusal.code });
  const { title, revision } = publication;
  const files = payloads.map(({ fileName }) => fileName);
  const change = { action: 'publish update', subject: publicationId(publication), after: { title, revision, files } };
  await store.recordChange(author, change);
}

/** The product that the Windows Installer package of a publication names. */
function readPackage({ install, vendor }: Publication, files: readonly Payload[]): InstallerProduct | undefined {
  // A vendor says the product code itself, and a package that bears it may be inside of a larger file.
  if (install?.kind !== 'msi' || vendor) return undefined;
  const wanted = basename(install.msi.replaceAll('\\', '/')).toLowerCase();
  const file = files.find(({ fileName }) => fileName.toLowerCase() === wanted);
  if (!file) return undefined;
  try {
    return readInstallerProduct(file.bytes);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new CatalogError(
      'CATALOG_BAD_PUBLICATION',
      `install.msi: ${file.fileName} cannot be published. ${cause.message}`,
      {
        cause,
      },
    );
  }
}

async function* named(documents: readonly string[]): AsyncGenerator<{ name: string; xml: string }> {
  for (const [at, xml] of documents.entries()) yield { name: `document ${at + 1}`, xml };
}

async function refuseKnownRevision(store: Store, publication: Publication): Promise<void> {
  const updateId = publicationId(publication);
  const revisions = await store.findRevisions(updateId);
  if (!revisions.some(({ revisionNumber }) => revisionNumber === publication.revision)) return;
  const highest = revisions.at(-1)?.revisionNumber ?? publication.revision;
  throw new CatalogError(
    'CATALOG_IDENTITY_CONFLICT',
    `Revision ${publication.revision} of "${publication.title}" is published already. Set "revision: ${highest + 1}" in the publication.`,
    { update: formatIdentity({ updateId, revisionNumber: publication.revision }) },
  );
}

/**
 * The files of a publication go to every computer: it must be beside the publication, or a stranger's could name a key.
 */
async function readFiles({ files }: Publication, folder: string): Promise<Payload[]> {
  const payloads: Payload[] = [];
  for (const file of files) payloads.push(await readFileBeside(folder, file));
  return payloads;
}

async function readFileBeside(folder: string, file: string): Promise<Payload> {
  try {
    const handle = await openInside(folder, file);
    try {
      const [bytes, { mtime: modified }] = [await handle.readFile(), await handle.stat()];
      return { fileName: basename(file.replaceAll('\\', '/')), bytes, modified };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const isOurs = cause instanceof DiskError || cause instanceof FormatError;
    const why = cause instanceof Error ? cause.message : String(cause);
    const remedy = isOurs ? ` Put the file, not a link, into ${folder} or a folder below.` : '';
    throw new AdministrationError('ADMINISTRATION_UNREADABLE', `${file} cannot be read: ${why}${remedy}`, { cause });
  }
}

/** Agents take a file only with a signature they trust: the operator's own cabinet has it. */
async function packAndSign(
  publication: Publication,
  files: Payload[],
  { dataDir }: FoundServer,
  now: Date,
): Promise<Payload> {
  const names = new Set(files.map(({ fileName }) => fileName.toLowerCase()));
  if (names.size < files.length)
    throw new AdministrationError('ADMINISTRATION_UNREADABLE', 'Two files of the publication have the same name.');
  requireKeys(dataDir);
  const isClockBelieved = inspectClock(dataDir, now).kind === 'right';
  const { signer } = await loadOrCreateOperatorKeys(dataDir, { now, isClockBelieved });
  const members = files.map(({ fileName, bytes, modified }) => ({ name: fileName, bytes, modified }));
  const cabinet = createCabinet(members, { compression: 'mszip' });
  const bytes = await signFile(cabinet, signer, {
    now: signingTimeOf(signer, now),
    description: updatePurpose(publication.title),
  });
  return { fileName: publicationCabinetName(publication), bytes, modified: now };
}

/** An authority that agents do not know signs files that no agent takes. */
function requireKeys(dataDir: string): void {
  if (isThere(join(dataDir, 'keys', 'operator-ca.cer.pem'))) return;
  throw new AdministrationError(
    'ADMINISTRATION_NO_KEYS',
    `The server in ${dataDir} has no keys to sign with: its first start makes them.`,
  );
}

function toPublished({ fileName, bytes, modified }: Payload): PublishedFile {
  const digest = (algorithm: string) => createHash(algorithm).update(bytes).digest('base64');
  return { fileName, sha1: digest('sha1'), sha256: digest('sha256'), sizeBytes: bytes.length, modified };
}
