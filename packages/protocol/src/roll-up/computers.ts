// Computers and the states of their updates, as a downstream server reports them (MS-WSUSSS 3.1.4.15 to 3.1.4.17).
import { cookie } from '../soap/cookie.ts';
import { boolean, dateTime, guid, integer, oneOf, text } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { element, expected, list, optional, record, required, type Shape, type Value } from '../soap/shape.ts';
import { attributed, attributes, listOfAttributed, optionalAttributed } from './attributes.ts';

/** Stands for "never" in every time of a roll-up. .NET writes the year 1 for it, too. */
export const never = new Date('1753-01-01T00:00:00Z');

const details = attributed(
  'Details',
  {
    address: attributes.text('IPAddress'),
    dnsName: attributes.text('FullDomainName'),
    osMajor: attributes.integer('OSMajorVersion'),
    osMinor: attributes.integer('OSMinorVersion'),
    osBuild: attributes.integer('OSBuildNumber'),
    servicePackMajor: attributes.integer('OSServicePackMajorNumber'),
    servicePackMinor: attributes.integer('OSServicePackMinorNumber'),
    osLocale: attributes.text('OSLocale'),
    osFamily: attributes.text('OSFamily'),
    osDescription: attributes.text('OSDescription'),
    manufacturer: attributes.text('ComputerMake'),
    model: attributes.text('ComputerModel'),
    biosVersion: attributes.text('BiosVersion'),
    biosName: attributes.text('BiosName'),
    biosReleasedAt: attributes.dateTime('BiosReleaseDate', never),
    architecture: attributes.text('ProcessorArchitecture'),
    suiteMask: attributes.integer('SuiteMask'),
    oldProductType: attributes.integer('OldProductType'),
    newProductType: attributes.integer('NewProductType'),
    systemMetrics: attributes.integer('SystemMetrics'),
    clientVersion: attributes.text('ClientVersion'),
  },
  record({
    groupIds: list('TargetGroupIdList', 'guid', guid),
    requestedGroups: list('RequestedTargetGroupNames', 'string', text),
  }),
);
export type ComputerRollupDetails = Value<typeof details>;

const inside = optionalAttributed('Details', details);
const computer = attributed(
  'ComputerRollupInfo',
  {
    computerId: attributes.text('ComputerId'),
    lastSync: attributes.dateTime('LastSyncTime', never),
    /** 0 unknown, 1 succeeded, 2 failed. */
    lastSyncResult: attributes.integer('LastSyncResult'),
    lastReboot: attributes.dateTime('LastReportedRebootTime', never),
    lastStatus: attributes.dateTime('LastReportedStatusTime', never),
    lastInventory: attributes.dateTime('LastInventoryTime', never),
    parentServerId: attributes.guid('ParentServerId'),
  },
  {
    read: (element, path): { details?: ComputerRollupDetails | undefined } => ({ details: inside.read(element, path) }),
    write: (value) => inside.write(value.details),
  },
);
export type ComputerRollupInfo = Value<typeof computer>;

const nothing = record({});
const changed = attributed(
  'ChangedComputer',
  {
    computerId: attributes.text('ComputerId'),
    change: { name: 'Change', shape: oneOf('Deleted', 'NewParent') },
  },
  nothing,
);

export const rollupComputers = operation(
  record({
    cookie: optional('cookie', cookie),
    clientTime: required('clientTime', dateTime),
    computers: optional('computers', listOfAttributed(computer)),
  }),
  record({ result: optional('RollupComputersResult', listOfAttributed(changed)) }),
);

export const getOutOfSyncComputers = operation(
  record({
    cookie: optional('cookie', cookie),
    parentServerId: required('parentServerId', guid),
    lastRollupNumbers: optional(
      'lastRollupNumbers',
      listOf(
        'ComputerLastRollupNumber',
        record({ computerId: optional('ComputerId', text), number: required('RollupNumber', integer) }),
      ),
    ),
  }),
  record({ result: optional('GetOutOfSyncComputersResult', listOf('string', text)) }),
);

const status = record({
  instanceId: required('InstanceId', guid),
  computerId: optional('ComputerId', text),
  detectedAt: expected('EffectiveLastDetectionTime', dateTime, never),
  number: required('RollupNumber', integer),
  isFull: required('IsFullRollup', boolean),
  states: list(
    'UpdateStatus',
    'ComputerStatusRollupUpdateStatus',
    record({
      updateId: required('UpdateId', guid),
      /** 0 not applicable, 2 not installed, 3 downloaded, 4 installed, 5 failed, 6 installed and waits for a restart. */
      state: required('SummarizationState', integer),
      changedAt: required('LastChangeTime', dateTime),
    }),
  ),
});
export type ComputerStatusRollup = Value<typeof status>;

export const rollupComputerStatus = operation(
  record({
    cookie: optional('cookie', cookie),
    clientTime: required('clientTime', dateTime),
    parentServerId: required('parentServerId', guid),
    computers: optional('computers', listOf('ComputerStatusRollupInfo', status)),
  }),
  record({ result: expected('RollupComputerStatusResult', boolean, false) }),
);

/** Absent is something else than empty, and empty is written. */
function listOf<T>(item: string, shape: Shape<T>): Shape<T[]> {
  return {
    read: (given, path) =>
      given.children.flatMap((child) => (child.kind === 'element' ? [shape.read(child, path)] : [])),
    write: (values) => values.map((value) => element(item, shape.write(value))).join(''),
  };
}
