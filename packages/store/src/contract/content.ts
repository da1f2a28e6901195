// The contract for files of content.

export interface ContentFile {
  /** Lower-case hex. */
  sha1: string;
  sha256: string;
  sizeBytes: number;
  /** With the dot, lower case. '' for none. */
  extension: string;
  state: 'present' | 'damaged';
  verifiedAt: Date;
}

export interface ExpectedFile {
  sha256: string | undefined;
  sizeBytes: number;
  fileName: string;
}

export interface ListedContent {
  sha1: string;
  sha256: string | undefined;
  sizeBytes: number;
  /** As an update names it. Undefined for a file that no update has. */
  fileName: string | undefined;
  /** Of the file that is here. */
  extension: string | undefined;
  state: 'present' | 'damaged' | 'missing';
  verifiedAt: Date | undefined;
  /** The newest revision of an update that is approved for installation somewhere has it, or a part of that bundle. */
  isApproved: boolean;
}

/** The files of content, each verified against its digests. The bytes are in the content folder, not here. */
export interface ContentFiles {
  /** The file with this SHA-1 (lower-case hex). Undefined when it is not here. */
  findContentFile(sha1: string): Promise<ContentFile | undefined>;

  /**
   * Notes a file that is in the content folder, or a new state of it. Call it after the file is in its place.
   * Again: changes the time of verification only.
   * Concurrent: the last call wins.
   */
  saveContentFile(file: ContentFile): Promise<void>;

  /**
   * Forgets a file that is not on disk any more.
   * Again: changes nothing.
   * Concurrent: a file that is saved afterwards is known again.
   */
  forgetContentFile(sha1: string): Promise<void>;

  /** Each file that is here or that an update names, by digest. */
  listContent(): Promise<ListedContent[]>;

  /** SHA-1 of the files that the newest revisions of these updates need, those of their parts included. */
  listFilesOfUpdates(updateIds: readonly string[]): Promise<Set<string>>;

  /** True when an update names a file like this, letter case aside. */
  isExpectedName(fileName: string): Promise<boolean>;

  /** The facts that an update states about the file with this SHA-1. Undefined when no update names it. */
  findExpectedFile(sha1: string): Promise<ExpectedFile | undefined>;
}
