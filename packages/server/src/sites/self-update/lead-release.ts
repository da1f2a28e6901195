// Where the tree leads old agents, which know no floors: to the newest release, or to the first floor on the way there. From
// the floor on they go by signed metadata, which names the floors.
import { join } from 'node:path';
import { floorsOf, type Listed, readOurTarget } from '@moult/releases/metadata';
import { Repository } from '@moult/releases/repository';
import { newestRelease, type PublishedRelease } from './releases.ts';

/** Undefined when there is no release, or none of epoch 0. A floor that this server does not carry is passed over. */
export function leadRelease(dataDir: string, published: readonly PublishedRelease[]): PublishedRelease | undefined {
  const newest = newestRelease(published);
  if (!newest) return undefined;
  const { version } = newest.release;
  const carried = floorsOf(listed(join(dataDir, 'trust')), { epoch: 0, version }).flatMap((floor) => {
    const found = published.find(
      ({ release }) => release.generation === 'wsus' && floor.epoch === 0 && release.version === floor.version,
    );
    return found ? [found] : [];
  });
  return carried[0] ?? newest;
}

/** The agent's releases that the metadata lists and that were not recalled; none while there is no metadata. */
function listed(directory: string): Listed[] {
  try {
    const targets = new Repository(directory).state().published.targets.get('agent')?.signed.targets ?? {};
    return Object.entries(targets).flatMap(([path, file]) => {
      const release = readOurTarget(path, file);
      const isOurs = release?.kind === 'release' && release.product === 'moult-agent' && release.generation === 'wsus';
      return isOurs && release.recalled === undefined ? [{ path, release }] : [];
    });
  } catch {
    return []; // the keeper of the repository tells what is wrong with it
  }
}
