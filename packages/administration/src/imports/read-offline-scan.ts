// An offline scan file: each nested cabinet holds all fragments of a range of revisions. One nested cabinet at a time
// is spooled to a temporary file. Only one portion of its fragments is in memory, so any size of file takes the same
// memory. Several passes over a cabinet cost time only where it holds more than one portion.

import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  CatalogError,
  type DocumentText,
  DocumentTextBuilder,
  decodeDocument,
  largeDocumentCharacters,
  type OfflineFragments,
  offlineMember,
  rebuildDocument,
  rebuildLargeDocument,
} from '@moult/catalog';
import { temporaryFolder } from '@moult/disk';
import { byPlace, type Cabinet, type CabinetMember, MemberReader, readCabinetFrom } from '@moult/formats/cab';
import { packageLimits } from './bounds.ts';
import { openFileSource } from './file-source.ts';
import { type FoundDocument, foundText, refusalOf } from './found-document.ts';
import { isNestedPackage } from './package-cabinet.ts';
import { decodedPieces } from './read-text.ts';

const portionBytes = 64 * 1024 * 1024;

/**
 * The documents of an opened offline scan file: in its nested cabinets, and in itself, as small ones have them. Damage
 * in one nested cabinet does not end the others.
 */
export async function* readOfflineScan(name: string, outer: Cabinet): AsyncGenerator<FoundDocument> {
  yield* readFragments(name, outer);
  const folder = temporaryFolder('moult-offline-scan');
  try {
    const reader = new MemberReader(outer);
    for (const member of outer.members.filter((one) => isNestedPackage(one.name)).sort(byPlace)) {
      yield* readNested(`${name}/${member.name}`, reader.read(member), join(folder, 'nested.cab'));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function* readNested(name: string, pieces: Iterable<Uint8Array>, path: string): Generator<FoundDocument> {
  try {
    spool(pieces, path);
    const file = openFileSource(path);
    try {
      yield* readFragments(name, readCabinetFrom(file, { limits: packageLimits }));
    } finally {
      file.close();
    }
  } catch (error) {
    yield refusalOf(name, error);
  }
}

/** Writes what comes in pieces to a new file at `path`. */
export function spool(pieces: Iterable<Uint8Array>, path: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    for (const piece of pieces) for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at);
  } finally {
    closeSync(file);
  }
}

function* readFragments(name: string, cabinet: Cabinet): Generator<FoundDocument> {
  for (const portion of portions(cabinet)) {
    const revisions = new Map<string, FoundFragments>();
    const reader = new MemberReader(cabinet);
    for (const member of portion.sort(byPlace)) addFragment(revisions, member, reader.read(member));
    for (const [revisionId, fragments] of revisions) yield rebuilt(`${name}#${revisionId}`, fragments);
  }
}

/** As they were found: a large Core is packed. */
type FoundFragments = Omit<OfflineFragments, 'core'> & { core: DocumentText };

function rebuilt(name: string, fragments: FoundFragments): FoundDocument {
  try {
    if (fragments.core === '') throw new CatalogError('CATALOG_BAD_PACKAGE', `${name} has no Core fragment.`);
    const { core, ...others } = fragments;
    if (typeof core === 'string') return { name, xml: rebuildDocument({ core, ...others }) };
    return foundText(name, rebuildLargeDocument(core, others));
  } catch (error) {
    return refusalOf(name, error);
  }
}

/** Members by whole revisions, as many as fit one portion. */
function portions(cabinet: Cabinet): CabinetMember[][] {
  const byRevision = new Map<string, CabinetMember[]>();
  for (const member of cabinet.members) {
    const place = offlineMember(member.name);
    if (!place) continue;
    const members = byRevision.get(place.revisionId);
    if (members) members.push(member);
    else byRevision.set(place.revisionId, [member]);
  }
  const found: CabinetMember[][] = [];
  let held = Number.POSITIVE_INFINITY;
  for (const members of byRevision.values()) {
    const size = members.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (held + size > portionBytes) {
      found.push([]);
      held = 0;
    }
    found.at(-1)?.push(...members);
    held += size;
  }
  return found;
}

function addFragment(
  revisions: Map<string, FoundFragments>,
  member: CabinetMember,
  pieces: Iterable<Uint8Array>,
): void {
  const place = offlineMember(member.name);
  if (!place) return;
  const fragments = revisions.get(place.revisionId) ?? { core: '', extended: undefined, localized: [], eula: [] };
  revisions.set(place.revisionId, fragments);
  const isLarge = place.kind === 'core' && member.sizeBytes >= largeDocumentCharacters;
  if (isLarge) {
    fragments.core = decodeLarge(pieces);
    return;
  }
  const text = decodeDocument(Buffer.concat(Array.from(pieces, (piece) => piece.slice())));
  if (place.kind === 'core') fragments.core = text;
  else if (place.kind === 'extended') fragments.extended = text;
  else fragments[place.kind].push(text);
}

/** Decodes a large fragment piece by piece, and holds it packed. */
function decodeLarge(pieces: Iterable<Uint8Array>): DocumentText {
  const packed = new DocumentTextBuilder();
  for (const text of decodedPieces(pieces)) packed.put(text);
  return packed.take();
}
