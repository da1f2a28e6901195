// Asks an upstream server for the keys of encrypted files (MS-WSUSSS 3.1.4.18 and 3.2.4.2). A key that is not to be had never
// stops a synchronisation: the file is noted without it, and later runs ask again.
import { decodeSummary } from '@moult/catalog';
import type { ListedIdentity } from '@moult/protocol/server-sync';
import type { EncryptedFile, FileKey, PackedRevision, RevisionToImport } from '@moult/store';
import type { Sealing } from '../sealing.ts';
import { halves, missingIn } from './plan.ts';
import { UpstreamFault, type UpstreamSession } from './session.ts';

export interface KeyQuestions {
  session: UpstreamSession;
  sealing: Sealing;
  /** In one call, as the upstream server says. 0: it knows no keys. */
  maxUpdates: number;
  limits: { updatesPerCall: number; keyBytes: number; refusals: number };
}

type Revision = RevisionToImport | PackedRevision;

/** Files of these revisions whose keys clients need. */
export function encryptedIn(revisions: readonly Revision[]): EncryptedFile[] {
  return revisions.flatMap(({ summary, files }) => {
    const encrypted = files.filter(({ isEncrypted }) => isEncrypted);
    if (encrypted.length === 0) return [];
    const { updateId, revisionNumber } = decodeSummary(summary).identity;
    return encrypted.map(({ sha1 }) => ({ sha1, updateId, revisionNumber }));
  });
}

/** The files, each with its key or without. Files that could not be asked for are left out. Throws what ends a synchronisation. */
export async function fetchKeys(asking: KeyQuestions, files: readonly EncryptedFile[]): Promise<FileKey[]> {
  const { maxUpdates, limits } = asking;
  const ofRevision = Map.groupBy(files, nameOf);
  const identities = [...ofRevision.values()].flatMap(([first]) => (first ? [first] : []));
  const size = Math.min(maxUpdates, limits.updatesPerCall);
  if (size < 1) return files.map((file) => ({ ...file, key: undefined }));
  const keys: FileKey[] = [];
  const note = (asked: readonly EncryptedFile[], found: ReadonlyMap<string, Uint8Array>) => {
    for (const file of asked.flatMap((one) => ofRevision.get(nameOf(one)) ?? []))
      keys.push({ ...file, key: sealed(asking, file, found.get(file.sha1)) });
  };
  const waiting: EncryptedFile[][] = [];
  for (let at = 0; at < identities.length; at += size) waiting.unshift(identities.slice(at, at + size));
  let refusals = 0;
  for (let asked = waiting.pop(); asked; asked = waiting.pop()) {
    const answer = await ask(asking, asked);
    if (!(answer instanceof UpstreamFault)) {
      refusals = 0;
      note(asked, answer);
      continue;
    }
    const isOfRevisions = answer.code === 'InternalServerError' || answer.code === 'InvalidParameters';
    if (!isOfRevisions || ++refusals > limits.refusals) break;
    const named = new Set(missingIn(answer.message, asked).map(nameOf));
    const missing = asked.filter((one) => named.has(nameOf(one)));
    const others = asked.filter((one) => !named.has(nameOf(one)));
    if (missing.length > 0 || asked.length === 1) note(asked.length === 1 ? asked : missing, new Map());
    if (missing.length > 0 && others.length > 0) waiting.push(others);
    else if (missing.length === 0 && asked.length > 1) waiting.push(...halves(asked).reverse());
  }
  return keys;
}

/** SHA-1 (lower-case hex) → key. An upstream that says it is another one ends the synchronisation. */
async function ask(
  { session }: KeyQuestions,
  asked: readonly ListedIdentity[],
): Promise<Map<string, Uint8Array> | UpstreamFault> {
  try {
    const updateIds = asked.map(({ updateId, revisionNumber }) => ({ updateId, revisionNumber }));
    const { updates } = await session.call('GetUpdateDecryptionData', { updateIds });
    const found = new Map<string, Uint8Array>();
    for (const { fileDigest, decryptionKey } of updates.flatMap((update) => update.files))
      if (fileDigest && decryptionKey) found.set(Buffer.from(fileDigest).toString('hex'), decryptionKey);
    return found;
  } catch (error) {
    if (error instanceof UpstreamFault && error.code !== 'ServerChanged') return error;
    throw error;
  }
}

/** Undefined for a key without bytes, or with more than any client knows. */
function sealed({ sealing, limits }: KeyQuestions, { sha1 }: EncryptedFile, key: Uint8Array | undefined) {
  if (!key || key.length === 0 || key.length > limits.keyBytes) return undefined;
  return { text: sealing.seal(key, sha1), with: sealing.id };
}

function nameOf({ updateId, revisionNumber }: ListedIdentity): string {
  return `${updateId}@${revisionNumber}`;
}
