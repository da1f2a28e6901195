// The contract for what this server reports to the server above it (roll-up): its computers, and those of the servers below.
/** By the registration of the computer, or as the server below reported it. */
export type ComputerFacts = Readonly<Record<string, unknown>>;

export interface ComputerToReport {
  computerId: string;
  /** Undefined: a computer of this server. */
  serverId: string | undefined;
  dnsName: string;
  address: string;
  lastSync: Date | undefined;
  lastSyncResult: number;
  lastReboot: Date | undefined;
  lastStatus: Date | undefined;
  lastInventory: Date | undefined;
  facts: ComputerFacts;
  groupIds: string[];
  requestedGroups: string[];
  /** The last report to the server above. Undefined before the first. */
  sent: { contact: string; details: string } | undefined;
}

export interface ReportedContact {
  computerId: string;
  contact: string;
  /** Undefined: as before. */
  details: string | undefined;
}

export interface StatesToReport {
  computerId: string;
  /** Of the last report. 0 before the first. */
  number: number;
  detectedAt: Date | undefined;
  /** All states. Otherwise those that changed, 0 for one that does not apply any more. */
  isFull: boolean;
  states: { updateId: string; state: number; changedAt: Date }[];
  /** Of the last change that they have. */
  upTo: number;
}

export interface RollUpStore {
  /**
   * Notes where this server reports to. From now on changes of states are noted. Everything is reported again to another
   * server, or to one that was restored: `isNew`.
   * Again: changes nothing.
   * Concurrent: the last one counts.
   */
  beginRollUp(to: { upstream: string; serverId: string; resetGuid: string }): Promise<{ isNew: boolean }>;

  /** The next computers by id. Those that the server above does not want any more are left out. */
  loadComputersToReport(after: string, limit: number): Promise<ComputerToReport[]>;

  /**
   * Takes note of what the server above has of these computers.
   * Again: changes nothing.
   * Concurrent: the last one counts.
   */
  noteComputersReported(computers: readonly ReportedContact[]): Promise<void>;

  /** From now on nothing is reported of these computers. Again: changes nothing. Concurrent: as above. */
  noteComputersUnwanted(computerIds: readonly string[]): Promise<void>;

  /** The next computers by id whose states changed, or were never reported. */
  loadStatesToReport(after: string, limit: number): Promise<StatesToReport[]>;

  /**
   * Takes note of reported states. A change that came meanwhile stays.
   * Again: changes nothing.
   * Concurrent: a number that another process gave is overwritten, and the server above asks for all states once.
   */
  noteStatesReported(reports: readonly { computerId: string; number: number; upTo: number }[]): Promise<void>;

  /** The numbers of the last reports, of the next computers by id. */
  loadRollUpNumbers(after: string, limit: number): Promise<{ computerId: string; number: number }[]>;

  /** All states of these computers are reported next. Again: changes nothing. Concurrent: as above. */
  reportInFull(computerIds: readonly string[]): Promise<void>;

  /** When all numbers were compared the last time. */
  loadLastComparison(): Promise<Date | undefined>;

  /** Again: the last time counts. Concurrent: as above. */
  noteComparison(at: Date): Promise<void>;

  /** Updates that computers of this server need, and that failed on some. */
  countUpdatesWithStates(): Promise<{ needed: number; failed: number }>;
}
