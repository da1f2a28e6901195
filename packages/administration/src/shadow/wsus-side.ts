// The offer of a WSUS to one computer. The WSUS itself said it, or it is worked out of groups and approvals. The rules for that
// are those that Microsoft documents.
import {
  byUpdate,
  type DecisionsByUpdate,
  decisionInForce,
  linesOf,
  type StoredDeployment,
  type TargetGroup,
  unassignedComputers,
} from '@moult/catalog';
import type { ReportedState, WsusApproval, WsusExport } from '../migration/wsus-export.ts';

/** An action that changes a computer. With all others, computers only report. */
export type ShownAction = 'Install' | 'OptionalInstall' | 'Uninstall';

export interface WsusOffer {
  /** Undefined: computers only report on it. */
  action: ShownAction | undefined;
  deadline: Date | undefined;
  /** Of the approval, if it is known. */
  groupId: string | undefined;
  revisionNumber: number | undefined;
  because: 'approved' | 'declined' | 'later' | 'not-approved' | 'no-approval';
}

export interface WsusComputer {
  computerId: string;
  name: string;
  groupIds: string[];
  /** The WSUS said what it offers to this computer. */
  isSaid: boolean;
  /** The computer reported states to the WSUS that are known here. */
  hasReports: boolean;
}

/** An approval as far as it is known. */
type KnownApproval = Pick<WsusApproval, 'action'> & { [Name in keyof WsusApproval]?: WsusApproval[Name] | undefined };

export interface WsusDecisions {
  groups: TargetGroup[];
  approvals: readonly WsusApproval[];
  declined: readonly string[];
}

const nothing = { action: undefined, deadline: undefined, groupId: undefined, revisionNumber: undefined } as const;
const none: ReadonlyMap<string, StoredDeployment> = new Map();

export class WsusSide {
  readonly groups: readonly TargetGroup[];
  readonly #decisions: DecisionsByUpdate;
  /** By number of the decision, which is its place. */
  readonly #live: readonly WsusApproval[];
  readonly #byId: ReadonlyMap<string, WsusApproval>;
  readonly #later: ReadonlyMap<string, readonly string[]>;
  readonly #declined: ReadonlySet<string>;
  readonly #said = new Map<string, Map<string, WsusExport['offers'][number]>>();

  constructor({ groups, approvals, declined }: WsusDecisions, offers: WsusExport['offers'], now: Date) {
    this.groups = groups;
    const isLive = ({ goesLive }: WsusApproval) => !goesLive || goesLive.getTime() <= now.getTime();
    this.#live = approvals.filter(isLive);
    const later = approvals.filter((one) => !isLive(one));
    this.#later = new Map(
      [...Map.groupBy(later, ({ updateId }) => updateId)].map(([id, all]) => [id, all.map(({ groupId }) => groupId)]),
    );
    this.#byId = new Map(approvals.flatMap((one) => (one.approvalId ? [[one.approvalId, one]] : [])));
    this.#decisions = byUpdate(
      this.#live.map(({ updateId, groupId, action, deadline }, deploymentId) => ({
        ...{ deploymentId, updateId, groupId, action, deadline, changedAt: 0, administrator: '' },
      })),
    );
    this.#declined = new Set(declined);
    for (const offer of offers) {
      const known = this.#said.get(offer.computerId);
      if (known) known.set(offer.updateId, offer);
      else this.#said.set(offer.computerId, new Map([[offer.updateId, offer]]));
    }
  }

  /** Each computer that the export names, with its groups. */
  computersOf({ computers, memberships, offers }: WsusExport): WsusComputer[] {
    const names = new Map(computers.map(({ computerId, name }) => [computerId, name]));
    const groups = Map.groupBy(memberships, ({ computerId }) => computerId);
    const ids = new Set([...names.keys(), ...groups.keys(), ...offers.map(({ computerId }) => computerId)]);
    return [...ids].map((computerId) => {
      const said = [...(this.#said.get(computerId)?.values() ?? [])];
      const own = (groups.get(computerId) ?? []).map(({ groupId }) => groupId);
      return {
        ...{ computerId, name: names.get(computerId) || computerId },
        groupIds: own.length > 0 ? [...new Set(own)].sort() : [unassignedComputers],
        isSaid: said.some(({ approval }) => approval !== undefined),
        hasReports: said.some(({ state }) => state !== undefined),
      };
    });
  }

  /** Every update that the WSUS decided on, or said something about. */
  updates(): Set<string> {
    const said = [...this.#said.values()].flatMap((all) => [...all.keys()]);
    return new Set([...this.#decisions.keys(), ...this.#later.keys(), ...said]);
  }

  /** The answers for one computer. Its groups are looked up once. */
  offersTo(computer: WsusComputer): (updateId: string) => WsusOffer {
    const lines = linesOf(this.groups, computer.groupIds);
    const reached = new Set(lines.flat());
    return (updateId) => {
      if (this.#declined.has(updateId)) return { ...nothing, because: 'declined' };
      const found = computer.isSaid ? this.#saidOffer(computer, updateId) : this.#workedOut(lines, updateId);
      if (found && isShown(found.action)) return asOffer(found, found.action);
      if (this.#later.get(updateId)?.some((groupId) => reached.has(groupId))) return { ...nothing, because: 'later' };
      return { ...nothing, groupId: found?.groupId, because: found ? 'not-approved' : 'no-approval' };
    };
  }

  /** The state that the computer reported to the WSUS. */
  reported({ computerId }: WsusComputer, updateId: string): ReportedState | undefined {
    return this.#said.get(computerId)?.get(updateId)?.state;
  }

  #saidOffer({ computerId }: WsusComputer, updateId: string): KnownApproval | undefined {
    const approval = this.#said.get(computerId)?.get(updateId)?.approval;
    if (!approval) return undefined;
    if ('approvalId' in approval) return this.#byId.get(approval.approvalId) ?? { action: 'Install' };
    const { action, groupId } = approval;
    const decision = groupId === undefined ? undefined : this.#decisions.get(updateId)?.get(groupId);
    return { ...(decision && this.#live[decision.deploymentId]), action, groupId };
  }

  #workedOut(lines: readonly (readonly string[])[], updateId: string): WsusApproval | undefined {
    const decision = decisionInForce(this.#decisions.get(updateId) ?? none, lines);
    return decision && this.#live[decision.deploymentId];
  }
}

function asOffer({ deadline, groupId, revisionNumber }: KnownApproval, action: ShownAction): WsusOffer {
  return { action, deadline, groupId, revisionNumber, because: 'approved' };
}

export function isShown(action: string | undefined): action is ShownAction {
  return action === 'Install' || action === 'OptionalInstall' || action === 'Uninstall';
}
