// The contract for states of updates on computers.
/**
 * SummarizationState of WSUS (MS-WSUSSS 3.1.1). Unknown: the computer has not been scanned for the update. Not applicable: it
 * has, and its report leaves the update out.
 */
export type UpdateState =
  | 'unknown'
  | 'notApplicable'
  | 'notInstalled'
  | 'downloaded'
  | 'installed'
  | 'failed'
  | 'pendingReboot';

export type StateCounts = Record<UpdateState, number>;

export interface UpdateOnComputer {
  updateId: string;
  title: string;
  state: UpdateState;
  changedAt: Date;
}

export interface CountedStates {
  computerId: string;
  states: number;
  /** False when the computer was removed, and reported all the same. */
  isKnown: boolean;
}

export interface ServerStatus {
  computers: {
    total: number;
    neverReported: number;
    /** Computers with at least one update that they need, have downloaded, or must restart for. */
    needingUpdates: number;
    /** Computers with at least one update that failed. */
    withErrors: number;
    /** Computers without a contact within the days of `home-read.silent-days`. */
    silent: number;
  };
  /** As pageUpdates lists them. */
  updates: { total: number; approved: number; declined: number };
  /** Groups that administrators made. */
  groups: number;
  /** Report events that are stored. */
  events: number;
}

/** The states of updates on computers, as their reports say: the figures of WSUS's reports. */
export interface UpdateStates {
  /** How many computers have an update in each state. */
  countStates(updateId: string): Promise<StateCounts>;

  /**
   * The same by direct group, of computers that reported on the update. A computer in several groups counts in each, one in
   * none in Unassigned Computers.
   */
  countStatesByGroup(updateId: string): Promise<{ groupId: string; states: StateCounts }[]>;

  /**
   * The states that one computer reported of updates. ListStore.countStatesOn says how many others do not apply to it.
   */
  listStatesOf(computerId: string): Promise<UpdateOnComputer[]>;

  /** The whole server in figures. */
  loadServerStatus(): Promise<ServerStatus>;
}

/** Bounds and corrections that housekeeping calls. */
export interface StateBounds {
  /** How many states the next `computers` with an id above `after` have, by id. Computers without states are left out. */
  countStatesByComputer(after: string, computers: number): Promise<CountedStates[]>;

  /**
   * Removes the states of one computer beyond the first `kept`, by update id. Answers how many it removed.
   * Again: removes nothing.
   * Concurrent: a report that comes meanwhile may add some: the next sweep finds them.
   */
  trimStatesOf(computerId: string, kept: number): Promise<number>;

  /**
   * From now on this process keeps no more states of one computer than this. The others keep their bound.
   * Again: the last number counts.
   * Concurrent: a report that is being written keeps the bound it began with.
   */
  limitStatesPerComputer(most: number): void;

  /**
   * Adds the changes since the last time to the figures of updates, which lists show. Lists of updates call it themselves.
   * Answers how many changes there were.
   * Again: answers 0.
   * Concurrent: each adds other changes.
   */
  addUpFigures(): Promise<number>;

  /**
   * Counts all figures again and corrects them. Answers how many computers and updates had wrong ones, which happens only when
   * somebody wrote with the triggers switched off.
   * Again: answers 0.
   * Concurrent: waits for writers, and writers wait for it.
   */
  recountFigures(): Promise<number>;
}

export interface StateStore extends UpdateStates, StateBounds {}
