// The administrator's decisions that concern one client: the deployments to its target groups.
import type { RevisionId, UpdateId } from '../ids.ts';

/** The decisions for a revision (MS-WUSP 3.1.1, Deployment table). */
export type DeployedAction = 'Install' | 'OptionalInstall' | 'Uninstall' | 'PreDeploymentCheck' | 'Block';

/** The sent value: decisions, and what follows from them for dependencies. */
type EffectiveAction = DeployedAction | 'Evaluate' | 'Bundle';

/** Whose decision it is. */
export interface Origin {
  /** The group that it was decided for. */
  groupId: string;
  administrator: string;
  /** `rule:ID` or `ring:ID`. Undefined: a person decided. */
  by: string | undefined;
}

interface Deployment {
  /** Server's number for it. Below 2^30, the rest is for derived deployments. */
  deploymentId: number;
  action: DeployedAction;
  /** xs:dateTime, absent without one. */
  deadline?: string;
  /** Milliseconds since 1970. Must grow with every change of this deployment: it is what ChangedUpdates goes by. */
  lastChangeTime: number;
  origin?: Origin;
}

export interface EffectiveDeployment {
  deploymentId: number;
  action: EffectiveAction;
  deadline?: string;
  lastChangeTime: number;
}

interface DeploymentSetOptions {
  /**
   * The answer for updates without a decision. `report`: as with WSUS, they are sent with PreDeploymentCheck, so that
   * clients report on everything that is not declined. Every category and detectoid is sent with Evaluate. `hide`:
   * MS-WUSP 3.1.5.7 to the letter, only what is deployed and what that depends on.
   */
  unapproved: 'report' | 'hide';
}

/** Deployments in force for one client (its groups merged), and what is declined for everybody. */
export class DeploymentSet {
  readonly unapproved: DeploymentSetOptions['unapproved'];
  readonly #byRevision = new Map<RevisionId, Deployment>();
  readonly #declined = new Set<UpdateId>();
  #version = 0;

  constructor(options: DeploymentSetOptions) {
    this.unapproved = options.unapproved;
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  get(revisionId: RevisionId): Deployment | undefined {
    return this.#byRevision.get(revisionId);
  }

  /**
   * Sets the deployment of one revision. To remove an approval keep the entry, with action PreDeploymentCheck (or
   * Block) and a new lastChangeTime: clients that cached the old one are told only that way.
   */
  set(revisionId: RevisionId, deployment: Deployment): void {
    this.#byRevision.set(revisionId, deployment);
    this.#version++;
  }

  delete(revisionId: RevisionId): void {
    if (this.#byRevision.delete(revisionId)) this.#version++;
  }

  /** A declined update is never sent, not even as a dependency. */
  decline(updateId: UpdateId): void {
    this.#declined.add(updateId);
    this.#version++;
  }

  /** Undoes a decline. */
  reinstate(updateId: UpdateId): void {
    if (this.#declined.delete(updateId)) this.#version++;
  }

  isDeclined(updateId: UpdateId): boolean {
    return this.#declined.has(updateId);
  }

  entries(): IterableIterator<[RevisionId, Deployment]> {
    return this.#byRevision.entries();
  }
}

const derivedIdBase = 0x40000000;

/** The id of a deployment that follows from others: stable, and apart from the ids of decisions. */
export function derivedDeploymentId(revisionId: RevisionId): number {
  return derivedIdBase + (revisionId % derivedIdBase);
}
