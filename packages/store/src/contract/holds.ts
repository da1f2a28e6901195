// The contract for what is kept from computers whatever was approved: known issues, and the emergency stop.
import type { EmergencyStop, Hold, ResolvedHold } from '@moult/catalog/holds';
import type { Author } from './audit.ts';

export interface StoredHold extends Hold {
  /** Whose list it was imported from. Undefined for one of this server. */
  source: string | undefined;
  addedBy: string;
  addedAt: Date;
}

export interface HoldStore {
  /**
   * Keeps holds, each in place of the one with its id. Each goes on record, and computers are told at their next check-in.
   * Again: goes on record again.
   * Concurrent: the last one wins.
   */
  saveHolds(holds: readonly (Hold & { source: string | undefined })[], author: Author): Promise<void>;

  /**
   * Takes a hold away, on record.
   * Again: answers false.
   * Concurrent: one of two calls answers true.
   */
  liftHold(holdId: string, author: Author): Promise<boolean>;

  /** By the time they were added. Those that ended are among them. */
  listHolds(): Promise<StoredHold[]>;

  /** Holds with the updates that they name now. */
  resolveHolds(): Promise<ResolvedHold[]>;

  /** The emergency stop as it was kept last. It may have ended. */
  loadStop(): Promise<EmergencyStop | undefined>;

  /**
   * Changes the emergency stop by what it is: `decide` answers what it becomes and the verb for the record, or nothing to
   * leave it. It may be called twice. Answers what it became.
   * Again: decided again.
   * Concurrent: one after the other.
   */
  changeStop(
    author: Author,
    decide: (before: EmergencyStop | undefined) => { after: EmergencyStop | undefined; action: string } | undefined,
  ): Promise<EmergencyStop | undefined>;
}
