// Agent releases that go through rings. Until all computers may have a release, signed pins keep it from the others:
// All Computers are pinned to the release before, and the computers that were reached to the new one. Agents know pins
// already, so they need nothing new. Pins that people made come first and stay.
import { isThere } from '@moult/disk';
import { floorsOf } from '../metadata/choose.ts';
import { isSameOwner, type Pin, readPins } from '../metadata/pins.ts';
import type { TargetsSigned } from '../metadata/types.ts';
import { compareReleases, formatRelease, type ReleaseVersion, readRelease } from '../metadata/version.ts';
import { agentReleases, ringPinsOf, withRingPins } from './edits.ts';
import { publishStaged } from './one-role.ts';
import { Repository } from './repository.ts';

/** The computers that have the release. Versions as 7.9.0.2, or 1:7.9.0.2 for epoch 1. */
interface RingLead {
  version: string;
  /** True: all computers have it but those of `computers`. False: those of `computers`, and no others. */
  isForAll: boolean;
  /** Client ids in lower case. */
  computers: readonly string[];
}

interface ListedRelease {
  version: string;
  isListed: boolean;
  /** Why it was recalled. */
  recalled: string | undefined;
  /** The newest release before it that is not recalled: the others keep it. */
  base: string | undefined;
}

/** Whose pins people made. Names of groups are in lower case. */
interface HandPins {
  computers: ReadonlySet<string>;
  groups: ReadonlySet<string>;
}

interface LeadResult {
  /** True if agents read now what was asked for. False while signatures are missing, or the release is not listed yet. */
  isPublished: boolean;
}

/** At most so many computers can be pinned beside the pins of people. */
export const mostRingPins = 9000;
/** Computers come and go: that alone signs the list again after this time only. */
const calmMs = 3_600_000;

/** Undefined for a text that is not a version. Throws RELEASE_REPOSITORY_MISSING. */
export function lookAtRelease(directory: string, text: string): ListedRelease | undefined {
  const version = readRelease(text);
  if (!version) return undefined;
  const all = agentReleases(currentOf(new Repository(directory)));
  const own = all.find(({ release }) => compareReleases(release, version) === 0);
  return {
    version: formatRelease(version),
    isListed: own !== undefined,
    recalled: own?.release.recalled?.reason,
    base: baseOf(all, version),
  };
}

/** None without a repository. */
export function readHandPins(directory: string): HandPins {
  if (!isThere(directory)) return { computers: new Set(), groups: new Set() };
  const pins = handPinsOf(currentOf(new Repository(directory)));
  return {
    computers: new Set(pins.flatMap((pin) => ('computer' in pin ? [pin.computer] : []))),
    groups: new Set(pins.flatMap((pin) => ('group' in pin ? [pin.group.toLowerCase()] : []))),
  };
}

/**
 * Makes the pins of the rings what `lead` says. Without it all of them go. Signs with the keys in the folder. `isUrgent`:
 * also when only single computers changed. A second time changes nothing. Throws RELEASE_….
 */
export function leadByRings(
  directory: string,
  lead: RingLead | undefined,
  { now, isUrgent }: { now: Date; isUrgent: boolean },
): LeadResult {
  if (!lead && !isThere(directory)) return { isPublished: true };
  const repository = new Repository(directory);
  const current = currentOf(repository);
  const wanted = lead ? pinsOf(current, lead) : { pins: [], isWhole: true };
  const present = ringPinsOf(current);
  const isCalm = !isUrgent && now.getTime() - Date.parse(String(current['x-moult-signed'] ?? 0)) < calmMs;
  const isSettled = areSame(present, wanted.pins) || (isCalm && areAlike(present, wanted.pins));
  if (!isSettled) {
    repository.changeAgent((signed) => withRingPins(signed, wanted.pins), now);
    repository.signWithOwnKeys();
  }
  if (repository.state().staged.targets.has('agent') && isOurs(repository)) publishStaged(repository, 'agent', now);
  const published = repository.state().published.targets.get('agent')?.signed;
  const arePublished = published !== undefined && areAlike(ringPinsOf(published), wanted.pins);
  return { isPublished: wanted.isWhole && arePublished };
}

/** Recalls the release, so that computers that have it go back to the one before. Throws RELEASE_…. */
export function recallToBase(directory: string, text: string, reason: string, now: Date): LeadResult {
  const repository = new Repository(directory);
  const current = currentOf(repository);
  const version = readRelease(text);
  const all = agentReleases(current);
  const own = version && all.find(({ release }) => compareReleases(release, version) === 0);
  if (!version || !own) return { isPublished: true };
  const replacement = readRelease(baseOf(all, version) ?? '');
  const isAlone = !repository.state().staged.targets.has('agent') || isOurs(repository);
  if (!own.release.recalled) {
    const recalled = { at: now.toISOString(), reason, ...(replacement && { replacement }) };
    repository.recall(own.path, recalled, now);
    repository.signWithOwnKeys();
  }
  return { isPublished: isAlone && publishStaged(repository, 'agent', now) };
}

/** The published role, with changes that wait for signatures. */
function currentOf(repository: Repository): TargetsSigned {
  const { published, staged } = repository.state();
  const found = staged.targets.get('agent') ?? published.targets.get('agent');
  return found?.signed ?? ({ targets: {} } as TargetsSigned);
}

/** Nothing waits but pins of rings: what people collect signatures for is published by them. */
function isOurs(repository: Repository): boolean {
  const { published, staged } = repository.state();
  const [before, after] = [published.targets.get('agent')?.signed, staged.targets.get('agent')?.signed];
  if (!before || !after) return false;
  const rest = (signed: TargetsSigned) => JSON.stringify([signed.targets, handPinsOf(signed)]);
  return rest(before) === rest(after);
}

function handPinsOf(signed: TargetsSigned): Pin[] {
  const ours = ringPinsOf(signed);
  return readPins(signed).filter((pin) => !ours.some((one) => isSameOwner(one, pin)));
}

function baseOf(all: ReturnType<typeof agentReleases>, version: ReleaseVersion): string | undefined {
  const [base] = all
    .filter(({ release }) => release.recalled === undefined && compareReleases(release, version) < 0)
    .sort((a, b) => compareReleases(b.release, a.release));
  return base && formatRelease(base.release);
}

/** Before the release is listed, all others keep what they have. So it is never listed for a moment without pins. */
function pinsOf(signed: TargetsSigned, lead: RingLead): { pins: Pin[]; isWhole: boolean } {
  const all = agentReleases(signed);
  const version = readRelease(lead.version);
  const base = version && readRelease(baseOf(all, version) ?? '');
  if (!version || !base) return { pins: [], isWhole: false };
  const usable = all.filter(({ release }) => release.recalled === undefined);
  const isUsable = (one: ReleaseVersion) => usable.some(({ release }) => compareReleases(release, one) === 0);
  const isReady = isUsable(version) && floorsOf(usable, version).every(isUsable);
  const hand = handPinsOf(signed);
  const computers = lead.computers.slice(0, mostRingPins).map((computer) => ({ computer: computer.toLowerCase() }));
  const of = (owner: { group: string } | { computer: string }, its: ReleaseVersion): Pin => ({ ...owner, ...its });
  const everybody = of({ group: 'All Computers' }, base);
  const pins = !isReady
    ? [everybody]
    : lead.isForAll
      ? computers.map((one) => of(one, base))
      : [everybody, ...computers.map((one) => of(one, version))];
  const byHand = new Set(hand.map(nameOf));
  return { pins: pins.filter((pin) => !byHand.has(nameOf(pin))), isWhole: isReady };
}

function nameOf(pin: Pin): string {
  return 'group' in pin ? `group ${pin.group.toLowerCase()}` : pin.computer;
}

const textOf = (pin: Pin) => `${nameOf(pin)} ${formatRelease(pin)}`;

function areSame(some: readonly Pin[], others: readonly Pin[]): boolean {
  const texts = new Set(others.map(textOf));
  return some.length === others.length && some.every((pin) => texts.has(textOf(pin)));
}

/** The same groups, and the same versions: single computers came or went. */
function areAlike(some: readonly Pin[], others: readonly Pin[]): boolean {
  const kinds = (pins: readonly Pin[]) =>
    [...new Set(pins.map((pin) => ('group' in pin ? textOf(pin) : `computers ${formatRelease(pin)}`)))].sort().join();
  return kinds(some) === kinds(others);
}
