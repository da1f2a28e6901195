// The contract for what a cleanup removes from the catalog.
import type { Author } from './audit.ts';
import type { EventTable } from './events.ts';

export interface RemovableUpdate {
  updateId: string;
  /** The ids of the revisions that go. */
  revisionIds: readonly number[];
  /**
   * `declined`: all its revisions go, and its states with them. `part`: the same, of a part of declined bundles.
   * `replaced`: old revisions go, and the newest one stays.
   */
  kind: 'declined' | 'part' | 'replaced';
}

export interface UpdateRemoval {
  updates: readonly RemovableUpdate[];
  /** Of the topic `updates`, as it was when somebody chose these updates. */
  generation: number;
  /** A declined update goes only if it was declined before this time, and still is. */
  declinedBefore: Date;
}

export interface RemovedUpdates {
  updates: number;
  revisions: number;
  /** Of the topic `updates`, for the next step. */
  generation: number;
}

export interface Removal {
  removalId: number;
  revisionId: number;
  /** The stamp of its transaction. */
  removedAt: number;
}

export interface RevisionRemoval {
  /** When each declined update was declined. */
  loadDeclineTimes(): Promise<Map<string, Date>>;

  /** Updates that are on their way through rings, or that a package of a vendor was published as. No cleanup takes them. */
  loadHeldUpdates(): Promise<Set<string>>;

  /**
   * Removes revisions with their documents and files in one transaction, on record. It
   * withdraws approvals that a declined update still has. The update itself stays known as declined: if it comes again, no computer is offered it. Undefined,
   * and nothing is removed, when the updates changed since the generation of the step: choose again.
   * Again: as the generation moved, nothing.
   * Concurrent: imports and decisions of all servers come before or after it.
   */
  removeRevisions(step: UpdateRemoval, author: Author): Promise<RemovedUpdates | undefined>;

  /**
   * Removes states of these updates, 500 of them at most, `limit` states at most. Answers how many.
   * Again: removes the next ones.
   * Concurrent: each state counts in one call only.
   */
  removeStatesOf(updateIds: readonly string[], limit: number): Promise<number>;

  /** The next removed revisions with removal ids above `after`, `limit` at most, in rising order. */
  loadRemovals(after: number, limit: number): Promise<Removal[]>;

  /** 0 when nothing was ever removed. */
  loadLastRemoval(): Promise<number>;

  /** How many events were received before this time. */
  countOldEvents(table: EventTable, before: Date): Promise<number>;
}
