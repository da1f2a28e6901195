// One computer, several groups, one update: which decision holds. The rules are those that Microsoft documents for WSUS
// ("Handling conflicts" in "Manage WSUS client computers and computer groups"): the deeper a group is in the tree, the
// higher its priority, whichever branch it is on; of groups equally deep the stronger action counts, installation before
// removal and required before optional; of equal actions the earlier deadline, and any before none.
import { allComputers, type StoredDeployment, type TargetGroup } from '../store/index.ts';

const strength: Readonly<Record<StoredDeployment['action'], number>> = {
  Install: 5,
  OptionalInstall: 4,
  Uninstall: 3,
  PreDeploymentCheck: 2,
  Block: 1,
};

export type DecisionsByUpdate = ReadonlyMap<string, ReadonlyMap<string, StoredDeployment>>;

/** Update id → group id → decision. */
export function byUpdate(deployments: readonly StoredDeployment[]): DecisionsByUpdate {
  const found = new Map<string, Map<string, StoredDeployment>>();
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

/** The decision in force for a member of these lines; undefined when nobody decided. */
export function decisionInForce(
  decisions: ReadonlyMap<string, StoredDeployment>,
  lines: readonly (readonly string[])[],
): StoredDeployment | undefined {
  let held: { decision: StoredDeployment; depth: number } | undefined;
  let newest = 0;
  for (const line of lines) {
    const at = line.findIndex((id) => decisions.has(id));
    const decision = decisions.get(line[at] ?? '');
    if (!decision) continue;
    // Steps below All Computers, where every line ends.
    const depth = line.length - 1 - at;
    newest = Math.max(newest, decision.changedAt);
    if (!held || depth > held.depth || (depth === held.depth && outranks(decision, held.decision))) {
      held = { decision, depth };
    }
  }
  // Whatever changed on another line may have changed the outcome: clients are told by the newest time.
  return held && { ...held.decision, changedAt: newest };
}

function outranks(one: StoredDeployment, other: StoredDeployment): boolean {
  const difference = strength[one.action] - strength[other.action];
  if (difference !== 0) return difference > 0;
  return (
    (one.deadline?.getTime() ?? Number.POSITIVE_INFINITY) < (other.deadline?.getTime() ?? Number.POSITIVE_INFINITY)
  );
}
