// One update out of an answer: text, or a cabinet with the document in UTF-16. An error is that of one update, and
// leaves the others alone.
import { largeDocumentCharacters } from '@moult/catalog';
import { type CabinetMember, MemberReader, readCabinet } from '@moult/formats/cab';
import type { ListedIdentity, ServerSyncUpdateData } from '@moult/protocol/server-sync';
import type { PackedRevision, RevisionToImport } from '@moult/store';
import { readLargeRevision, toRevision } from '@moult/store/catalog';
import { refusalOf } from '../imports/found-document.ts';

type ReadUpdate = { revision: RevisionToImport | PackedRevision } | { code: string; message: string };

/** The revision for the store, or why the store cannot keep it. `id` is the update that the upstream was asked for. */
export async function readUpdate(
  id: ListedIdentity,
  data: ServerSyncUpdateData,
  limits: { documentBytes: number },
): Promise<ReadUpdate> {
  const name = `${id.updateId}@${id.revisionNumber}`;
  try {
    const revision = await revisionIn(data, limits);
    if (revision === undefined) return bad(`The upstream server sent no document of update ${name}.`);
    const got = `${revision.updateId}@${revision.revisionNumber}`;
    return got === name ? { revision } : bad(`The upstream server sent update ${got} as ${name}.`);
  } catch (error) {
    return refusalOf(name, error).refused;
  }
}

function bad(message: string): ReadUpdate {
  return { code: 'ADMINISTRATION_UPSTREAM_ANSWER', message };
}

async function revisionIn({ xml, compressed }: ServerSyncUpdateData, { documentBytes }: { documentBytes: number }) {
  if (xml !== undefined && xml !== '')
    return xml.length < largeDocumentCharacters ? toRevision(xml) : large(slices(xml));
  if (compressed === undefined || compressed.length === 0) return undefined;
  const limits = { maxMembers: 16, maxTotalBytes: documentBytes, maxRatio: 100_000 };
  const cabinet = readCabinet(compressed, limits);
  const member = cabinet.members.find((one) => one.name === 'blob') ?? cabinet.members[0];
  if (!member) return undefined;
  const texts = decoded(new MemberReader(cabinet), member);
  return member.sizeBytes < 2 * largeDocumentCharacters ? toRevision([...texts].join('')) : large(texts);
}

async function large(texts: Iterable<string>): Promise<PackedRevision> {
  return (await readLargeRevision(texts)).packed;
}

function* decoded(reader: MemberReader, member: CabinetMember): Generator<string> {
  const decoder = new TextDecoder('utf-16le', { fatal: false });
  for (const piece of reader.read(member)) yield decoder.decode(piece, { stream: true });
  yield decoder.decode();
}

function* slices(text: string): Generator<string> {
  const pieceCharacters = 64 * 1024;
  for (let at = 0; at < text.length; at += pieceCharacters) yield text.slice(at, at + pieceCharacters);
}
