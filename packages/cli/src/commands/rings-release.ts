// moult rings release: agent releases that go through the fleet in rings.

import type { Administration } from '@moult/administration';
import {
  changeReleaseWay,
  enterRelease,
  type ListedReleaseRollout,
  listReleases,
  type ReleaseDoor,
  type ShownReleaseRollout,
  showRelease,
  type Wish,
} from '@moult/administration/rings';
import { openReleaseDoor } from '@moult/server/tree';
import { type Command, Option } from 'commander';
import { type Column, type ListFlags, showList, wholeList, withList } from '../lists.ts';
import { present } from '../output.ts';
import type { ApiClient } from '../remote/api-client.ts';
import { perform, type RemoteFlags, withRemoteOptions } from '../remote/perform.ts';
import { timeOf } from '../times.ts';
import { evidenceLines } from './ring-evidence.ts';

const columns: readonly Column<ListedReleaseRollout>[] = [
  { name: 'release', cell: ({ release }) => release },
  { name: 'rings', cell: ({ rings }) => rings },
  { name: 'status', cell: ({ status }) => status },
  { name: 'ring', cell: ({ ring, ringCount, ringName }) => `${ring} of ${ringCount}: ${ringName}` },
  { name: 'waits-for', cell: ({ waitsFor }) => waitsFor },
];

export function registerReleases(rings: Command): void {
  const release = rings.command('release').description('let agent releases go through rings');
  withList(withRemoteOptions(release.command('list', { isDefault: true })), { limit: 0, columns })
    .description('list agent releases that went into rings')
    .action(list);
  withRemoteOptions(release.command('enter').argument('<rings>').argument('<version>'))
    .description('let a release begin its way: the first ring gets it, all other computers keep theirs')
    .action((rings: string, version: string, flags: RemoteFlags) =>
      tell(
        flags,
        (administration, door) => enterRelease(administration, door, rings, version),
        (api) => api.send('POST', '/releases/rollouts', { rings, version }),
      ),
    );
  withRemoteOptions(release.command('show').argument('<version>'))
    .description('show how far a release is, and its numbers')
    .action((version: string, flags: RemoteFlags) =>
      tell(
        flags,
        (administration, door) => showRelease(administration, door, version),
        (api) => api.get(pathOf(version)),
      ),
    );
  way('resume', 'let a release go on after a pause or a halt', { action: 'resume' });
  way('skip', 'let a release go on to the next ring now', { action: 'skip' });
  way('rollback', 'recall a release: computers that have it go back to the one before', { action: 'rollBack' });
  withRemoteOptions(release.command('pause').argument('<version>'))
    .description('keep a release from going on')
    .addOption(new Option('--until <time>', 'end of the pause, for example 2026-12-24').argParser(timeOf))
    .action((version: string, { until, ...flags }: RemoteFlags & { until?: Date }) =>
      change(version, flags, { action: 'pause', until }),
    );

  function way(name: string, says: string, wish: Wish) {
    withRemoteOptions(release.command(name).argument('<version>'))
      .description(says)
      .action((version: string, flags: RemoteFlags) => change(version, flags, wish));
  }
}

function pathOf(version: string): string {
  return `/releases/rollouts/${encodeURIComponent(version)}`;
}

async function list(flags: RemoteFlags & ListFlags): Promise<void> {
  const rows = await perform<ListedReleaseRollout[]>(
    flags,
    (administration) => listReleases(administration),
    async (api) => (await api.list<ListedReleaseRollout>('/releases/rollouts', { limit: 0 })).items,
  );
  showList(wholeList(rows), flags, columns, ['agent release', 'agent releases']);
}

function change(version: string, flags: RemoteFlags, wish: Wish): Promise<void> {
  return tell(
    flags,
    (administration, door) => changeReleaseWay(administration, door, version, wish),
    (api) => {
      const isOnward = wish.action === 'resume' || wish.action === 'skip';
      return api.send('POST', `${pathOf(version)}/${isOnward ? 'advance' : 'hold'}`, wish);
    },
  );
}

async function tell(
  flags: RemoteFlags,
  here: (administration: Administration, door: ReleaseDoor) => Promise<ShownReleaseRollout>,
  there: (api: ApiClient) => Promise<unknown>,
): Promise<void> {
  const shown = await perform(
    flags,
    (administration) => here(administration, openReleaseDoor(administration.server.dataDir)),
    async (api) => (await there(api)) as ShownReleaseRollout,
  );
  present(shown, flags, () => evidenceLines(`Agent ${shown.release}`, shown));
}
