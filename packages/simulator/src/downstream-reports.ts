// The reports of a played downstream server (roll-up, MS-WSUSSS 3.1.4.13 to 3.1.4.17): itself, and made-up computers.
import { createHash } from 'node:crypto';
import {
  type ComputerRollupInfo,
  rollUpCookie as cookie,
  type DownstreamServerRollup,
  never,
  rollUp,
  type ServerSummary,
} from '@moult/protocol/roll-up';
import type { DownstreamOptions } from './downstream.ts';
import { DownstreamTrouble } from './downstream-line.ts';

type Reported = Pick<DownstreamOptions, 'line' | 'now' | 'account' | 'isReplica' | 'computers'>;

const unassignedComputers = 'b73ca6ed-5727-47f3-84de-015e03f6a88a';
/** All zero: the server that is told. */
const receiver = '00000000-0000-0000-0000-000000000000';

interface Reports {
  figures: Record<string, number>;
  findings: string[];
}

/** Reports the server and its computers, then asks which computers are not in step, and reports their status. */
export async function reportUp(options: Reported): Promise<Reports> {
  const { line, now, account } = options;
  const { result: config } = await line.call(rollUp, 'GetRollupConfiguration', { cookie });
  if (!config) throw new DownstreamTrouble('the answer to GetRollupConfiguration has no result');
  const clientTime = now();
  await line.call(rollUp, 'RollupDownstreamServers', { cookie, clientTime, downstreamServers: [serverOf(options)] });
  if (!config.isDetailed) return { figures: { servers: 1, computers: 0, statuses: 0 }, findings: [] };
  const ids = Array.from({ length: options.computers }, (_, at) => idOf(`${account.id} ${at}`));
  for (const [start, some] of portions(ids, config.maxComputers)) {
    const computers = some.map((computerId, at) => computerOf(computerId, start + at, options));
    await line.call(rollUp, 'RollupComputers', { cookie, clientTime, computers });
  }
  const known = new Set(ids);
  let statuses = 0;
  let strangers = 0;
  for (const [, some] of portions(ids, config.maxNumbers)) {
    const lastRollupNumbers = some.map((computerId) => ({ computerId, number: 1 }));
    const asked = { cookie, parentServerId: account.id, lastRollupNumbers };
    const { result: outOfSync = [] } = await line.call(rollUp, 'GetOutOfSyncComputers', asked);
    strangers += outOfSync.filter((computerId) => !known.has(computerId)).length;
    statuses += await reportStatuses(outOfSync, config.maxStatuses, clientTime, options);
  }
  const findings =
    strangers > 0 ? [`GetOutOfSyncComputers names ${strangers} computers that it was not asked about.`] : [];
  return { figures: { servers: 1, computers: ids.length, statuses }, findings };
}

async function reportStatuses(
  ids: readonly string[],
  most: number,
  clientTime: Date,
  { line, account }: Reported,
): Promise<number> {
  for (const [, some] of portions(ids, most)) {
    const computers = some.map((computerId) => ({
      ...{ instanceId: idOf(`status ${computerId}`), computerId, detectedAt: clientTime, number: 1, isFull: true },
      states: [],
    }));
    await line.call(rollUp, 'RollupComputerStatus', { cookie, clientTime, parentServerId: account.id, computers });
  }
  return ids.length;
}

function serverOf({ account, now, isReplica, computers }: Reported): DownstreamServerRollup {
  const rest = { version: '10.0.14393.0', isReplica, lastSync: now(), lastRollup: now(), clients: [] };
  const summary = { ...nothing, computers, computersUpToDate: computers };
  return { serverId: account.id, name: account.name, parentServerId: receiver, ...rest, summary };
}

const nothing: ServerSummary = {
  ...{ updates: 0, declined: 0, approved: 0, notApproved: 0, staleApprovals: 0, expired: 0, criticalNotApproved: 0 },
  ...{ infrastructureNotApproved: 0, updatesWithClientErrors: 0, updatesWithServerErrors: 0, updatesNeedingFiles: 0 },
  ...{ updatesNeeded: 0, updatesUpToDate: 0, groups: 0, computers: 0, computersNeeding: 0, computersFailing: 0 },
  computersUpToDate: 0,
};

function computerOf(computerId: string, at: number, { account, now }: Reported): ComputerRollupInfo {
  return {
    ...{ computerId, parentServerId: account.id, lastSync: now(), lastSyncResult: 1, lastReboot: never },
    ...{ lastStatus: now(), lastInventory: never },
    details: {
      ...{ address: `192.0.2.${1 + (at % 250)}`, dnsName: `made-up-${at}.${account.name}` },
      ...{ groupIds: [unassignedComputers], requestedGroups: [], osMajor: 10, osMinor: 0, osBuild: 19_045 },
      ...{
        servicePackMajor: 0,
        servicePackMinor: 0,
        osLocale: 'en-US',
        osFamily: 'Windows',
        osDescription: 'Windows 10',
      },
      ...{ manufacturer: 'Made up', model: 'Simulated', biosVersion: '1', biosName: 'Made up', biosReleasedAt: never },
      ...{ architecture: 'AMD64', suiteMask: 256, oldProductType: 1, newProductType: 48, systemMetrics: 0 },
      clientVersion: '10.0.19041.1',
    },
  };
}

/** The same text gives the same id, so that a second run reports the same computers. */
function idOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A server that allows none in a call is asked for one at a time. */
function* portions<Item>(items: readonly Item[], most: number): Generator<[start: number, some: Item[]]> {
  const size = Math.max(1, most);
  for (let start = 0; start < items.length; start += size) yield [start, items.slice(start, start + size)];
}
