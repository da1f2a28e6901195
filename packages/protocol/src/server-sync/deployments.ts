// Groups and decisions that a replica takes from its upstream (MS-WSUSSS 3.1.4.10).
import { cookie } from '../soap/cookie.ts';
import { boolean, dateTime, guid, integer, text } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { expected, list, listThatMustBe, optional, record, required, type Value } from '../soap/shape.ts';

const targetGroup = record({
  groupId: required('TargetGroupID', guid),
  /** All zero for the group above all others. */
  parentGroupId: required('ParentGroupId', guid),
  name: optional('Name', text),
  isBuiltIn: expected('IsBuiltin', boolean, false),
});

const deployment = record({
  updateId: required('UpdateId', guid),
  revisionNumber: required('RevisionNumber', integer),
  /** 0 install, 1 uninstall, 2 scan only, 3 block. */
  action: required('Action', integer),
  administrator: optional('AdminName', text),
  deadline: required('Deadline', dateTime),
  isAssigned: expected('IsAssigned', boolean, true),
  goLiveTime: required('GoLiveTime', dateTime),
  deploymentGuid: required('DeploymentGuid', guid),
  groupId: required('TargetGroupId', guid),
  /** 1 low, 2 normal, 3 high. */
  downloadPriority: expected('DownloadPriority', integer, 2),
});
export type ServerSyncDeployment = Value<typeof deployment>;

const deploymentResult = record({
  anchor: optional('Anchor', text),
  /** All groups, each time. */
  groups: listThatMustBe('Groups', 'ServerSyncTargetGroup', targetGroup),
  deployments: listThatMustBe('Deployments', 'ServerSyncDeployment', deployment),
  deadDeployments: listThatMustBe('DeadDeployments', 'guid', guid),
  /** All declined updates, each time. */
  hiddenUpdates: listThatMustBe('HiddenUpdates', 'guid', guid),
  acceptedEulas: listThatMustBe('AcceptedEulas', 'guid', guid),
});
export type ServerSyncDeployments = Value<typeof deploymentResult>;

export const getDeployments = operation(
  record({
    cookie: optional('cookie', cookie),
    deploymentAnchor: optional('deploymentAnchor', text),
    syncAnchor: optional('syncAnchor', text),
  }),
  record({ result: optional('GetDeploymentsResult', deploymentResult) }),
);

/** Unused by WSUS. Microsoft's public service answers the newest revisions of these updates. */
export const getRelatedRevisionsForUpdates = operation(
  record({ cookie: optional('cookie', cookie), updateIds: list('updateIDs', 'guid', guid) }),
  record({
    result: list(
      'GetRelatedRevisionsForUpdatesResult',
      'UpdateIdentity',
      record({ updateId: required('UpdateID', guid), revisionNumber: required('RevisionNumber', integer) }),
    ),
  }),
);
