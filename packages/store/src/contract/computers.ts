// The contract for computers: who was here, how lists show them, and how they go.
import type { HoldFacts } from '@moult/catalog';
import type { CountedSystem } from '@moult/catalog/reach';
import type { Author } from './audit.ts';

export interface AuthorizedComputer {
  /** Lower-case GUID. */
  computerId: string;
  dnsName: string;
  address: string;
  /** As the client's policy names them. Kept whether or not they count. */
  requestedGroups: readonly string[];
  at: Date;
}

export interface RegisteredComputer {
  computerId: string;
  dnsName: string;
  address: string;
  agentVersion: string;
  osVersion: string;
  osDescription: string;
  architecture: string;
  manufacturer: string;
  model: string;
  /** Everything that the client said, for uses that are not known yet. */
  registration: Record<string, unknown>;
  at: Date;
}

/** `changed`: a known computer under a name, or with groups, that it did not have before. */
export type Acquaintance = 'stranger' | 'changed' | 'known';

/** The facts of a client that a sync needs. */
export interface Targeting {
  isRegistered: boolean;
  /** Direct groups. A computer in none is in Unassigned Computers. */
  groupIds: string[];
  /** The facts that holds depend on. */
  facts: HoldFacts;
}

export interface ListedComputer {
  computerId: string;
  dnsName: string;
  address: string;
  agentGeneration: string | undefined;
  agentVersion: string | undefined;
  osVersion: string | undefined;
  /** The name of the system, by its version. Undefined if we do not know the Windows. */
  osName: string | undefined;
  /** The name that the agent gives it. */
  osDescription: string | undefined;
  lastContact: Date;
  lastSync: Date | undefined;
  lastReport: Date | undefined;
  groups: string[];
  requestedGroups: string[];
  /** How often it came under another name, on other hardware or with an older system, and when last. */
  identityChanges: number;
  identityChangedAt: Date | undefined;
  /** When two were last seen to use its identity at a time. */
  sharedAt: Date | undefined;
}

export interface ClonedIdentity {
  computerId: string;
  /** Newest first. */
  names: { dnsName: string; address: string; firstSeen: Date; lastSeen: Date; timesSeen: number }[];
}

export interface KnownComputer {
  /** Lower-case GUID. */
  computerId: string;
  dnsName: string;
  address: string;
  agentGeneration: string | undefined;
  agentVersion: string | undefined;
  osDescription: string | undefined;
  firstContact: Date;
  lastContact: Date;
  registeredAt: Date | undefined;
  lastSync: Date | undefined;
  lastReport: Date | undefined;
  /** The parameters of RegisterComputer. */
  registration: Record<string, unknown>;
}

export type IdentityAspect = 'name' | 'hardware' | 'system';

export interface IdentityChange {
  at: Date;
  aspect: IdentityAspect;
  before: string;
  after: string;
}

export interface ListedIdentityChange extends IdentityChange {
  computerId: string;
  /** The computer's present name. */
  dnsName: string;
}

export interface RemovedComputer {
  /** '' if its name was not known. */
  dnsName: string;
  /** Report events and status pings that went with it. */
  events: number;
}

export interface AgeingStep {
  /** Ids above this are still to be looked at. */
  after: string;
  /** How many computers to look at. */
  count: number;
  /** A stranger goes when its last contact was before this. */
  strangersBefore: Date;
  /** So does one that synchronised, but was never here again after its first day. Undefined: it stays. */
  onceBefore: Date | undefined;
  /** Any computer goes when its last contact was before this. Undefined: none does. */
  silentBefore: Date | undefined;
  /** Whether to be in a group keeps a stranger: an administrator put it there. */
  groupsKeep: boolean;
  /**
   * The time, by a clock that is believed, and the latest stamp that is. Computers with stamps of a wrong clock are not
   * removed for them: their stamps become `now`. undefined while the clock is not believed: those stay as they are.
   */
  believed?: { now: Date; newest: Date } | undefined;
}

export interface AgeingStepResult {
  strangers: number;
  silent: number;
  /** The start of the next step. */
  after: string;
  isDone: boolean;
}

/** The contacts of computers, and their kind. Called with each check-in of each computer. */
export interface ComputerContacts {
  /**
   * Notes who authorised, under which name. With `assign` (client-side targeting) the computer is in exactly those of
   * its requested groups that exist. WSUS never creates a group for a client (MS-WUSP note 46). Another name than the
   * last time is marked. `mayRecord` is asked before each move that is recorded. Again: counts as one more visit under
   * the same name. Concurrent: computers are locked in the order of their ids, and the last call wins.
   */
  noteAuthorization(
    computer: AuthorizedComputer,
    options: { assign: boolean; mayRecord?: () => boolean },
  ): Promise<void>;

  /**
   * Notes the hardware and the system of a computer. Other hardware than before, and an older system, are marked.
   * Again: only the time of registration changes.
   * Concurrent: the last call wins, and each change that it made is marked.
   */
  registerComputer(computer: RegisteredComputer): Promise<void>;

  /**
   * Tells strangers from computers of before, and says whether the name and the requested groups are those of before.
   */
  findAcquaintance(computer: AuthorizedComputer): Promise<Acquaintance>;

  /** Those of the ids that the store knows as computers. Any number of ids. */
  listKnownIds(computerIds: readonly string[]): Promise<Set<string>>;

  /** The groups of a computer. Undefined for a computer that was never seen, or was removed. */
  loadTargeting(computerId: string): Promise<Targeting | undefined>;

  /**
   * Notes contacts, syncs and reports of many computers in one transaction. Ids that the store does not know are passed
   * over. Again: changes nothing. Concurrent: the later time stays, whoever writes last.
   */
  noteContacts(contacts: ReadonlyMap<string, { at: Date; synced: boolean; reported: boolean }>): Promise<void>;
}

/** Computers as lists show them. */
export interface ComputerLists {
  /**
   * By DNS name, `limit` at most. `groupId` narrows to direct members. All Computers and Unassigned Computers count as
   * groups.
   */
  listComputers(filter: { groupId?: string | undefined; limit: number }): Promise<ListedComputer[]>;

  /** One computer as lists show it. Undefined for a computer that the store does not know. */
  findListedComputer(computerId: string): Promise<ListedComputer | undefined>;

  /**
   * Identities that several computers used at the same time since `since`: unprepared copies of one disk. A computer
   * that was renamed is not among them, because its old name does not come back. By id, `limit` at most, each with the
   * names seen since then.
   */
  listClones(since: Date, limit?: number): Promise<ClonedIdentity[]>;

  /**
   * Computers whose id, DNS name (whole, or its first label) or address is `text`, letter case aside. A bounded number.
   */
  findComputers(text: string): Promise<KnownComputer[]>;

  /**
   * The registrations of all computers, with the parts that rules ask for. Computers with equal parts are counted
   * together. Computers that never registered count with no facts. Reads the registration of every computer.
   */
  readSystems(): Promise<CountedSystem[]>;

  /** How many computers the store knows. Reads figures that triggers keep. Costs one narrow row a computer. */
  countComputers(): Promise<number>;
}

/** Changes of name, hardware or system: see `noteAuthorization` and `registerComputer`, which mark them. */
export interface IdentityChanges {
  /** Newest first. The store keeps the newest few of each computer. */
  listIdentityChanges(filter: { computerId?: string | undefined; limit: number }): Promise<ListedIdentityChange[]>;

  /** How many computers share an identity, and how many changed theirs, since then. */
  countIdentityChanges(since: Date): Promise<{ shared: number; changed: number }>;
}

/** Computers that go: one by an administrator, many by age. */
export interface ComputerRemoval {
  /**
   * Forgets a computer with its names, groups, states, events and pings. For an unknown computer it forgets the events.
   * With its next contact the computer is asked to register. Events go in steps first: a removal that was interrupted
   * goes on with the next call, and only its end is on record. Again: throws SERVER_NOT_FOUND. Concurrent: of two
   * removals one throws SERVER_NOT_FOUND. A computer that comes meanwhile is new, or gone with the rest. Throws
   * SERVER_NOT_FOUND when nothing of this id is stored.
   */
  removeComputer(computerId: string, author: Author): Promise<RemovedComputer>;

  /**
   * Looks at the next `count` computers by id and removes strangers and silent ones (AgeingStep says which). A stranger
   * never registered and synchronised, and did not come back after its first day. A removed computer loses its names,
   * states, events and pings. Nothing goes on record. Again: goes on at `after`. Over the same ids it removes what
   * became old meanwhile. Concurrent: a computer that came back since it was looked at stays.
   */
  ageComputers(step: AgeingStep): Promise<AgeingStepResult>;
}

export interface ComputerStore extends ComputerContacts, ComputerLists, IdentityChanges, ComputerRemoval {}
