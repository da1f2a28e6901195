// Which releases are of use, and where the tree leads old agents, which know no floors: to the newest of them, or to
// the first floor on the way there. From the floor on they go by signed metadata, which names the floors.
import { join } from 'node:path';
import {
  compareReleases,
  floorsOf,
  type Listed,
  type Pin,
  pinFor,
  type ReleaseTarget,
  readOurTarget,
  readPins,
  type TargetsSigned,
} from '@moult/releases/metadata';
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

/**
 * Without those that were recalled, and without agents above the version that All Computers are pinned to: the tree leads
 * everybody alike, so a release that goes through rings waits here.
 */
export function withoutRecalled(dataDir: string, published: readonly PublishedRelease[]): PublishedRelease[] {
  const recalled = recalledReleases(dataDir);
  const pin = pinFor(pinsOf(dataDir), { computer: '', groups: [] });
  const isAbove = ({ product, epoch = 0, version }: PublishedRelease['release']) =>
    pin !== undefined && product === 'moult-agent' && compareReleases({ epoch, version }, pin) > 0;
  return published.filter(({ release }) => !recalled.has(keyOf(release)) && !isAbove(release));
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
  return fromRole(dataDir, ({ targets }) =>
    Object.entries(targets).flatMap(([path, file]) => {
      const release = readOurTarget(path, file);
      return release?.kind === 'release' ? [{ path, release }] : [];
    }),
  );
}

function pinsOf(dataDir: string): Pin[] {
  return fromRole(dataDir, readPins);
}

function fromRole<One>(dataDir: string, read: (signed: TargetsSigned) => One[]): One[] {
  try {
    const { published, staged } = new Repository(join(dataDir, 'trust')).state();
    const signed = (staged.targets.get('agent') ?? published.targets.get('agent'))?.signed;
    return signed ? read(signed) : [];
  } catch {
    return []; // the keeper of the repository tells what is wrong with it
  }
}
