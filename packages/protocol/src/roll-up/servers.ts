// Downstream servers, as they report themselves and the servers below them (MS-WSUSSS 3.1.4.13, 3.1.4.14).
import { cookie } from '../soap/cookie.ts';
import { boolean, dateTime, guid, integer, text } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { expected, list, optional, record, required, type Value } from '../soap/shape.ts';

const configuration = record({
  /** False: computers are not reported, servers are. */
  isDetailed: required('DoDetailedRollup', boolean),
  /** Another one than before: everything is reported again. */
  resetGuid: required('RollupResetGuid', guid),
  serverId: required('ServerId', guid),
  maxSummaries: required('RollupDownstreamServersMaxBatchSize', integer),
  maxComputers: required('RollupComputersMaxBatchSize', integer),
  maxNumbers: required('GetOutOfSyncComputersMaxBatchSize', integer),
  maxStatuses: required('RollupComputerStatusMaxBatchSize', integer),
});
export type RollupConfiguration = Value<typeof configuration>;

export const getRollupConfiguration = operation(
  record({ cookie: optional('cookie', cookie) }),
  record({ result: optional('GetRollupConfigurationResult', configuration) }),
);

const count = (name: string) => expected(name, integer, 0);

const serverSummary = record({
  updates: count('UpdateCount'),
  declined: count('DeclinedUpdateCount'),
  approved: count('ApprovedUpdateCount'),
  notApproved: count('NotApprovedUpdateCount'),
  staleApprovals: count('UpdatesWithStaleUpdateApprovalsCount'),
  expired: count('ExpiredUpdateCount'),
  criticalNotApproved: count('CriticalOrSecurityUpdatesNotApprovedForInstallCount'),
  infrastructureNotApproved: count('WsusInfrastructureUpdatesNotApprovedForInstallCount'),
  updatesWithClientErrors: count('UpdatesWithClientErrorsCount'),
  updatesWithServerErrors: count('UpdatesWithServerErrorsCount'),
  updatesNeedingFiles: count('UpdatesNeedingFilesCount'),
  updatesNeeded: count('UpdatesNeededByComputersCount'),
  updatesUpToDate: count('UpdatesUpToDateCount'),
  groups: count('CustomComputerTargetGroupCount'),
  computers: count('ComputerTargetCount'),
  computersNeeding: count('ComputerTargetsNeedingUpdatesCount'),
  computersFailing: count('ComputerTargetsWithUpdateErrorsCount'),
  computersUpToDate: count('ComputersUpToDateCount'),
});
export type ServerSummary = Value<typeof serverSummary>;

const clientSummary = record({
  osMajor: count('OSMajorVersion'),
  osMinor: count('OSMinorVersion'),
  osBuild: count('OSBuildNumber'),
  servicePackMajor: count('OSServicePackMajorNumber'),
  servicePackMinor: count('OSServicePackMinorNumber'),
  osLocale: optional('OSLocale', text),
  suiteMask: count('SuiteMask'),
  oldProductType: count('OldProductType'),
  newProductType: count('NewProductType'),
  systemMetrics: count('SystemMetrics'),
  architecture: optional('ProcessorArchitecture', text),
  computers: count('Count'),
  activities: list(
    'ActivitySummaries',
    'DownstreamServerRollupClientActivitySummary',
    record({
      updateId: required('UpdateId', guid),
      revisionNumber: required('RevisionNumber', integer),
      installed: count('InstallSuccessCount'),
      failed: count('InstallFailureCount'),
    }),
  ),
});
export type ClientSummary = Value<typeof clientSummary>;

const downstreamServer = record({
  serverId: required('ServerId', guid),
  name: optional('FullDomainName', text),
  lastSync: required('LastSyncTime', dateTime),
  /** All zero: the receiver. */
  parentServerId: required('ParentServerId', guid),
  version: optional('Version', text),
  isReplica: required('IsReplica', boolean),
  lastRollup: required('LastRollupTime', dateTime),
  summary: optional('ServerSummary', serverSummary),
  clients: list('ClientSummaries', 'DownstreamServerRollupClientSummary', clientSummary),
});
export type DownstreamServerRollup = Value<typeof downstreamServer>;

export const rollupDownstreamServers = operation(
  record({
    cookie: optional('cookie', cookie),
    clientTime: required('clientTime', dateTime),
    downstreamServers: optional('downstreamServers', {
      read: (given, path) =>
        given.children.flatMap((child) => (child.kind === 'element' ? [downstreamServer.read(child, path)] : [])),
      write: (values) =>
        values
          .map((value) => `<DownstreamServerRollupInfo>${downstreamServer.write(value)}</DownstreamServerRollupInfo>`)
          .join(''),
    }),
  }),
  record({}),
);
