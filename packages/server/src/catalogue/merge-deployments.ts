// One computer, several groups, one update: which decision holds. Nearest group first along each line of the tree
// (a child group's own decision replaces its parent's, as in the WSUS console); between lines the stronger action, and
// with equal actions the earlier deadline.
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
  let held: StoredDeployment | undefined;
  let newest = 0;
  for (const line of lines) {
    const decided = line.map((id) => decisions.get(id)).find((decision) => decision !== undefined);
    if (!decided) continue;
    newest = Math.max(newest, decided.changedAt);
    if (!held || outranks(decided, held)) held = decided;
  }
  // Whatever changed on another line may have changed the outcome: clients are told by the newest time.
  return held && { ...held, changedAt: newest };
}

function outranks(one: StoredDeployment, other: StoredDeployment): boolean {
  const difference = strength[one.action] - strength[other.action];
  if (difference !== 0) return difference > 0;
  return (
    (one.deadline?.getTime() ?? Number.POSITIVE_INFINITY) < (other.deadline?.getTime() ?? Number.POSITIVE_INFINITY)
  );
}
