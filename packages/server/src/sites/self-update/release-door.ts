// The door of rings to releases: the signed list, and the tree with the releases that wait.
import { join } from 'node:path';
import type { ReleaseDoor } from '@moult/administration/rings';
import { leadByRings, lookAtRelease, mostRingPins, readHandPins, recallToBase } from '@moult/releases/repository';
import { offerRelease } from './offers.ts';
import { agentKinds, releasesIn } from './releases.ts';
import { releasesFolder } from './tree-folders.ts';

/** Of the server in this data directory. Its calls throw ReleaseError as the repository does. */
export function openReleaseDoor(dataDir: string): ReleaseDoor {
  const directory = join(dataDir, 'trust');
  return {
    look: (version) => lookAtRelease(directory, version),
    handPins: () => readHandPins(directory),
    lead: (lead, how) => leadByRings(directory, lead, how),
    recall: (version, reason, now) => recallToBase(directory, version, reason, now),
    async stored() {
      const found = await releasesIn(releasesFolder(dataDir), agentKinds);
      return found.filter(({ kind }) => kind === 'wsus').map(({ version }) => version);
    },
    async offer(version, now) {
      await offerRelease(dataDir, version, now);
    },
    mostPins: mostRingPins,
  };
}
