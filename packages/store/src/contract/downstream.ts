// The contract for servers below this one, and for what they report of themselves and of their computers (roll-up).
import type { Author } from './audit.ts';
import type { Page, PageRequest } from './lists.ts';

/** DownstreamServerRollupServerSummary: what a server says of itself. */
export type DownstreamSummary = Readonly<Record<string, number>>;

export interface ReportedServer {
  serverId: string;
  /** Undefined: this server is above it. */
  parentId: string | undefined;
  name: string;
  version: string;
  isReplica: boolean;
  lastSync: Date | undefined;
  /** By its own clock, corrected. An older report than the last one changes nothing. */
  rolledUpAt: Date;
  summary: DownstreamSummary | undefined;
  /** By operating system: how many computers, and how often they installed updates since the last report. */
  systems: readonly {
    system: string;
    computers: number;
    activities: readonly { updateId: string; installed: number; failed: number }[];
  }[];
}

export interface DownstreamServer extends Omit<ReportedServer, 'systems'> {
  firstSeen: Date;
  /** By our clock. */
  receivedAt: Date;
  /** So far was its clock ahead of ours. Negative: behind. Times are corrected by it beyond a minute. */
  clockAheadMs: number;
  /** Of its computers that were reported here. */
  computers: number;
  needing: number;
  failing: number;
}

export interface ReportedComputerDetails {
  dnsName: string;
  address: string;
  /** ComputerRollupDetails. */
  facts: Readonly<Record<string, unknown>>;
}

export interface ReportedComputer {
  computerId: string;
  serverId: string;
  lastSync: Date | undefined;
  /** 0 unknown, 1 succeeded, 2 failed. */
  lastSyncResult: number;
  lastReboot: Date | undefined;
  lastStatus: Date | undefined;
  lastInventory: Date | undefined;
  details: ReportedComputerDetails | undefined;
}

export interface DownstreamComputer extends Omit<ReportedComputer, 'details'> {
  dnsName: string;
  address: string;
  details: Readonly<Record<string, unknown>> | undefined;
  needed: number;
  failed: number;
}

export interface ReportedStates {
  computerId: string;
  number: number;
  detectedAt: Date | undefined;
  /** They are all of its states. Otherwise changes. */
  isFull: boolean;
  /** By number, 0: not applicable. */
  states: readonly { updateId: string; state: number; changedAt: Date }[];
}

export interface DownstreamLimits {
  servers: number;
  computers: number;
  statesPerComputer: number;
  /** Operating systems that are kept of one server. */
  systems: number;
  /** Rows of installations that are kept of one server. */
  activities: number;
}

/** `unknown-server`: one that was never reported, or is above itself. `no-room`: beyond the limits. */
export type Recorded = 'recorded' | 'unknown-server' | 'no-room';

export interface DownstreamStore {
  /**
   * Keeps the reports of servers, each after the one above it. Counts of installations are added.
   * Again: adds the counts again, as MS-WSUSSS has it.
   * Concurrent: one after the other.
   */
  recordDownstreamServers(
    servers: readonly ReportedServer[],
    circumstances: { now: Date; clockAheadMs: number; ownIds: readonly string[]; limits: DownstreamLimits },
  ): Promise<Recorded>;

  /**
   * Keeps the reports of computers. Answers those whose details are wanted: new ones, and those that changed their server.
   * Again: the same.
   * Concurrent: one after the other.
   */
  recordDownstreamComputers(
    computers: readonly ReportedComputer[],
    circumstances: { now: Date; limits: DownstreamLimits },
  ): Promise<{ kind: Recorded; needDetails: string[] }>;

  /** Of these computers those below a server whose last number is another one. */
  findOutOfSync(serverId: string, numbers: readonly { computerId: string; number: number }[]): Promise<string[]>;

  /**
   * Keeps states of computers below a server. Computers that are not known there are passed over.
   * Again: changes nothing.
   * Concurrent: one after the other.
   */
  recordDownstreamStates(serverId: string, reports: readonly ReportedStates[], limits: DownstreamLimits): Promise<void>;

  /** Each after the one above it, else by name. */
  listDownstreamServers(): Promise<DownstreamServer[]>;

  /** By id. */
  pageDownstreamComputers(
    filter: { serverId?: string | undefined; isNeeding?: boolean | undefined; isFailing?: boolean | undefined },
    request: PageRequest,
  ): Promise<Page<DownstreamComputer>>;

  /** All of them in figures. */
  countDownstream(): Promise<{ servers: number; computers: number; needing: number; failing: number }>;

  /** How many downstream computers reported an update as needed, and as failed. */
  countDownstreamOf(updateId: string): Promise<{ needed: number; failed: number }>;

  /**
   * Forgets a server, the servers below it, and their computers, on record. They come back with their next report.
   * Again: throws SERVER_NOT_FOUND.
   * Concurrent: a report that comes meanwhile is refused, or comes back.
   */
  removeDownstreamServer(serverId: string, author: Author): Promise<{ servers: number; computers: number }>;
}
