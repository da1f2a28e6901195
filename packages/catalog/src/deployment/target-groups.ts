// The administrator's decisions: target groups in a tree, and one decision for each update and group.

// The two groups that every WSUS has, under the ids that every WSUS gives them (MS-WSUSSS examples).
export const allComputers = 'a0a08746-4dbe-4a37-9adf-9e7652c0b421';
/** Holds the computers without another group. */
export const unassignedComputers = 'b73ca6ed-5727-47f3-84de-015e03f6a88a';

export interface TargetGroup {
  groupId: string;
  name: string;
  parentId: string | undefined;
}

const deploymentActions = ['Install', 'OptionalInstall', 'Uninstall', 'PreDeploymentCheck', 'Block'] as const;
export type DeploymentAction = (typeof deploymentActions)[number];

export interface StoredDeployment {
  deploymentId: number;
  updateId: string;
  groupId: string;
  action: DeploymentAction;
  deadline: Date | undefined;
  /** Grows with every change of this deployment. */
  changedAt: number;
  /** The author of the decision. */
  administrator: string;
  /** `rule:ID` or `ring:ID`. Undefined: a person decided. */
  by?: string | undefined;
}

/** A group's decision that was removed: the decision of its parent holds again, and clients must hear of it. */
export interface InheritedDeployment extends Omit<StoredDeployment, 'action'> {
  action: 'Inherit';
}
