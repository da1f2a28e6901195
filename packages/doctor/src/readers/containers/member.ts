// Files inside an archive, read in place: nothing is written to a disk.

/** A file inside an archive. */
export interface MemberFile {
  /** Path of the archive, a slash, and the name of the member. */
  path: string;
  sizeBytes: number;
  /**
   * Its bytes in pieces. Each may be overwritten once the next is asked for. Throws DoctorError for what is damaged.
   */
  open(): AsyncIterable<Uint8Array>;
}

/** The members of an archive that are read, and why others are not. */
export interface Container {
  members: MemberFile[];
  /** Members that cannot be read, with why. */
  left: { path: string; why: string }[];
  close(): void;
}

export interface ContainerLimits {
  maxMembers: number;
  /** All members together, unpacked. */
  maxUnpackedBytes: number;
}
