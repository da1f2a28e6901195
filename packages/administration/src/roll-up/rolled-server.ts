// Servers in the words of a roll-up: this one, and those below it.
import { type DownstreamServerRollup, never, type ServerSummary } from '@moult/protocol/roll-up';
import type { DownstreamServer, Store } from '@moult/store';

const receiver = '00000000-0000-0000-0000-000000000000';

/** A real WSUS wants a version of WSUS that is not above its own. */
const announcedVersion = '10.0.14393.0';

export async function ownRollup(
  store: Store,
  { serverId, name, now }: { serverId: string; name: string; now: Date },
): Promise<DownstreamServerRollup> {
  const runs = await store.listSyncRuns(20);
  const synchronised = runs.find(({ state }) => state === 'done')?.endedAt;
  return {
    ...{ serverId, name, parentServerId: receiver, version: announcedVersion, clients: [] },
    ...{ isReplica: (await store.loadRole()) === 'replica', lastSync: synchronised ?? never, lastRollup: now },
    summary: await ownSummary(store),
  };
}

export function rollupOf(server: DownstreamServer, ownId: string): DownstreamServerRollup {
  const { serverId, name, version, isReplica, parentId = ownId, lastSync = never, rolledUpAt, summary } = server;
  return {
    ...{ serverId, name, version, isReplica, parentServerId: parentId, lastSync, lastRollup: rolledUpAt, clients: [] },
    summary: { ...nothing, ...summary },
  };
}

const nothing: ServerSummary = {
  ...{ updates: 0, declined: 0, approved: 0, notApproved: 0, staleApprovals: 0, expired: 0, criticalNotApproved: 0 },
  ...{ infrastructureNotApproved: 0, updatesWithClientErrors: 0, updatesWithServerErrors: 0, updatesNeedingFiles: 0 },
  ...{ updatesNeeded: 0, updatesUpToDate: 0, groups: 0, computers: 0, computersNeeding: 0, computersFailing: 0 },
  computersUpToDate: 0,
};

/** Figures that Moult does not keep are 0. */
async function ownSummary(store: Store): Promise<ServerSummary> {
  await store.addUpFigures();
  const { computers, updates, groups } = await store.loadServerStatus();
  const { needed, failed } = await store.countUpdatesWithStates();
  const { total, approved, declined } = updates;
  return {
    ...nothing,
    ...{ updates: total, declined, approved, notApproved: Math.max(0, total - approved - declined), groups },
    ...{ updatesNeeded: needed, updatesWithClientErrors: failed, computers: computers.total },
    ...{ computersNeeding: computers.needingUpdates, computersFailing: computers.withErrors },
    computersUpToDate: Math.max(0, computers.total - computers.neverReported - computers.needingUpdates),
  };
}
