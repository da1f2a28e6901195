// Which releases are of use, and where the tree leads old agents, which know no floors: to the newest of them, or to
// the first floor on the way there. From the floor on they go by signed metadata, which names the floors.
import { join } from 'node:path';
import { floorsOf, type Listed, type ReleaseTarget, readOurTarget } from '@moult/releases/metadata';
import { Repository } from '@moult/releases/repository';
import { newestRelease, type PublishedRelease } from './releases.ts';

/**
 * Recalled releases (releaseKey) and why. One whose recall waits for signatures counts too: clients are not led there
 * meanwhile.
 */
export function recalledReleases(dataDir: string): Map<string, string> {
  return new Map(
    listed(dataDir).flatMap(({ release }) =>
      release.recalled === undefined ? [] : [[releaseKey(release), release.recalled.reason] as const],
    ),
  );
}

/** Product, generation and version, as `recalledReleases` has them. */
function releaseKey(release: Pick<ReleaseTarget, 'product' | 'generation' | 'epoch' | 'version'>): string {
  const { product, generation, epoch, version } = release;
  return `${product} ${generation} ${epoch}:${version}`;
}

/** Without those that were recalled. */
export function withoutRecalled(dataDir: string, published: readonly PublishedRelease[]): PublishedRelease[] {
  const recalled = recalledReleases(dataDir);
  return published.filter(({ release }) => !recalled.has(keyOf(release)));
}

/** Of a release in the tree. */
export function keyOf(release: PublishedRelease['release']): string {
  return releaseKey({ ...release, epoch: release.epoch ?? 0 });
}

/**
 * Undefined without a release, or without one of epoch 0. `usable`: neither recalled nor waiting to be offered. A floor
 * that is not among them is passed over.
 */
export function leadRelease(dataDir: string, usable: readonly PublishedRelease[]): PublishedRelease | undefined {
  const newest = newestRelease(usable);
  if (!newest) return undefined;
  const { version } = newest.release;
  const agents = listed(dataDir).filter(({ release }) => isAgent(release) && release.recalled === undefined);
  const carried = floorsOf(agents, { epoch: 0, version }).flatMap((floor) => {
    const found = usable.find(
      ({ release }) => release.generation === 'wsus' && floor.epoch === 0 && release.version === floor.version,
    );
    return found ? [found] : [];
  });
  return carried[0] ?? newest;
}

function isAgent({ product, generation }: ReleaseTarget): boolean {
  return product === 'moult-agent' && generation === 'wsus';
}

/** The targets of the metadata, with changes that wait for signatures. Nothing without metadata. */
function listed(dataDir: string): Listed[] {
  try {
    const { published, staged } = new Repository(join(dataDir, 'trust')).state();
    const targets = (staged.targets.get('agent') ?? published.targets.get('agent'))?.signed.targets ?? {};
    return Object.entries(targets).flatMap(([path, file]) => {
      const release = readOurTarget(path, file);
      return release?.kind === 'release' ? [{ path, release }] : [];
    });
  } catch {
    return []; // the keeper of the repository tells what is wrong with it
  }
}
