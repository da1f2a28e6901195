// A file that can carry an Authenticode signature: which of its bytes the signature covers, where the signature lies,
// and how a new one is put in. One implementation per container. Everything else in this folder is the same for all.
import { createHash } from 'node:crypto';
import type { DigestAlgorithm } from './oids.ts';
import type { SignatureNote } from './report.ts';

export type SignedFileKind = 'cabinet' | 'portable-executable' | 'windows-installer' | 'catalog';

/** A fault of the container that its signature does not protect. */
export interface LayoutFinding {
  code: 'SIGNATURE_BAD_LAYOUT' | 'SIGNATURE_APPENDED_DATA';
  message: string;
}

interface SignedFileFacts {
  /** PKCS#7 messages as they lie in the file, alignment included. None in an unsigned file. */
  readonly signatures: readonly Uint8Array[];
  readonly layout: readonly LayoutFinding[];
  /** Oddities that say nothing about trust. */
  readonly remarks: readonly SignatureNote[];
}

/** A file whose signature says its digest. */
export interface DigestedFile extends SignedFileFacts {
  readonly kind: 'cabinet' | 'portable-executable';
  /** The file's digest as Authenticode defines it for this kind of container. */
  digest(algorithm: DigestAlgorithm): Uint8Array;
  /** A copy made ready for a new signature. Any present one is dropped. Throws FormatError where none can go. */
  prepare(): PreparedFile;
}

/** A Windows Installer package or patch: its signature says its digest, and is not made here. */
export interface InstallerFile extends SignedFileFacts {
  readonly kind: 'windows-installer';
  digest(algorithm: DigestAlgorithm): Uint8Array;
}

/** A catalog: what is signed is inside the signature. */
export interface CatalogFile extends SignedFileFacts {
  readonly kind: 'catalog';
  /** `list` is the DER of the content to sign. */
  prepare(): { list: Uint8Array; withSignature(signature: Uint8Array): Uint8Array };
}

export type SignedFile = DigestedFile | InstallerFile | CatalogFile;

export interface PreparedFile {
  digest(algorithm: DigestAlgorithm): Uint8Array;
  /** The whole signed file. `signature` is the DER of the PKCS#7 message. */
  withSignature(signature: Uint8Array): Uint8Array;
}

/** Digest over pieces of a file, in order. */
export function digestPieces(algorithm: DigestAlgorithm, pieces: readonly Uint8Array[]): Uint8Array {
  const hash = createHash(algorithm);
  for (const piece of pieces) hash.update(piece);
  return new Uint8Array(hash.digest());
}

/**
 * A copy filled up with zeros to a multiple of eight bytes. Microsoft's tools fill up signatures so, and the files
 * before them.
 */
export function alignToEight(bytes: Uint8Array): Uint8Array {
  const aligned = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
  aligned.set(bytes);
  return aligned;
}
