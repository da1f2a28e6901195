// One document of an upstream server, as a WSUS needs it: the one that was asked for, as text or in a cabinet.
import { extractMember, readCabinet } from '@moult/formats/cab';
import type { ServerSyncUpdateData } from '@moult/protocol/server-sync';

export interface DocumentCheck {
  /** The predicate of a sentence about the document. Undefined for a good one. */
  trouble: string | undefined;
  /** SHA-1 digests of its files, in hex. */
  files: string[];
  /** It has an encrypted file. */
  isEncrypted: boolean;
}

/** Checks the document, and what the answer says of it. */
export function troubleIn(data: ServerSyncUpdateData): DocumentCheck {
  const files = data.fileDigests.map((digest) => Buffer.from(digest).toString('hex'));
  try {
    const { xml, compressed } = data;
    const isOnce = (xml === undefined) !== (compressed === undefined);
    const text = isOnce ? (xml ?? unpacked(compressed ?? new Uint8Array())) : '';
    const isEncrypted = /\sIsEncrypted\s*=\s*["'](?:true|1)["']/.test(text);
    return { trouble: isOnce ? troubleOf(text, data) : 'is there twice, or not at all', files, isEncrypted };
  } catch (error) {
    const trouble = `cannot be unpacked: ${error instanceof Error ? error.message : error}`;
    return { trouble, files, isEncrypted: false };
  }
}

function troubleOf(text: string, { id, fileDigests }: ServerSyncUpdateData): string | undefined {
  // The identity is at the head of each document. Real ones have 47 million characters.
  const head = /<(?:[\w.-]+:)?UpdateIdentity\b[^>]{0,500}>/.exec(text.slice(0, 20_000))?.[0] ?? '';
  const updateId = /\sUpdateID\s*=\s*["']([^"']+)/.exec(head)?.[1]?.toLowerCase();
  const revisionNumber = Number(/\sRevisionNumber\s*=\s*["'](\d+)/.exec(head)?.[1]);
  if (!id || updateId !== id.updateId || revisionNumber !== id.revisionNumber)
    return updateId === undefined ? 'has no UpdateIdentity' : `is that of ${updateId}@${revisionNumber}`;
  const wrong = fileDigests.find((digest) => digest.length !== sha1Bytes);
  return wrong ? `has a file digest of ${wrong.length} bytes, and SHA-1 has ${sha1Bytes}` : undefined;
}

function unpacked(bytes: Uint8Array): string {
  const cabinet = readCabinet(bytes, { maxMembers: 16, maxTotalBytes: documentBytes, maxRatio: 100_000 });
  const member = cabinet.members.find(({ name }) => name === 'blob') ?? cabinet.members[0];
  return member ? new TextDecoder('utf-16le').decode(extractMember(cabinet, member.name)) : '';
}

const sha1Bytes = 20;
const documentBytes = 256 * 2 ** 20;
