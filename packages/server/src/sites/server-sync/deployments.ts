// GetDeployments (MS-WSUSSS 3.1.4.10): groups and decisions for a replica. Groups, declined updates and accepted license
// terms are told whole each time, decisions since the anchor. The anchor is the newest decision that was told: decisions
// become visible in the order of their stamps.
import { createHash } from 'node:crypto';
import {
  allComputers,
  type Decision,
  type DecisionsByUpdate,
  type UpdateId,
  unassignedComputers,
} from '@moult/catalog';
import { isForShare, type RingShare } from '@moult/catalog/holds';
import type { ServerSyncDeployment, ServerSyncDeployments } from '@moult/protocol/server-sync';
import { parseDateTime } from '@moult/protocol/soap';
import { downstreamBounds } from '../../downstream-bounds.ts';
import { SoapFault } from '../../errors.ts';
import type { UpdateService } from '../../update-service/update-service.ts';
import { readAnchor, writeAnchor } from './anchors.ts';
import { knownBefore } from './revision-id-list.ts';
import type { RevisionLists } from './revision-lists.ts';

interface DeploymentAnchors {
  deploymentAnchor?: string | undefined;
  syncAnchor?: string | undefined;
}

export function createDeployments(service: UpdateService, lists: RevisionLists) {
  const { catalog, store, identity } = service;
  let sorted: { of: DecisionsByUpdate; shares: readonly RingShare[]; decisions: readonly Decision[] } | undefined;
  const inOrder = () => {
    const { decisions: of, shares } = catalog;
    if (sorted?.of !== of || sorted.shares !== shares) {
      // A replica offers to all computers: it must not hear of rings that mean a part of them.
      const isWhole = (decision: Decision) => !isForShare(decision, shares);
      sorted = { of, shares, decisions: byStamp(of).filter(isWhole) };
    }
    return sorted.decisions;
  };
  return async ({ deploymentAnchor, syncAnchor }: DeploymentAnchors): Promise<ServerSyncDeployments> => {
    if (syncAnchor === undefined || syncAnchor === '') throw new SoapFault('InvalidParameters', 'syncAnchor');
    const known = knownBefore(lists, syncAnchor, 'syncAnchor');
    const last = readAnchor(deploymentAnchor, 'deploymentAnchor');
    // A restore takes decisions away without a withdrawal: the replica asks for everything again.
    const counted = numberOf(identity.serverId);
    if (last && last.counted !== counted) throw new SoapFault('ServerChanged', '');
    const decisions = inOrder();
    const result: Pick<Required<ServerSyncDeployments>, 'deployments' | 'deadDeployments'> = {
      ...{ deployments: [], deadDeployments: [] },
    };
    const start = firstAfter(decisions, last?.at ?? 0);
    const { tellable, told } = wholeStamps(decisions.slice(start), (decision) => revisionFor(catalog, decision, known));
    for (const { decision, revisionNumber } of tellable) {
      if (decision.action !== 'Inherit') result.deployments?.push(wireDeployment(decision, revisionNumber));
      else if (last) result.deadDeployments?.push(guidOf(decision));
    }
    return {
      anchor: writeAnchor(counted, told ?? last?.at ?? 0),
      groups: catalog.groups.map(({ groupId, parentId, name }) => ({
        ...{ groupId, name, parentGroupId: parentId ?? noGroup },
        isBuiltIn: groupId === allComputers || groupId === unassignedComputers,
      })),
      ...result,
      hiddenUpdates: [...catalog.declined],
      acceptedEulas: await store.listAcceptedTerms(),
    };
  };
}

interface Tellable {
  decision: Decision;
  revisionNumber: number;
}

/**
 * Decisions of one transaction have one stamp, and the anchor is a stamp: of a stamp all decisions are told, or none. If one
 * names an update that the replica does not know yet, its stamp waits for the next lists. All stamps after it wait too.
 */
function wholeStamps(
  decisions: readonly Decision[],
  revisionOf: (decision: Decision) => number | undefined,
): { tellable: Tellable[]; told: number | undefined } {
  const tellable: Tellable[] = [];
  let told: number | undefined;
  for (const decision of decisions) {
    const isNext = decision.changedAt !== tellable.at(-1)?.decision.changedAt;
    if (isNext && tellable.length >= downstreamBounds.maxDeployments) break;
    const revisionNumber = revisionOf(decision);
    if (revisionNumber === undefined)
      return {
        tellable: tellable.filter((one) => one.decision.changedAt !== decision.changedAt),
        told: previousTo(decision, tellable),
      };
    tellable.push({ decision, revisionNumber });
    told = decision.changedAt;
  }
  return { tellable, told };
}

/** The newest stamp before that of this decision. */
function previousTo({ changedAt }: Decision, tellable: readonly Tellable[]): number | undefined {
  return tellable.findLast((one) => one.decision.changedAt !== changedAt)?.decision.changedAt;
}

const noGroup = '00000000-0000-0000-0000-000000000000';

function byStamp(decisions: DecisionsByUpdate): Decision[] {
  const all = [...decisions.values()].flatMap((groups) => [...groups.values()]);
  return all.sort((one, other) => one.changedAt - other.changedAt);
}

function firstAfter(decisions: readonly Decision[], stamp: number): number {
  let [low, high] = [0, decisions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((decisions[middle]?.changedAt ?? 0) > stamp) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The newest revision that the caller may know. */
function revisionFor({ index }: UpdateService['catalog'], { updateId }: Decision, known: number): number | undefined {
  const revisions = index.update(updateId as UpdateId)?.revisions ?? [];
  return revisions.findLast(({ revisionId }) => revisionId <= known)?.summary.identity.revisionNumber;
}

function wireDeployment(
  { updateId, groupId, action, deadline, changedAt, administrator }: Exclude<Decision, { action: 'Inherit' }>,
  revisionNumber: number,
): ServerSyncDeployment {
  return {
    ...{ updateId, revisionNumber, action: actions[action], administrator },
    deadline: deadline ?? noDeadline,
    isAssigned: action !== 'OptionalInstall',
    goLiveTime: new Date(changedAt),
    deploymentGuid: guidOf({ updateId, groupId }),
    groupId,
    downloadPriority: 2,
  };
}

const actions = { Install: 0, OptionalInstall: 0, Uninstall: 1, PreDeploymentCheck: 2, Block: 3 } as const;

/** As MS-WSUSSS wants it, with seven digits. */
const noDeadline = parseDateTime('9999-12-31T23:59:59.9999999') ?? new Date(253_402_300_799_999);

/** One for each update and group: a decision that takes the place of another keeps it. */
function guidOf({ updateId, groupId }: Pick<Decision, 'updateId' | 'groupId'>): string {
  const hex = createHash('sha256').update(`deployment ${updateId} ${groupId}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Stands for the state of the server in an anchor. */
function numberOf(serverId: string): number {
  return createHash('sha256').update(serverId).digest().readUInt32BE() >>> 2;
}
