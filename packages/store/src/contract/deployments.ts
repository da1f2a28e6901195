// The contract for the administrator's decisions on updates.
import type { DeploymentAction, InheritedDeployment, StoredDeployment } from '@moult/catalog';
import type { Author } from './audit.ts';

export type { DeploymentAction, InheritedDeployment, StoredDeployment } from '@moult/catalog';

export interface DeploymentDecision {
  updateId: string;
  groupId: string;
  /** Inherit withdraws a decision. */
  action: DeploymentAction | 'Inherit';
  deadline: Date | undefined;
  administrator: string;
  /** `ring:ID`, when a ring decides. */
  by?: string | undefined;
}

/** The administrator's decisions: one for each update and group. */
export interface DeploymentStore {
  /**
   * Decides on an update for a group, in place of the decision before. `Inherit` withdraws that decision. As in WSUS
   * any other action ends a decline. The decision goes on record.
   * Again: clients are told again, and it goes on record again.
   * Concurrent: decisions of all servers come one after the other. The last one wins, with the newest stamp.
   * Throws the database's error for an update or a group that the store does not have: the rules look both up before.
   */
  deploy(decision: DeploymentDecision, now: Date): Promise<void>;

  /**
   * Declines an update, or ends that. A declined update is offered to no client, whatever its approvals are. Those
   * approvals stay, and count again when the decline ends.
   * Again: clients are told again, and it goes on record again.
   * Concurrent: as `deploy`.
   */
  setDeclined(updateId: string, isDeclined: boolean, author: Author): Promise<void>;

  /**
   * As `deploy`, of several decisions in one transaction: all or none. An update and group that are named twice: the last
   * decision is written.
   * Again: as `deploy`, each decision gets a new number and a record.
   * Concurrent: two calls follow each other, and neither shows half of itself.
   * With `keepsDeclines` it throws SERVER_REFUSED for an approval of a declined update, in place of ending the decline.
   */
  deployAll(
    decisions: readonly Omit<DeploymentDecision, 'administrator'>[],
    author: Author,
    options?: { keepsDeclines?: boolean },
  ): Promise<void>;

  /**
   * As `setDeclined`, of several updates in one transaction: all or none.
   * Again: as `setDeclined`.
   * Concurrent: as `deployAll`.
   */
  setDeclinedAll(updateIds: readonly string[], isDeclined: boolean, author: Author): Promise<void>;

  /** The decisions on one update, or on several, that hold now. */
  listDeploymentsOf(updates: string | readonly string[]): Promise<StoredDeployment[]>;

  /** All decisions that hold now. */
  loadDeployments(): Promise<StoredDeployment[]>;

  /** Decisions that hold now, and decisions that were withdrawn: clients must be told of both. */
  loadDeploymentHistory(): Promise<(StoredDeployment | InheritedDeployment)[]>;
}
