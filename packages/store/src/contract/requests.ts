// The contract for changes that wait for a second person.
import type { Author } from './audit.ts';

/**
 * `confirmed`: the change is at work. `done` and `failed`: how it ended. `refused`: also by its own author. `cut-off`: a server
 * ended while the change was at work, and how far it came is not known.
 */
export type RequestState = 'waiting' | 'confirmed' | 'done' | 'failed' | 'refused' | 'cut-off';

export interface ChangeRequest {
  requestId: string;
  /** The operation of the API. */
  operation: string;
  input: unknown;
  /** Names the state of what it changes, as it was when it was asked for. Undefined for what has no state. */
  target: string | undefined;
  accountId: string;
  /** As in the audit records. */
  askedBy: string;
  askedAt: Date;
  /** It can be confirmed until then. */
  expiresAt: Date;
  state: RequestState;
  decidedBy: string | undefined;
  decidedAt: Date | undefined;
  /** Of one that failed: why. */
  outcome: string | undefined;
}

export interface RequestFilter {
  /** Only those that can be confirmed then. */
  waitingAt?: Date | undefined;
  /** Only those that this account asked for. */
  accountId?: string | undefined;
  operation?: string | undefined;
  limit: number;
}

export interface RequestStore {
  /**
   * Notes a change that waits, on record. Of one account at most `most` wait.
   * Again: another request.
   * Concurrent: both wait. Throws SERVER_REFUSED beyond `most`.
   */
  askForChange(
    request: Pick<ChangeRequest, 'operation' | 'input' | 'target' | 'accountId' | 'expiresAt'>,
    options: { author: Author; most: number },
  ): Promise<ChangeRequest>;

  /** Those whose id begins so, at most two of them. None for a text that cannot begin an id. */
  findRequests(beginning: string): Promise<ChangeRequest[]>;

  /** The newest first. */
  listRequests(filter: RequestFilter): Promise<ChangeRequest[]>;

  /**
   * Confirms or refuses a request that waits, on record. Answers undefined for one that does not wait any more.
   * Again: answers undefined.
   * Concurrent: one of the two decides.
   */
  decideRequest(requestId: string, to: 'confirmed' | 'refused', author: Author): Promise<ChangeRequest | undefined>;

  /**
   * Notes how a confirmed change ended, on record when it failed. Also of one that was taken for cut off.
   * Again: changes nothing.
   * Concurrent: the first call counts.
   */
  endRequest(requestId: string, end: { state: 'done' | 'failed'; outcome?: string }, author: Author): Promise<void>;

  /**
   * Notes, on record, that changes were cut off which were confirmed before then and have not ended. Answers how many.
   * Again: none.
   * Concurrent: each is noted once. One that another server works at has its real end later.
   */
  noteCutOffRequests(confirmedBefore: Date, author: Author): Promise<number>;

  /**
   * Removes requests that were asked for before `from`, and after `to`: by a clock that was wrong.
   * Again: removes none.
   * Concurrent: each goes once.
   */
  removeOldRequests(from: Date, to: Date): Promise<number>;
}
