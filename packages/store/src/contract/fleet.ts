// The contract for figures of the whole fleet: the reports that administrators read. The reports of computers themselves are
// in events.ts.

/** Which computers a report is about. */
export interface FleetFilter {
  /** Directly in one of these groups. Undefined: all computers. */
  groupIds?: readonly string[] | undefined;
  /** The account reaches only these groups. */
  within?: readonly string[] | undefined;
}

/** Computers of one group, by what their last status report says. */
export interface GroupCompliance {
  groupId: string;
  computers: number;
  /** They reported, need nothing, and nothing failed. */
  upToDate: number;
  /** They need an update, or wait for a restart. */
  needing: number;
  /** An update failed on them. */
  failing: number;
  neverReported: number;
  /** No contact for the days of the question. */
  silent: number;
}

/** As it was at the end of a day, or now on the last one. */
export interface GroupDay extends GroupCompliance {
  /** Days since 1970 in UTC. */
  day: number;
}

export interface GroupDays {
  /**
   * Notes how far each group is on this day, and lets days go that are older than kept. Answers how many groups changed since
   * the last note. Writes nothing if a later day is noted already.
   * Again: answers 0.
   * Concurrent: the last one of a day stays.
   */
  noteGroupDay(given: { now: Date; silentSince: Date; keptDays: number }): Promise<number>;

  /**
   * Each day from the first that is noted, group by group. A day without a note is as the one before. Without groups: All
   * Computers.
   */
  loadGroupDays(given: { from: Date; to: Date; groupIds?: readonly string[] | undefined }): Promise<GroupDay[]>;
}

/** Failures that ended with one code. */
export interface CountedFailure {
  /** HRESULT, as an unsigned number. */
  code: number;
  failures: number;
  computers: number;
  updates: number;
  lastAt: Date;
}

export interface CountedFailures {
  items: CountedFailure[];
  /** There are older failures than those that were read. */
  isCut: boolean;
}

/** How long ago: within a day, and not within the span before it. `never`: it did not happen yet. */
export type StatusAge = 'day' | 'week' | 'month' | 'quarter' | 'longer' | 'never';

export interface CountedAge {
  age: StatusAge;
  /** Computers whose last status report is that old. */
  reported: number;
  /** Computers whose last contact is that old. */
  seen: number;
}

export interface CountedSystem {
  /** As lists of computers show it. */
  system: string;
  /** The version that such computers report, of one of them. */
  version: string;
  computers: number;
}

export interface CountedAgent {
  generation: 'sus' | 'wsus' | 'unknown';
  version: string;
  computers: number;
}

/** Hours on a day at which a computer is connected, on average: from the lower number to below the upper one. */
export interface CountedHours {
  from: number;
  to: number;
  computers: number;
}

export interface ConnectedHours {
  items: CountedHours[];
  /** Computers that checked in less than twice so far, or on less than one day. */
  unknown: number;
}

export interface FleetFigures {
  /**
   * The groups with computers, each with its direct ones. All Computers is among them, unless the filter names groups.
   * Reads a narrow row for each computer.
   */
  countCompliance(filter: FleetFilter & { silentSince: Date }): Promise<GroupCompliance[]>;

  /** Failures since then by code, the one on most computers first. Reads the newest ones, as many as the bound says. */
  countFailures(filter: FleetFilter & { since: Date }): Promise<CountedFailures>;

  /** All ages, the newest first. Contacts are known by their day in UTC. */
  countAges(filter: FleetFilter, now: Date): Promise<CountedAge[]>;

  /** The systems with most computers first. Those beyond the bound are one item without a name. */
  countSystems(filter: FleetFilter): Promise<CountedSystem[]>;

  /** The versions with most computers first. Those beyond the bound are one item without a version. */
  countAgents(filter: FleetFilter): Promise<CountedAgent[]>;

  /** By the check-ins that rings watch. */
  countConnectedHours(filter: FleetFilter): Promise<ConnectedHours>;
}
