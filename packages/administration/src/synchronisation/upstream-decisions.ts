// The groups and decisions of the upstream server, as it tells a replica (MS-WSUSSS 3.1.4.10, 3.2.4.3). Every answer is
// looked at before any of it is written.
import { allComputers, unassignedComputers } from '@moult/catalog';
import type { ServerSyncDeployment, ServerSyncDeployments } from '@moult/protocol/server-sync';
import type { UpstreamDecisions, UpstreamDeployment, WantedGroup } from '@moult/store';
import type { upstreamBounds } from './bounds.ts';
import { badAnswer } from './peer.ts';
import type { UpstreamSession } from './session.ts';

interface Asked {
  upstream: URL;
  session: UpstreamSession;
  /** Of the last answer. Undefined: everything is asked for. */
  anchor: string | undefined;
  /** Of the list of updates: the upstream tells decisions on updates up to there. */
  syncAnchor: string;
  limits: Pick<typeof upstreamBounds, 'groups' | 'deployments' | 'deploymentCalls' | 'anchorCharacters'>;
}

/**
 * Asks until an answer has no more changes: Moult tells many in several answers. Throws as UpstreamSession.call does. Throws
 * ADMINISTRATION_UPSTREAM_ANSWER for groups that do not make a tree, and for answers beyond the bounds.
 */
export async function askDecisions(asked: Asked): Promise<UpstreamDecisions> {
  const { upstream, session, limits, syncAnchor } = asked;
  const deployments = new Map<string, UpstreamDeployment>();
  const dead = new Set<string>();
  let { anchor } = asked;
  for (let call = 1; ; call++) {
    const last = anchor === undefined ? {} : { deploymentAnchor: anchor };
    const answer = await session.call('GetDeployments', { ...last, syncAnchor });
    const told = answer.deployments ?? [];
    for (const guid of answer.deadDeployments ?? []) {
      deployments.delete(guid);
      dead.add(guid);
    }
    for (const one of told) {
      dead.delete(one.deploymentGuid);
      deployments.set(one.deploymentGuid, toDeployment(one));
    }
    if (deployments.size + dead.size > limits.deployments)
      throw badAnswer(upstream, `it has more than ${limits.deployments} deployments`);
    anchor = requireAnchor(asked, answer.anchor);
    const hasMore = told.length + (answer.deadDeployments ?? []).length > 0;
    if (hasMore && call < limits.deploymentCalls) continue;
    return {
      ...{ anchor, deployments: [...deployments.values()], dead: [...dead], isWhole: asked.anchor === undefined },
      groups: groupsOf(upstream, answer, limits.groups),
      ...listsOf(upstream, answer, limits.deployments),
    };
  }
}

/** Throws ADMINISTRATION_UPSTREAM_ANSWER for an answer without an anchor. */
export function requireAnchor(
  { upstream, limits }: { upstream: URL; limits: Pick<Asked['limits'], 'anchorCharacters'> },
  anchor: string | undefined,
): string {
  if (anchor !== undefined && anchor !== '' && anchor.length <= limits.anchorCharacters) return anchor;
  throw badAnswer(upstream, 'an answer has no anchor, or one that is too long');
}

function listsOf(upstream: URL, { hiddenUpdates, acceptedEulas }: ServerSyncDeployments, most: number) {
  // Each replaces what is here: a list that is missing is not an empty one.
  if (!hiddenUpdates || !acceptedEulas)
    throw badAnswer(upstream, 'its answer to GetDeployments lacks the declined updates or the license terms');
  if (hiddenUpdates.length + acceptedEulas.length > most)
    throw badAnswer(upstream, `it has more than ${most} declined updates and license terms`);
  return { declined: hiddenUpdates, acceptedTerms: acceptedEulas };
}

const noGroup = '00000000-0000-0000-0000-000000000000';

/** A tree below All Computers. Throws if they do not make a tree: a wrong answer removes groups here. */
function groupsOf(upstream: URL, { groups }: ServerSyncDeployments, most: number): WantedGroup[] {
  if (!groups?.some(({ groupId }) => groupId === allComputers))
    throw badAnswer(upstream, 'its answer to GetDeployments lacks the group All Computers');
  if (groups.length > most) throw badAnswer(upstream, `it has more than ${most} groups`);
  const parents = new Map(groups.map(({ groupId, parentGroupId }) => [groupId, parentGroupId]));
  const names = new Set<string>();
  const isTop = new Set<string>([allComputers]);
  for (const { groupId, name } of groups) {
    const path: string[] = [];
    for (let at = groupId; !isTop.has(at); ) {
      path.push(at);
      const parent = parents.get(at);
      if (parent === noGroup) break;
      if (parent === undefined || path.includes(parent)) throw badAnswer(upstream, `its group ${groupId} has no place`);
      at = parent;
    }
    for (const one of path) isTop.add(one);
    if (groupId === allComputers || groupId === unassignedComputers) continue;
    const key = (name ?? '').trim().toLowerCase();
    if (key === '' || key.length > 256 || /[;\p{Cc}]/u.test(key) || names.has(key))
      throw badAnswer(upstream, `the name of its group ${groupId} cannot be used`);
    names.add(key);
  }
  return groups
    .filter(({ groupId }) => groupId !== allComputers && groupId !== unassignedComputers)
    .map(({ groupId, parentGroupId, name = '' }) => ({
      ...{ groupId, name: name.trim() },
      parentId: parentGroupId === noGroup || parentGroupId === allComputers ? undefined : parentGroupId,
    }));
}

function toDeployment({ deadline, goLiveTime, ...one }: ServerSyncDeployment): UpstreamDeployment {
  const { deploymentGuid, updateId, revisionNumber, groupId, action, isAssigned } = one;
  return {
    ...{ deploymentGuid, updateId, revisionNumber, groupId, action, isAssigned },
    deadline: deadline.getUTCFullYear() >= 9999 ? undefined : deadline,
    goLiveAt: goLiveTime,
  };
}
