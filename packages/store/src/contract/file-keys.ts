// The contract for the keys of encrypted files. The store gets keys sealed, and opens none.
import type { UpdateIdentity } from '@moult/catalog';

/** A file that its publisher encrypted, and a revision that has it. */
export interface EncryptedFile extends UpdateIdentity {
  /** Lower-case hex. */
  sha1: string;
}

export interface SealedKey {
  text: string;
  /** Names the key that seals. */
  with: string;
}

export interface FileKey extends EncryptedFile {
  /** Undefined: an upstream server was asked, and did not give it. */
  key: SealedKey | undefined;
}

export interface FileKeyCounts {
  /** Encrypted files of the catalog. */
  encrypted: number;
  /** Of them without a key that `sealedWith` opens. */
  missing: number;
}

export interface FileKeys {
  /** Which of these files (SHA-1, lower-case hex) are encrypted, with their keys as far as they are here. */
  findFileKeys(sha1s: readonly string[]): Promise<Map<string, SealedKey | undefined>>;

  /**
   * Takes note of keys, in one transaction. A key that is here stays when another call has none for its file.
   * Again: a file without a key counts one more attempt.
   * Concurrent: the last key of a file stays.
   */
  noteFileKeys(keys: readonly FileKey[]): Promise<void>;

  /** The next files behind the SHA-1 `after`, by SHA-1. */
  listFileKeys(after: string, limit: number): Promise<FileKey[]>;

  /** Files of the catalog whose key must be asked for: not here, or sealed with another key than this one. */
  loadMissingFileKeys(sealedWith: string, limit: number): Promise<EncryptedFile[]>;

  /** How many encrypted files the catalog has, and how many of them have no key that `sealedWith` opens. */
  countFileKeys(sealedWith: string): Promise<FileKeyCounts>;
}
