// The reports of downstream servers (MS-WSUSSS 3.1.4.13 to 3.1.4.17). All callers have the same cookie, and do not prove who
// they are. So everything is bounded, and kept apart from the computers of this server.
import { createHash } from 'node:crypto';
import type { serverReporting } from '@moult/protocol/roll-up';
import type { RequestOf } from '@moult/protocol/soap';
import {
  type DownstreamLimits,
  type Recorded,
  type ReportedComputer,
  type ReportedServer,
  type ReportedStates,
  rollUpReset,
} from '@moult/store';
import { SoapFault } from '../../errors.ts';
import { rollUpBounds } from '../../roll-up-bounds.ts';
import type { Handlers } from '../../update-service/soap-site.ts';
import type { UpdateService } from '../../update-service/update-service.ts';
import { correctedBy } from './roll-up-clock.ts';
import { cut, systemOf } from './roll-up-texts.ts';

type Operations = (typeof serverReporting)['operations'];
type RollUpHandlers = Pick<
  Handlers<Operations>,
  | 'GetRollupConfiguration'
  | 'RollupDownstreamServers'
  | 'RollupComputers'
  | 'GetOutOfSyncComputers'
  | 'RollupComputerStatus'
>;

export function rollUpHandlers(service: UpdateService): RollUpHandlers {
  const { store, identity, now, config } = service;
  const requireDetailed = () => {
    if (config.rollUpDetails === 'off') throw new SoapFault('InternalServerError', 'DoDetailedRollup is false');
  };
  return {
    async GetRollupConfiguration() {
      return {
        result: {
          isDetailed: config.rollUpDetails === 'on',
          resetGuid: resetGuidOf(`${identity.serverId} ${(await store.loadSetting(rollUpReset)) ?? ''}`),
          serverId: identity.serverId,
          maxSummaries: rollUpBounds.maxSummaries,
          maxComputers: rollUpBounds.maxComputersPerCall,
          maxNumbers: rollUpBounds.maxNumbers,
          maxStatuses: rollUpBounds.maxStatuses,
        },
      };
    },

    async RollupDownstreamServers({ clientTime, downstreamServers }) {
      const given = required(downstreamServers, 'downstreamServers', rollUpBounds.maxServers);
      const summaries = given.reduce((sum, { clients }) => sum + clients.length, 0);
      if (summaries > rollUpBounds.maxSummaries) throw new SoapFault('InvalidParameters', 'downstreamServers');
      const clock = correctedBy(now(), clientTime);
      const servers = given.map((one) => toServer(one, clock, identity.serverId));
      const { aheadMs: clockAheadMs } = clock;
      const ownIds = [identity.serverId, (await store.loadSetting('sync-account')) ?? ''];
      const circumstances = { now: now(), clockAheadMs, ownIds, limits: limits() };
      refuse(await store.recordDownstreamServers(servers, circumstances), 'downstreamServers');
      return {};
    },

    async RollupComputers({ clientTime, computers }) {
      const given = required(computers, 'computers', rollUpBounds.maxComputersPerCall);
      requireDetailed();
      const clock = correctedBy(now(), clientTime);
      const reported = given.map((one) => toComputer(one, clock));
      const { kind, needDetails } = await store.recordDownstreamComputers(reported, { now: now(), limits: limits() });
      refuse(kind, 'computers');
      return { result: needDetails.map((computerId) => ({ computerId, change: 'NewParent' as const })) };
    },

    async GetOutOfSyncComputers({ parentServerId, lastRollupNumbers }) {
      const given = required(lastRollupNumbers, 'lastRollupNumbers', rollUpBounds.maxNumbers);
      requireDetailed();
      const numbers = given.map(({ computerId, number }) => ({ computerId: computerIdOf(computerId), number }));
      return { result: await store.findOutOfSync(parentServerId, numbers) };
    },

    async RollupComputerStatus({ clientTime, parentServerId, computers }) {
      const given = required(computers, 'computers', rollUpBounds.maxStatuses);
      requireDetailed();
      const clock = correctedBy(now(), clientTime);
      const reports = given.map((one) => toStates(one, clock));
      await store.recordDownstreamStates(parentServerId, reports, limits());
      return { result: true };
    },
  };
}

function limits(): DownstreamLimits {
  return {
    servers: rollUpBounds.maxServers,
    computers: rollUpBounds.maxComputers,
    statesPerComputer: rollUpBounds.maxStates,
    systems: rollUpBounds.maxSystems,
    activities: rollUpBounds.maxActivities,
  };
}

function required<T>(values: readonly T[] | undefined, parameter: string, most: number): readonly T[] {
  if (values && values.length <= most) return values;
  throw new SoapFault('InvalidParameters', parameter);
}

/** MS-WSUSSS has no code for either: the caller stops. */
function refuse(recorded: Recorded, parameter: string): void {
  if (recorded === 'unknown-server') throw new SoapFault('InternalServerError', 'ParentServerId');
  if (recorded === 'no-room') throw new SoapFault('InternalServerError', `${parameter}: this server takes no more`);
}

/** Another one after a restore, and after a server was removed: everything is reported again. */
function resetGuidOf(state: string): string {
  const hex = createHash('sha256').update(`roll-up ${state}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const receiver = '00000000-0000-0000-0000-000000000000';

type Clock = ReturnType<typeof correctedBy>;
type WireServer = NonNullable<RequestOf<Operations['RollupDownstreamServers']>['downstreamServers']>[number];
type WireComputer = NonNullable<RequestOf<Operations['RollupComputers']>['computers']>[number];
type WireStates = NonNullable<RequestOf<Operations['RollupComputerStatus']>['computers']>[number];

function toServer(one: WireServer, clock: Clock, ownId: string): ReportedServer {
  const { serverId, parentServerId, isReplica, summary, clients } = one;
  const isBelowUs = parentServerId === receiver || parentServerId === ownId;
  return {
    ...{ serverId, parentId: isBelowUs ? undefined : parentServerId, isReplica, summary },
    name: cut(one.name, 255),
    version: cut(one.version, 32),
    lastSync: clock.at(one.lastSync),
    rolledUpAt: clock.at(one.lastRollup) ?? new Date(0),
    systems: clients.map((client) => ({
      system: systemOf(client),
      computers: client.computers,
      activities: client.activities.slice(0, rollUpBounds.maxActivities),
    })),
  };
}

function toComputer({ computerId, parentServerId, details, ...one }: WireComputer, clock: Clock): ReportedComputer {
  const { address = '', dnsName = '', groupIds = [], requestedGroups = [], ...facts } = details ?? {};
  return {
    ...{ computerId: computerIdOf(computerId), serverId: parentServerId, lastSyncResult: one.lastSyncResult },
    ...{ lastSync: clock.at(one.lastSync), lastReboot: clock.at(one.lastReboot) },
    ...{ lastStatus: clock.at(one.lastStatus), lastInventory: clock.at(one.lastInventory) },
    details: details && {
      ...{ address: cut(address, 56), dnsName: cut(dnsName, 255) },
      facts: {
        ...Object.fromEntries(
          Object.entries(facts).map(([name, value]) => [name, typeof value === 'string' ? cut(value, 256) : value]),
        ),
        groupIds: groupIds.slice(0, rollUpBounds.maxGroups),
        requestedGroups: requestedGroups.slice(0, rollUpBounds.maxGroups).map((name) => cut(name, 256)),
      },
    },
  };
}

const states = new Set([0, 2, 3, 4, 5, 6]);

function toStates({ computerId, number, isFull, detectedAt, ...one }: WireStates, clock: Clock): ReportedStates {
  return {
    ...{ computerId: computerIdOf(computerId), number, isFull, detectedAt: clock.at(detectedAt) },
    states: one.states
      .filter(({ state }) => states.has(state))
      .map(({ updateId, state, changedAt }) => ({ updateId, state, changedAt: clock.at(changedAt) ?? new Date(0) })),
  };
}

/** The id of a client may be any text. */
function computerIdOf(text: string | undefined): string {
  const id = (text ?? '').trim().toLowerCase();
  if (id === '' || id.length > 256 || /\p{Cc}/u.test(id)) throw new SoapFault('InvalidParameters', 'ComputerId');
  return id;
}
