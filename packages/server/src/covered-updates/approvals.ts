// Whose computers may install an update, by the names of groups: the decision in force in each group, inherited ones
// included, because an agent does not know the tree of groups.

import { type Decision, decisionInForce, linesOf } from '@moult/catalog';
import type { Approval } from '@moult/releases/metadata';
import { allComputers, type TargetGroup } from '@moult/store';

/** The name for every computer. No group but the built-in one has this name. */
const everyComputer = 'All Computers';

type Action = Approval['action'];
const actions: Readonly<Record<string, Action | undefined>> = {
  Install: 'install',
  OptionalInstall: 'install',
  Uninstall: 'uninstall',
};

/** The approvals that the decisions on one update (by group) come to. None when no group has one. */
export function approvalsFrom(
  groups: readonly TargetGroup[],
): (decisions: ReadonlyMap<string, Decision>) => Approval[] {
  const lines = groups.map(({ groupId }) => linesOf(groups, [groupId]));
  return (decisions) => {
    const everywhere = decisions.size === 1 ? decisions.get(allComputers) : undefined;
    if (everywhere) {
      const action = actions[everywhere.action];
      return action ? [{ group: everyComputer, action }] : [];
    }
    const inForce = lines.map((line) => actions[decisionInForce(decisions, line)?.action ?? '']);
    const [first] = inForce;
    if (inForce.every((action) => action === first)) return first ? [{ group: everyComputer, action: first }] : [];
    return groups.flatMap(({ groupId, name }, at) => {
      const action = inForce[at];
      // No computer is in the root of the tree: a computer is in another group, or in Unassigned Computers.
      const isEvery = groupId === allComputers || name.toLowerCase() === everyComputer.toLowerCase();
      return action && !isEvery ? [{ group: name, action }] : [];
    });
  };
}

/** Both lists, each approval once. */
export function joined(one: readonly Approval[], other: readonly Approval[]): Approval[] {
  const all = [...one, ...other].map((approval) => [`${approval.action} ${approval.group}`, approval] as const);
  return [...new Map(all).values()].sort((a, b) => (a.group < b.group ? -1 : 1));
}
