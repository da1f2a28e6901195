// One computer, several groups, one update: which decision holds. The rules are those that Microsoft documents for WSUS
// ("Handling conflicts" in "Manage WSUS client computers and computer groups"): the deeper a group is in the tree, the
// higher its priority, whichever branch it is on. Of groups equally deep the stronger action counts, installation
// before removal and required before optional. Of equal actions the earlier deadline, and any before none.
import { allComputers, type InheritedDeployment, type StoredDeployment, type TargetGroup } from './target-groups.ts';

const strength: Readonly<Record<StoredDeployment['action'], number>> = {
  Install: 5,
  OptionalInstall: 4,
  Uninstall: 3,
  PreDeploymentCheck: 2,
  Block: 1,
};

export type Decision = StoredDeployment | InheritedDeployment;
export type DecisionsByUpdate = ReadonlyMap<string, ReadonlyMap<string, Decision>>;

/** Update id → group id → decision. */
export function byUpdate(deployments: readonly Decision[]): DecisionsByUpdate {
  const found = new Map<string, Map<string, Decision>>();
  for (const deployment of deployments) {
    const groups = found.get(deployment.updateId);
    if (groups) groups.set(deployment.groupId, deployment);
    else found.set(deployment.updateId, new Map([[deployment.groupId, deployment]]));
  }
  return found;
}

/** The line of groups from each of `groupIds` up to All Computers, nearest first. */
export function linesOf(groups: readonly TargetGroup[], groupIds: readonly string[]): string[][] {
  const parents = new Map(groups.map(({ groupId, parentId }) => [groupId, parentId]));
  const known = groupIds.filter((id) => parents.has(id));
  const lines = known.map((start) => {
    const line: string[] = [];
    for (let id: string | undefined = start; id !== undefined && !line.includes(id); id = parents.get(id))
      line.push(id);
    return line.includes(allComputers) ? line : [...line, allComputers];
  });
  return lines.length > 0 ? lines : [[allComputers]];
}

/**
 * The decision in force for a member of these lines. Undefined without any decision. If every decision was removed, it
 * is one to report only: without it clients do not hear that the old one is gone.
 */
export function decisionInForce(
  decisions: ReadonlyMap<string, Decision>,
  lines: readonly (readonly string[])[],
): StoredDeployment | undefined {
  let held: { decision: StoredDeployment; depth: number } | undefined;
  let newest: Decision | undefined;
  for (const line of lines) {
    for (const [at, groupId] of line.entries()) {
      const decision = decisions.get(groupId);
      if (!decision) continue;
      if (!newest || decision.changedAt > newest.changedAt) newest = decision;
      if (decision.action === 'Inherit') continue;
      // Steps below All Computers, where every line ends.
      const depth = line.length - 1 - at;
      if (!held || depth > held.depth || (depth === held.depth && outranks(decision, held.decision))) {
        held = { decision, depth };
      }
      break;
    }
  }
  if (!newest) return undefined;
  // A change on another line may have changed the outcome: clients are told by the newest time.
  if (held) return { ...held.decision, changedAt: newest.changedAt };
  return { ...newest, action: 'PreDeploymentCheck', deadline: undefined };
}

function outranks(one: StoredDeployment, other: StoredDeployment): boolean {
  const difference = strength[one.action] - strength[other.action];
  if (difference !== 0) return difference > 0;
  return (
    (one.deadline?.getTime() ?? Number.POSITIVE_INFINITY) < (other.deadline?.getTime() ?? Number.POSITIVE_INFINITY)
  );
}
