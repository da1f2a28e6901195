// moult publish: a vendor's or an operator's own update, from a YAML file to the catalog and the content store.

import { createHash } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { administrator } from '@moult/administration';
import type { ServerConfig } from '@moult/administration/config';
import { runImport } from '@moult/administration/imports';
import { CatalogError, formatIdentity } from '@moult/catalog';
import {
  buildDocuments,
  type Publication,
  type PublishedFile,
  parsePublication,
  publicationCabinetName,
  publicationId,
} from '@moult/catalog/publication';
import { DiskError, FolderTree, openInside } from '@moult/disk';
import { FormatError } from '@moult/formats';
import { signFile } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';
import { jsonText } from '@moult/formats/text';
import { updatePurpose } from '@moult/protocol/self-update';
import { openLog } from '@moult/server';
import type { Store } from '@moult/store';
import { inspectClock } from '@moult/store/clock';
import { createContentStore } from '@moult/store/content';
import { makePrivateFolder } from '@moult/store/data-dir';
import { loadOrCreateOperatorKeys, signingTimeOf } from '@moult/store/keys';
import type { Command } from 'commander';
import { readNamedFile } from '../files/named-file.ts';
import { type StoreFlags, storeConfig, withStore, withStoreOptions } from '../open-catalog.ts';
import { UsageError } from '../terminal.ts';

interface PublishFlags extends StoreFlags {
  out?: string;
  json?: boolean;
}

interface Payload {
  fileName: string;
  bytes: Uint8Array;
  modified: Date;
}

export function register(program: Command): void {
  withStoreOptions(program.command('publish'))
    .description('publish an update of your own from a YAML file (docs/catalog.md)')
    .argument('<file>', 'the publication')
    .option('--out <dir>', 'write documents and files to this folder instead of the catalog')
    .option('--json', 'print one JSON document')
    .action(publish);
}

async function publish(path: string, flags: PublishFlags): Promise<void> {
  const now = new Date();
  const publication = parsePublication(readNamedFile(path).toString('utf8'));
  const config = storeConfig(flags);
  const payloads = await pack(publication, await readFiles(publication, dirname(resolve(path))), config, now);
  const documents = buildDocuments(publication, payloads.map(toPublished), now);
  if (flags.out === undefined) await putIntoCatalog(flags, publication, { documents, payloads, now });
  else writeOut(flags.out, publication, documents, payloads);
  const identity = { updateId: publicationId(publication), revisionNumber: publication.revision };
  if (flags.json) {
    const files = payloads.map((payload) => ({ fileName: payload.fileName, sizeBytes: payload.bytes.length }));
    console.log(jsonText({ ...identity, title: publication.title, files }));
  } else console.log(`published ${formatIdentity(identity)} "${publication.title}"`);
}

/** Content first: an update whose files are not there yet is never offered. */
async function putIntoCatalog(
  flags: StoreFlags,
  publication: Publication,
  { documents, payloads, now }: { documents: string[]; payloads: Payload[]; now: Date },
): Promise<void> {
  await withStore(flags, { mustExist: false }, async (store, config) => {
    await refuseKnownRevision(store, publication);
    const { log, close } = openLog({ dataDir: config.dataDir, level: config.logLevel, toStdout: false });
    try {
      const content = contentStore(store, config, log);
      for (const { bytes, fileName } of payloads) await content.add(bytes, fileName);
    } finally {
      close();
    }
    const { refusals } = await runImport(store, named(documents), { now: () => now, onProgress: () => undefined });
    const [refusal] = refusals;
    if (refusal) throw Object.assign(new Error(refusal.message), { code: refusal.code });
    const { title, revision } = publication;
    const files = payloads.map(({ fileName }) => fileName);
    const change = { action: 'publish update', subject: publicationId(publication), after: { title, revision, files } };
    await store.recordChange({ name: administrator(), at: now }, change);
  });
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

function contentStore(store: Store, config: ServerConfig, log: ReturnType<typeof openLog>['log']) {
  const folder = config.contentDir ?? join(config.dataDir, 'content');
  return createContentStore({ folder, facts: store, now: () => new Date(), log });
}

function writeOut(folder: string, publication: Publication, documents: string[], payloads: Payload[]): void {
  const tree = new FolderTree(folder);
  try {
    for (const [at, xml] of documents.entries()) {
      tree.write(`${publicationId(publication)}-${publication.revision}-${at + 1}.xml`, Buffer.from(xml));
    }
    for (const { fileName, bytes } of payloads) tree.write(fileName, bytes);
  } finally {
    tree.close();
  }
}

/** What a publication names goes to every computer: it stands beside the publication, or a stranger's could name a key. */
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
    throw new UsageError(`${file} cannot be read: ${why}${remedy}`, { cause });
  }
}

/** Agents take a file only with a signature they trust: the operator's own cabinet has it. */
async function pack(publication: Publication, files: Payload[], config: ServerConfig, now: Date): Promise<Payload[]> {
  if (publication.packaging === 'as-is' || files.length === 0) return files;
  const names = new Set(files.map(({ fileName }) => fileName.toLowerCase()));
  if (names.size < files.length) throw new UsageError('Two files of the publication have the same name.');
  makePrivateFolder(config.dataDir);
  const isClockBelieved = inspectClock(config.dataDir, now).kind === 'right';
  const { signer } = await loadOrCreateOperatorKeys(config.dataDir, { now, isClockBelieved });
  const members = files.map(({ fileName, bytes, modified }) => ({ name: fileName, bytes, modified }));
  const cabinet = createCabinet(members, { compression: 'mszip' });
  const bytes = await signFile(cabinet, signer, {
    now: signingTimeOf(signer, now),
    description: updatePurpose(publication.title),
  });
  return [{ fileName: publicationCabinetName(publication), bytes, modified: now }];
}

function toPublished({ fileName, bytes, modified }: Payload): PublishedFile {
  const digest = (algorithm: string) => createHash(algorithm).update(bytes).digest('base64');
  return { fileName, sha1: digest('sha1'), sha256: digest('sha256'), sizeBytes: bytes.length, modified };
}
