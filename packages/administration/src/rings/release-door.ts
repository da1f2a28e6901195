// Rings need this of the signed list of agent releases, and of the self-update tree. The server and the commands bring it.

export interface ListedRelease {
  /** As 7.9.0.2, or 1:7.9.0.2 for epoch 1. */
  version: string;
  isListed: boolean;
  /** Why it was recalled. */
  recalled: string | undefined;
  /** The release before it, which the others keep. */
  base: string | undefined;
}

interface ReleaseLead {
  version: string;
  /** True: all have it but `computers`. False: `computers` have it, and no others. */
  isForAll: boolean;
  computers: readonly string[];
}

export interface ReleaseDoor {
  /** Undefined for a text that is not a version. */
  look(version: string): ListedRelease | undefined;
  /** Pins that people made: they come first. Names of groups are in lower case. */
  handPins(): { computers: ReadonlySet<string>; groups: ReadonlySet<string> };
  /**
   * Pins computers as it says. Without it no pin of rings is left. False while agents cannot read all of it: signatures
   * are missing, or the release is not listed yet.
   */
  lead(lead: ReleaseLead | undefined, how: { now: Date; isUrgent: boolean }): { isPublished: boolean };
  /** Recalls the release: computers that have it go back to the one before. */
  recall(version: string, reason: string, now: Date): { isPublished: boolean };
  /** Versions that the server has, listed or not. */
  stored(): Promise<string[]>;
  /** Lists a release that waits. */
  offer(version: string, now: Date): Promise<void>;
  /** Pins at most. */
  mostPins: number;
}
