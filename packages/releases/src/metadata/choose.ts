// Which release a machine takes next: pure, from signed data only.
import { ReleaseError } from '../errors.ts';
import type { ReleaseTarget } from './custom.ts';
import { compareReleases, formatRelease, type ReleaseVersion } from './version.ts';

export interface Listed {
  path: string;
  release: ReleaseTarget;
}

export interface Machine {
  product: string;
  generation: string;
  platform: string;
  /** Its present version. Undefined when nothing is installed. */
  current: ReleaseVersion | undefined;
  /** The operator wants this version in place of the newest. Its floors come first all the same. */
  pin?: ReleaseVersion;
}

/**
 * The release to install next. Undefined when the machine has what it should have. The newest that is not recalled is
 * the aim. A floor on the way comes first. A machine goes back only if its own version is recalled with a replacement.
 * Metadata must be current for that (`fresh`). A pin never leads a machine to an older version, and jumps no floor: a
 * server that saves pins asks here first. A floor of one release holds for all newer ones: a release that was listed
 * without it must not lead past it. Throws RELEASE_FLOOR_MISSING when a floor is not listed.
 */
export function chooseRelease(all: readonly Listed[], machine: Machine, fresh: boolean): Listed | undefined {
  const { current, pin } = machine;
  const fitting = all
    .filter(({ release }) => fits(release, machine))
    .sort((a, b) => compareReleases(b.release, a.release));
  const usable = fitting.filter(({ release }) => release.recalled === undefined);
  const [newest] = pin ? usable.filter(({ release }) => compareReleases(release, pin) === 0) : usable;
  if (newest && (current === undefined || compareReleases(newest.release, current) > 0)) {
    return firstFloor(usable, newest, current) ?? newest;
  }
  if (!fresh || current === undefined) return undefined;
  return replacementOf(fitting, usable, current);
}

/**
 * The versions that a machine must have run before `aim`, oldest first: the floors of `aim`, and of each listed release
 * before it.
 */
export function floorsOf(usable: readonly Listed[], aim: ReleaseVersion): ReleaseVersion[] {
  const named = usable.filter(({ release }) => compareReleases(release, aim) <= 0);
  const floors = named.flatMap(({ release }) => release.floors).filter((floor) => compareReleases(floor, aim) < 0);
  return floors.sort(compareReleases);
}

/** The lowest floor of `aim` that the machine has not run yet. */
function firstFloor(usable: readonly Listed[], aim: Listed, current: ReleaseVersion | undefined): Listed | undefined {
  if (current === undefined) return undefined; // a fresh installation has no state to carry over
  const [floor] = floorsOf(usable, aim.release).filter((one) => compareReleases(one, current) > 0);
  if (!floor) return undefined;
  const listed = usable.find(({ release }) => compareReleases(release, floor) === 0);
  if (listed) return listed;
  const text = `${formatRelease(aim.release)} needs ${formatRelease(floor)} first, and that release is not listed or is recalled.`;
  throw new ReleaseError('RELEASE_FLOOR_MISSING', text);
}

function replacementOf(
  fitting: readonly Listed[],
  usable: readonly Listed[],
  current: ReleaseVersion,
): Listed | undefined {
  const own = fitting.find(({ release }) => compareReleases(release, current) === 0);
  const replacement = own?.release.recalled?.replacement;
  return replacement && usable.find(({ release }) => compareReleases(release, replacement) === 0);
}

function fits(release: ReleaseTarget, { product, generation, platform }: Machine): boolean {
  const platformFits = release.platform === 'any' || release.platform === platform;
  return release.product === product && release.generation === generation && platformFits;
}
