// The contract for the server itself: identity, settings, counters, home page.
import type { Attention } from './lists.ts';

export type Topic =
  | 'computers'
  | 'groups'
  | 'updates'
  | 'deployments'
  | 'rules'
  /** Rings, and updates on their way through them. */
  | 'rings'
  | 'content'
  /** The configuration that GetConfig tells clients. */
  | 'configuration'
  /** Everything was replaced by a backup. */
  | 'restored'
  | 'reporting-events'
  | 'self-update-events';

export interface ServerIdentity {
  /** Changes with a restore: cookies of before are then answered with ServerChanged. */
  serverId: string;
  /**
   * Config.LastChange of GetConfig, in whole seconds. A typed client keeps no milliseconds and returns the time without
   * them. With milliseconds here, it gets ConfigChanged for ever.
   */
  lastChange: Date;
}

export interface AgentCount {
  generation: 'sus' | 'wsus' | 'unknown';
  version: string;
  computers: number;
}

export interface HomeEvent {
  kind: 'self-update' | 'registration' | 'report';
  /** Names the event among those of its kind. */
  id: string;
  /** By the client's clock. For a ping that waited in urllog.dat long before `receivedAt`. */
  at: Date;
  /** By ours: the order of events. */
  receivedAt: Date;
  computerId: string;
  /** DNS name, '' when not known. */
  computerName: string;
  /** The client's address of a ping, '' for a report. */
  address: string;
  agentGeneration: AgentCount['generation'];
  /** '' when not known. */
  agentVersion: string;
  /** Self-update: component and activity as pinged (`au` `s`). Report: the event number of MS-WUSP 2.2.2.3.1. */
  what: string;
  status: string;
  resultCode: string;
  detail: string;
  updateId: string | undefined;
}

/** Of a generation, those beyond the versions that are told one by one. */
export interface OtherVersions {
  generation: AgentCount['generation'];
  versions: number;
  computers: number;
}

export interface HomeFacts {
  computers: number;
  lastContactAt: Date | undefined;
  /** The versions that most computers have, of each generation as many as homeReads.maxVersions says. */
  agents: AgentCount[];
  otherAgents: OtherVersions[];
  /** Within the last 30 days. */
  identities: { shared: number; changed: number };
  /** As pageUpdates lists them. */
  updates: number;
  approved: number;
  declined: number;
  /** Approvals, counted per update and group. */
  deployments: number;
  attention: Attention;
  /** Newest first, all kinds together, of each kind as many as were asked for. */
  events: HomeEvent[];
  /** The newest faults, however much happened since. Some may be among `events`. */
  faults: HomeEvent[];
  faultCounts: { reports: Map<number, number>; pings: number };
  counters: Map<string, number>;
}

/**
 * Facts about the server itself that outlive each process. They also tell each process of the changes that others made.
 */
export interface Configuration {
  /** A value that was saved under this name. */
  loadSetting(name: string): Promise<string | undefined>;

  /** The values of all names that begin so, by name. */
  loadSettings(prefix: string): Promise<Map<string, string>>;

  /**
   * Saves a value under a name.
   * Again: changes nothing.
   * Concurrent: the last call wins.
   */
  saveSetting(name: string, value: string): Promise<void>;

  /** The ids of license terms that an administrator accepted, each once. */
  listAcceptedTerms(): Promise<string[]>;

  /**
   * Changes a value in one step: `decide` gets the value of now, and answers the new one, null to remove it, or undefined to
   * leave it. Answers whether it changed. `decide` must have no effect of its own: a conflict calls it again.
   * Again: calls `decide` again.
   * Concurrent: one call follows the other, and each sees the value of the one before.
   */
  changeSetting(name: string, decide: (before: string | undefined) => string | null | undefined): Promise<boolean>;

  /**
   * The identity of the server, made on first use. `told` is the text of GetConfig's answer: when it differs from the last
   * time, LastChange becomes `now`, and each client fetches its configuration again.
   * Again: changes nothing.
   * Concurrent: servers that start at the same moment get the same identity.
   */
  loadServerIdentity(told: string, now: Date): Promise<ServerIdentity>;

  /** The identity as another process may have changed it. */
  reloadServerIdentity(): Promise<Partial<ServerIdentity>>;

  /** How often each topic was changed, by any process. Cheap enough to ask with each request. */
  loadGenerations(): Promise<Map<Topic, number>>;

  /** The time by the clock that stamps come from: for all that several servers must agree on. */
  now(): Date;

  /** When the last event, ping or change was written, by the clock of then. Undefined when nothing was. By number, not by
   * time: a clock that was ahead once does not count after it was corrected. */
  loadNewestTime(): Promise<Date | undefined>;
}

/** Numbers of events that get no row each: malformed pings, refused requests. */
export interface Counters {
  /**
   * Adds to named counters in one transaction.
   * Again: counts twice.
   * Concurrent: both are counted.
   */
  addToCounters(amounts: Readonly<Record<string, number>>): Promise<void>;

  /** How often a limit held something back, by kind. */
  loadHeldBack(): Promise<Record<string, number>>;

  /** All counters. */
  loadCounters(): Promise<Map<string, number>>;
}

/** The home page in one call. */
export interface HomePage {
  /**
   * All facts of the home page. `eventLimit` bounds the events of each kind for itself: a thousand registrations do not drive
   * the one failed self-update off the page.
   */
  loadHomeFacts(eventLimit?: number): Promise<HomeFacts>;
}
