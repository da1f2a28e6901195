// The contract for what is kept from computers whatever was approved: known issues, and the emergency stop.
import type { EmergencyStop, Hold, ResolvedHold } from '@moult/catalog/holds';
import type { Author } from './audit.ts';

export interface StoredHold extends Hold {
  /** Whose list it was imported from. Undefined for one of this server. */
  source: string | undefined;
  addedBy: string;
  addedAt: Date;
}

export interface HoldChange {
  /** Each in place of the one with its id. */
  save?: readonly (Hold & { source: string | undefined })[];
  /** Ids. One that is not there is left out. */
  lift?: readonly string[];
  /** The list that they came with: it is remembered by the setting of this name. */
  list?: { setting: string; issuedAt: string };
}

export interface HoldStore {
  /**
   * Keeps holds and lifts others, in one transaction. Each goes on record, and computers are told at their next
   * check-in. Answers the ids of the lifted holds.
   * Again: saved ones go on record again, lifted ones are not answered.
   * Concurrent: the last one wins. Of two calls that lift one hold, one answers its id.
   */
  changeHolds(change: HoldChange, author: Author): Promise<string[]>;

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
