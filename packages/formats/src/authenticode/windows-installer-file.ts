// Signatures on Windows Installer packages and patches (.msi, .msp, .mst). They are OLE files: the PKCS#7 message is
// the stream "\5DigitalSignature" of the root. No published specification describes the digest. These are the rules
// that signtool and osslsigncode agree on (windows-installer-interop.test.ts holds us to the latter):
//
//   digest(storage) = for each child, ordered by the bytes of its name (UTF-16LE): the content of a stream, or
//                     digest(child storage). Then the class id of the storage
//   The two streams of the signature itself, in the root, are left out.
//
// The hard part: this covers contents, not names. Newer signatures begin the digest with one over names, sizes, class
// ids, state bits and times. They keep that one in the stream "\5MsiDigitalSignatureEx". Moult computes it, and never
// takes it from the file. Without it the report says that names are not covered. No digest covers space that no stream
// uses. Data behind the last stream is a finding. Moult does not look into gaps between streams, because writers leave
// old data there.
import { createHash, type Hash } from 'node:crypto';
import {
  type CompoundEntry,
  type CompoundStorage,
  type CompoundStream,
  childCalled,
  readCompoundFile,
  streamBytes,
} from '../compound-file/index.ts';
import type { DigestAlgorithm } from './oids.ts';
import type { SignatureNote } from './report.ts';
import type { InstallerFile, LayoutFinding } from './signed-file.ts';

const signatureName = '\u0005DigitalSignature';
const metadataName = '\u0005MsiDigitalSignatureEx';

/** Opens a Windows Installer file for verifying. Throws FormatError for an OLE file that contradicts itself. */
export function openWindowsInstallerFile(bytes: Uint8Array): InstallerFile {
  const { root, tail } = readCompoundFile(bytes);
  const signature = streamCalled(root, signatureName);
  const metadata = streamCalled(root, metadataName);
  // These two and no others. A second stream of such a name is a place to hide data.
  const covered = { ...root, children: root.children.filter((child) => child !== signature && child !== metadata) };
  return {
    kind: 'windows-installer',
    signatures: signature ? [streamBytes(signature)] : [],
    layout: signature ? tailFindings(tail) : [],
    remarks: signature && !metadata ? [namesNotCovered] : [],
    digest: (algorithm) => digestOf(covered, algorithm, metadata !== undefined),
  };
}

const namesNotCovered: SignatureNote = {
  code: 'SIGNATURE_NOTE_NAMES',
  message: 'The signature covers the contents of the streams, not their names: it has no MsiDigitalSignatureEx.',
};

function streamCalled(root: CompoundStorage, name: string): CompoundStream | undefined {
  const found = childCalled(root, name);
  return found?.kind === 'stream' ? found : undefined;
}

function tailFindings(tail: Uint8Array): LayoutFinding[] {
  if (tail.every((octet) => octet === 0)) return [];
  const message = `${tail.length} bytes follow what belongs to the OLE file; the signature does not cover them.`;
  return [{ code: 'SIGNATURE_APPENDED_DATA', message }];
}

function digestOf(covered: CompoundStorage, algorithm: DigestAlgorithm, coversNames: boolean): Uint8Array {
  const hash = createHash(algorithm);
  if (coversNames) {
    const metadata = createHash(algorithm);
    addMetadata(metadata, covered, true);
    hash.update(metadata.digest());
  }
  addContent(hash, covered);
  return new Uint8Array(hash.digest());
}

function addContent(hash: Hash, storage: CompoundStorage): void {
  for (const child of inOrder(storage)) {
    if (child.kind === 'storage') addContent(hash, child);
    else for (const piece of child.pieces()) hash.update(piece);
  }
  hash.update(storage.classId);
}

function addMetadata(hash: Hash, entry: CompoundEntry, isRoot: boolean): void {
  if (!isRoot) hash.update(entry.rawName);
  if (entry.kind === 'storage') hash.update(entry.classId);
  else hash.update(sizeField(entry.sizeBytes));
  hash.update(entry.stateBits);
  if (!isRoot) hash.update(entry.created).update(entry.modified);
  if (entry.kind === 'storage') for (const child of inOrder(entry)) addMetadata(hash, child, false);
}

/** By the bytes of the names. Of two that begin alike the shorter one first. */
function inOrder({ children }: CompoundStorage): CompoundEntry[] {
  return [...children].sort((a, b) => Buffer.compare(a.rawName, b.rawName));
}

function sizeField(sizeBytes: number): Uint8Array {
  const field = Buffer.alloc(4);
  field.writeUInt32LE(sizeBytes % 2 ** 32);
  return field;
}
