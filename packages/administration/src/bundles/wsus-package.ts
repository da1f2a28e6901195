// A package as `wsusutil export` writes it: a cabinet with metadata.txt, the documents one after the other, and package.xml,
// which names languages, files and updates. Documents are streamed.
import {
  type CatalogIndex,
  largeDocumentCharacters,
  parseUpdateId,
  toRevisionId,
  type UpdateIdentity,
  writeExportHead,
  writeExportRecord,
} from '@moult/catalog';
import { type CabinetSink, type StreamedMember, writeCabinet } from '@moult/formats/cab';
import { escapeAttribute } from '@moult/formats/xml';
import type { Store } from '@moult/store';
import { unpackInPieces } from '@moult/store/catalog';
import { AdministrationError } from '../errors.ts';
import type { ExportedRevision } from './catalog-state.ts';

export interface PackageParts {
  store: Pick<Store, 'loadDocuments' | 'loadPackedDocument' | 'loadFilesByRevision' | 'findContentSources'>;
  index: CatalogIndex;
  /** Type by category. */
  categoryTypes: ReadonlyMap<string, string>;
  languages: readonly PackageLanguage[];
  serverId: string;
  now: Date;
}

export interface PackageLanguage {
  id: number;
  short: string;
  name: string;
  isEnabled: boolean;
}

/** `GUID,revision,length,` in front of a document, and the line end behind it. */
const frameBytes = 36 + 1 + 8 + 1 + 8 + 1 + 2;

/** The bytes that this revision takes in metadata.txt. */
export function recordBytes({ documentBytes }: ExportedRevision): number {
  return documentBytes + frameBytes;
}

/** Writes the package of these revisions, in their order. Throws as writeCabinet does, and what the store throws. */
export async function writePackage(
  sink: CabinetSink,
  revisions: readonly ExportedRevision[],
  parts: PackageParts,
): Promise<number> {
  const description = Buffer.from(await describe(revisions, parts));
  const members: StreamedMember[] = [
    {
      ...{ name: 'metadata.txt', modified: parts.now },
      sizeBytes: revisions.reduce((sum, revision) => sum + recordBytes(revision), 0),
      open: () => records(revisions, parts),
    },
    { name: 'package.xml', modified: parts.now, sizeBytes: description.length, open: () => [description] },
  ];
  // Each in a folder of its own: package.xml is read without unpacking the documents.
  return writeCabinet(sink, members, { folderBytes: 1 });
}

async function* records(
  revisions: readonly ExportedRevision[],
  { store }: Pick<PackageParts, 'store'>,
): AsyncGenerator<Uint8Array> {
  for (const some of batches(revisions)) {
    const whole = some.filter((revision) => !isLarge(revision)).map(({ revisionId }) => revisionId);
    const documents = await store.loadDocuments(whole);
    for (const revision of some) {
      if (isLarge(revision)) yield* largeRecord(revision, store);
      else {
        const xml = documents.get(revision.revisionId) ?? missing(revision);
        yield Buffer.from(writeExportRecord(identityOf(revision), xml));
      }
    }
  }
}

function isLarge({ documentBytes }: ExportedRevision): boolean {
  return documentBytes >= largeDocumentCharacters;
}

/** Unpacked twice: its length comes first, and it is never whole in memory. */
async function* largeRecord(revision: ExportedRevision, store: PackageParts['store']): AsyncGenerator<Uint8Array> {
  const packed = (await store.loadPackedDocument(revision.revisionId)) ?? missing(revision);
  let length = 0;
  for await (const text of unpackInPieces(packed)) length += text.length;
  yield Buffer.from(writeExportHead(identityOf(revision), length));
  for await (const text of unpackInPieces(packed)) yield Buffer.from(text);
  yield Buffer.from('\r\n');
}

function identityOf({ updateId, revisionNumber }: ExportedRevision): UpdateIdentity {
  return { updateId: parseUpdateId(updateId), revisionNumber };
}

function missing({ updateId, revisionNumber }: ExportedRevision): never {
  throw new AdministrationError(
    'SERVER_NOT_FOUND',
    `The document of update ${updateId}@${revisionNumber} is not in the database any more.`,
  );
}

const batchBytes = 8 * 1024 * 1024;
const batchRevisions = 200;

function* batches(revisions: readonly ExportedRevision[]): Generator<ExportedRevision[]> {
  let some: ExportedRevision[] = [];
  let bytes = 0;
  for (const revision of revisions) {
    if (some.length > 0 && (bytes + revision.documentBytes > batchBytes || some.length >= batchRevisions)) {
      yield some;
      some = [];
      bytes = 0;
    }
    some.push(revision);
    bytes += revision.documentBytes;
  }
  if (some.length > 0) yield some;
}

async function describe(revisions: readonly ExportedRevision[], parts: PackageParts): Promise<string> {
  const { serverId, now, languages, store } = parts;
  const updates: string[] = [];
  const files = new Map<string, string>();
  for (const some of batches(revisions)) {
    const found = await store.loadFilesByRevision(some.map(({ revisionId }) => revisionId));
    for (const revision of some) {
      const own = found.get(revision.revisionId) ?? [];
      updates.push(updateElement(revision, own, parts));
      for (const { sha1, fileName } of own) files.set(sha1, fileName);
    }
  }
  const sources = await store.findContentSources([...files.keys()]);
  const attributes = `ServerID="${serverId}" CreationTime="${now.toISOString().slice(0, 19)}Z" FormatVersion="1.0" ProtocolVersion="1.20"`;
  return [
    `<?xml version="1.0" encoding="utf-8"?>\r\n<ExportPackage ${attributes}><Languages>`,
    ...languages.map(languageElement),
    '</Languages><Files>',
    ...[...files].map(([sha1, name]) => fileElement(sha1, name, sources.get(sha1))),
    `</Files><Updates>${updates.join('')}</Updates></ExportPackage>`,
  ].join('');
}

function languageElement({ id, short, name, isEnabled }: PackageLanguage): string {
  const names = `ShortName="${escapeAttribute(short)}" LongName="${escapeAttribute(name)}"`;
  return `<Language Id="${id}" ${names} Enabled="${isEnabled ? 1 : 0}" />`;
}

/** Only files whose address is known, as WSUS has it. */
function fileElement(sha1: string, name: string, source: string | undefined): string {
  if (source === undefined) return '';
  return `<File Digest="${base64Of(sha1)}" MUUrl="${escapeAttribute(source)}" Name="${escapeAttribute(name)}" />`;
}

function updateElement(
  { revisionId, updateId, revisionNumber, updateType }: ExportedRevision,
  files: readonly { sha1: string }[],
  { index, categoryTypes }: PackageParts,
): string {
  const isDecidedOn = updateType === 'Software' || updateType === 'Driver';
  const summary = isDecidedOn ? index.get(toRevisionId(revisionId))?.summary : undefined;
  const categories = (summary?.prerequisiteClauses ?? []).filter(({ isCategory }) => isCategory);
  const ids = [...new Set(categories.flatMap(({ anyOf }) => anyOf))];
  const values = (element: string, types: readonly string[]) =>
    ids
      .filter((id) => types.includes(categoryTypes.get(id) ?? ''))
      .map((id) => `<${element} Value="${id}" />`)
      .join('');
  return (
    `<Update UpdateId="${updateId}" RevisionNumber="${revisionNumber}">` +
    `<Files>${isDecidedOn ? files.map(({ sha1 }) => `<File Digest="${base64Of(sha1)}" />`).join('') : ''}</Files>` +
    `<Categories>${values('Category', ['Product'])}</Categories>` +
    `<Classifications>${values('Classification', ['UpdateClassification'])}</Classifications></Update>`
  );
}

function base64Of(sha1: string): string {
  return Buffer.from(sha1, 'hex').toString('base64');
}
