// The one decision: which updates a computer is offered, and why. The protocol, explanations, lists and dry runs all
// ask it. So none of them can say anything else than the protocol does.
import type { CatalogIndex, IndexedRevision } from '../graph/index.ts';
import type { RevisionId, UpdateId } from '../ids.ts';
import { type DriverSyncDecision, type DriverSyncRequest, decideDriverSync, isApproved } from './decide-driver-sync.ts';
import { decidePrinterSync, type PrinterSyncRequest } from './decide-printer-sync.ts';
import { decideSync, type SyncDecision, type SyncRequest, scopeOf } from './decide-sync.ts';
import type { DeployedAction, DeploymentSet, Origin } from './deployment-set.ts';
import { countsDecisions, type Scope, type SyncedRevision } from './scope.ts';
import { allComputers } from './target-groups.ts';
import type { HoldFacts, HoldReason, RingReason, Withholding, WithholdingSource } from './withholding.ts';

/**
 * The parts that decide. Rules and rings have written their deployments when they ran. Holds are looked up by the
 * computer's facts.
 */
interface DecisionState {
  index: CatalogIndex;
  /** Those of the computer's groups, merged. */
  deployments: DeploymentSet;
  withholding: WithholdingSource;
}

/** Why an update is offered to a computer or not, strongest first. */
export type DecisionReason =
  | { code: 'unknown' | 'declined' | 'expired' | 'incomplete' | 'bundle-member' | 'blocked' | 'undecided' }
  | { code: 'approved'; action: DeployedAction; deadline: string | undefined; origin: Origin | undefined }
  | { code: 'required'; action: 'Evaluate' | 'Bundle' }
  | { code: 'stopped'; says: string }
  | ({ code: 'ring' } & RingReason)
  | ({ code: 'held' | 'advised' } & Pick<HoldReason, 'holdId' | 'says' | 'link'>);

interface UpdateDecision {
  /** As it is sent. Undefined: it is not sent at all. */
  action: SyncedRevision['deployment']['action'] | undefined;
  deadline: string | undefined;
  /** The revision that stands for the update: the one that is sent, else the newest. */
  revision: IndexedRevision | undefined;
  reasons: DecisionReason[];
}

/**
 * The offer for a computer with these facts now. Pure: the same arguments give the same answers. Making it costs
 * nothing. The cost of a question depends on its subject, and not on the number of updates, rules and holds.
 */
export function decide(facts: HoldFacts, state: DecisionState, now: Date): Offer {
  return new Offer(state, state.withholding.for(facts, now));
}

export class Offer {
  readonly index: CatalogIndex;
  readonly deployments: DeploymentSet;
  readonly withholding: Withholding;

  constructor({ index, deployments }: Pick<DecisionState, 'index' | 'deployments'>, withholding: Withholding) {
    this.index = index;
    this.deployments = deployments;
    this.withholding = withholding;
  }

  get scope(): Scope {
    return scopeOf(this.index, this.deployments);
  }

  /** The software pass of SyncUpdates. */
  sync(request: SyncRequest): SyncDecision {
    const decision = decideSync(this.index, this.deployments, request);
    return this.#isOpen ? decision : this.#withheld(decision);
  }

  /** The driver pass. A driver that is held does not hide the best one of the others. */
  syncDrivers(request: DriverSyncRequest): DriverSyncDecision {
    const isInstalled = this.#isOpen ? undefined : (synced: SyncedRevision) => isApproved(this.#asSent(synced));
    const decision = decideDriverSync(this.index, this.deployments, request, isInstalled);
    return this.#isOpen ? decision : this.#withheld(decision);
  }

  /** The drivers that the Add Printer wizard may offer. */
  syncPrinters(request: PrinterSyncRequest): DriverSyncDecision {
    const decision = decidePrinterSync(this.index, this.deployments, request);
    return this.#isOpen ? decision : this.#withheld(decision);
  }

  /** How a revision is sent, with IsLeaf. Undefined when it is not (RefreshCache, GetExtendedUpdateInfo). */
  deploymentOf(revisionId: RevisionId): SyncedRevision | undefined {
    const synced = this.scope.synced(this.index.slotOf(revisionId));
    return synced && this.#asSent(synced);
  }

  /**
   * The decision about one update here, and the reasons. The computer itself decides whether its prerequisites are met.
   */
  on(updateId: UpdateId): UpdateDecision {
    const update = this.index.update(updateId);
    const chosen = update && this.scope.chosen(update);
    const revision = chosen ?? update?.revisions.at(-1);
    if (!revision)
      return { action: undefined, deadline: undefined, revision: undefined, reasons: [{ code: 'unknown' }] };
    const sent = chosen && this.deploymentOf(chosen.revisionId);
    const { action, deadline } = sent?.deployment ?? { action: undefined, deadline: undefined };
    return { action, deadline, revision, reasons: [...this.#withholdingOf(revision), this.#reasonFor(revision)] };
  }

  #reasonFor(revision: IndexedRevision): DecisionReason {
    const { updateId } = revision.update;
    if (this.deployments.isDeclined(updateId)) return { code: 'declined' };
    const effective = this.scope.effectiveDeployment(revision);
    const decided = this.deployments.get(revision.revisionId);
    if (effective?.action === 'Evaluate' || effective?.action === 'Bundle')
      return { code: 'required', action: effective.action };
    if (!countsDecisions(revision)) return { code: revision.summary.isExpired ? 'expired' : 'bundle-member' };
    if (decided?.action === 'Block') return { code: 'blocked' };
    if (decided && !effective) return { code: 'incomplete' };
    if (!decided) return { code: 'undecided' };
    return { code: 'approved', action: decided.action, deadline: decided.deadline, origin: decided.origin };
  }

  #withholdingOf({ update, revisionId }: IndexedRevision): DecisionReason[] {
    const { stop, updates } = this.withholding;
    const decided = this.deployments.get(revisionId)?.action;
    const stopped: DecisionReason[] = stop && changesComputers(decided) ? [{ code: 'stopped', says: stop.says }] : [];
    const held = (updates.get(update.updateId) ?? []).map(({ effect, holdId, says, link }): DecisionReason => {
      return { code: effect === 'hold' ? 'held' : 'advised', holdId, says, link };
    });
    const ring = this.#ringBefore({ revisionId, update });
    const waiting: DecisionReason[] = ring ? [{ code: 'ring', ...ring }] : [];
    const advisedLast = held.toSorted((a, b) => Number(a.code === 'advised') - Number(b.code === 'advised'));
    const first = advisedLast.findIndex(({ code }) => code === 'advised');
    return [...stopped, ...advisedLast.toSpliced(first < 0 ? advisedLast.length : first, 0, ...waiting)];
  }

  get #isOpen(): boolean {
    return this.withholding.fingerprint === '';
  }

  #withheld<Decision extends SyncDecision>(decision: Decision): Decision {
    const asSent = <Synced extends SyncedRevision>(synced: Synced): Synced => this.#asSent(synced);
    return {
      ...decision,
      newRevisions: decision.newRevisions.map(asSent),
      changed: decision.changed.map(asSent),
    };
  }

  /** A client goes on reporting on what is withheld from it: it installs nothing. */
  #asSent<Synced extends SyncedRevision>(synced: Synced): Synced {
    const { action } = synced.deployment;
    if (!this.#keepsBack(synced, action)) return synced;
    const { deadline: _, ...deployment } = synced.deployment;
    return { ...synced, deployment: { ...deployment, action: 'PreDeploymentCheck' } };
  }

  /** A hold leaves removals alone: they are how an update that does harm goes away. */
  #keepsBack({ revisionId }: SyncedRevision, action: SyncedRevision['deployment']['action']): boolean {
    const { stop, updates } = this.withholding;
    if (stop && changesComputers(action)) return true;
    if (action !== 'Install' && action !== 'OptionalInstall') return false;
    const revision = this.index.get(revisionId);
    if (!revision) return false;
    if (this.#ringBefore(revision)) return true;
    return updates.get(revision.update.updateId)?.some(({ effect }) => effect === 'hold') ?? false;
  }

  /** The rings that did not reach this computer. Any other approval, and one for another group, counts at once. */
  #ringBefore({ revisionId, update }: Pick<IndexedRevision, 'revisionId' | 'update'>): RingReason | undefined {
    const ring = this.withholding.rings.get(update.updateId);
    const decided = ring && this.deployments.get(revisionId);
    if (decided?.action !== 'Install' || decided.origin?.groupId !== allComputers) return undefined;
    return decided.origin.by === `ring:${ring?.rolloutId}` ? ring : undefined;
  }
}

function changesComputers(action: string | undefined): boolean {
  return action === 'Install' || action === 'OptionalInstall' || action === 'Uninstall';
}
