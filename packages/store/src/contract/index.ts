// The contract of the store, topic by topic. It returns facts, never answers to clients.
//
// For every method: a write is one transaction, unless its contract says otherwise. It is on disk when the promise is
// fulfilled. "Again" says what a second call with the same arguments does. "Concurrent" says what happens when another
// process writes at the same time. The store itself tries again after a deadlock. Every method throws ServerError
// SERVER_DATABASE_AWAY while PostgreSQL cannot be reached, and SERVER_DISK_FULL while SQLite cannot write. "Throws"
// names the errors beyond these.
import type { AccountStore, AnswerStore, SessionStore, TokenStore } from './accounts.ts';
import type { AuditLog } from './audit.ts';
import type { RevisionRemoval } from './cleanup.ts';
import type { ComputerStore } from './computers.ts';
import type { ContentFiles } from './content.ts';
import type { DeploymentStore } from './deployments.ts';
import type { DownstreamStore } from './downstream.ts';
import type { EventStore } from './events.ts';
import type { FileKeys } from './file-keys.ts';
import type { FleetFigures, GroupDays } from './fleet.ts';
import type { GroupStore } from './groups.ts';
import type { HoldStore } from './holds.ts';
import type { ListStore } from './lists.ts';
import type { RoleStore } from './replica.ts';
import type { RequestStore } from './requests.ts';
import type { RingStore } from './rings.ts';
import type { RollUpStore } from './roll-up.ts';
import type { RuleStore } from './rules.ts';
import type { SelfUpdateEvents } from './self-update.ts';
import type { Configuration, Counters, HomePage, Topic } from './server.ts';
import type { StateStore } from './states.ts';
import type { Synchronisation } from './synchronisation.ts';
import type { TakeOverStore } from './take-over.ts';
import type { UpdateStore } from './updates.ts';
import type { VendorCatalogs } from './vendor-catalogs.ts';

export type * from './accounts.ts';
export type * from './audit.ts';
export type * from './cleanup.ts';
export type * from './computers.ts';
export type * from './content.ts';
export type * from './deployments.ts';
export type * from './downstream.ts';
export type * from './events.ts';
export type * from './file-keys.ts';
export type * from './fleet.ts';
export type * from './groups.ts';
export type * from './holds.ts';
export type * from './lists.ts';
export type * from './replica.ts';
export type * from './requests.ts';
export type * from './rings.ts';
export type * from './roll-up.ts';
export type * from './rules.ts';
export type * from './self-update.ts';
export type * from './server.ts';
export type * from './states.ts';
export type * from './synchronisation.ts';
export type * from './take-over.ts';
export type * from './updates.ts';
export type * from './vendor-catalogs.ts';

export interface Store
  extends ComputerStore,
    GroupStore,
    UpdateStore,
    RevisionRemoval,
    DeploymentStore,
    EventStore,
    StateStore,
    FleetFigures,
    GroupDays,
    ContentFiles,
    FileKeys,
    AuditLog,
    AccountStore,
    SessionStore,
    TokenStore,
    AnswerStore,
    RequestStore,
    ListStore,
    SelfUpdateEvents,
    VendorCatalogs,
    HoldStore,
    RingStore,
    Synchronisation,
    RuleStore,
    TakeOverStore,
    RoleStore,
    DownstreamStore,
    RollUpStore,
    Configuration,
    Counters,
    HomePage,
    AsyncDisposable {
  readonly engine: 'sqlite' | 'postgres';

  /** Calls `listener` after each write of this process, with its topic. The returned function ends that. */
  subscribe(listener: (topic: Topic) => void): () => void;

  /**
   * The store as an account sees it that reaches these groups and all inside of them. Lists, counts, searches and errors have
   * nothing from outside. A method that concerns the whole server throws SERVER_REFUSED.
   * Again: another one with the groups as they are then.
   * Concurrent: the groups that are there at the call count.
   */
  within(groupIds: readonly string[]): Promise<Store>;

  /** Closes the connections. Every call afterwards fails. `await using` does it at the end of a block. */
  close(): Promise<void>;
}
