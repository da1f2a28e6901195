// Edits of metadata as values: the next version of a role from the one before. No disk, no clock, no keys that sign.
import { counted } from '@moult/formats/text';
import { compareVersions } from '@moult/protocol/self-update';
import { ReleaseError, type ReleaseErrorCode } from '../errors.ts';
import { floorsOf, type Listed } from '../metadata/choose.ts';
import type { OurTarget, Recall, ReleaseTarget } from '../metadata/custom.ts';
import { own } from '../metadata/parse.ts';
import { isSameOwner, type Pin, type PinOwner, readPins } from '../metadata/pins.ts';
import type {
  AnySigned,
  Delegations,
  KeyJson,
  RoleKeys,
  RoleKind,
  RootSigned,
  TargetFile,
  TargetsSigned,
} from '../metadata/types.ts';
import { compareReleases, formatRelease, type ReleaseVersion } from '../metadata/version.ts';

export interface PublicKey {
  keyid: string;
  key: KeyJson;
}

export interface RoleChange {
  add?: readonly PublicKey[];
  /** Identifiers of keys. */
  remove?: readonly string[];
  threshold?: number;
}

/** How long metadata is valid, in days. */
interface ValidityDays {
  root: number;
  targets: number;
  snapshot: number;
  timestamp: number;
}

const validityDays: ValidityDays = { root: 730, targets: 365, snapshot: 60, timestamp: 14 };
export const delegatedRoles = ['agent', 'updates'] as const;
type DelegatedName = (typeof delegatedRoles)[number];
const delegatedPaths: Record<DelegatedName, string[]> = {
  agent: ['agent/*/*', 'host/*/*'],
  updates: ['updates/*/*'],
};
const specVersion = '1.0.33';

/** The first version of a root: every top-level role with its keys. */
export function firstRoot(
  roles: Record<RoleKind, { keys: readonly PublicKey[]; threshold: number }>,
  now: Date,
): RootSigned {
  const root: RootSigned = {
    ...stamped('root', 1, now),
    _type: 'root',
    consistent_snapshot: true,
    keys: {},
    roles: { root: noKeys(), timestamp: noKeys(), snapshot: noKeys(), targets: noKeys() },
  };
  for (const role of ['root', 'timestamp', 'snapshot', 'targets'] as const) {
    const { keys, threshold } = roles[role];
    applyChange(root.keys, root.roles[role], role, { add: keys, threshold });
  }
  return root;
}

/** The first version of `targets`: two delegations, each with keys of its own, and no files. */
export function firstTargets(
  roles: Record<DelegatedName, { keys: readonly PublicKey[]; threshold: number }>,
  now: Date,
): TargetsSigned {
  const delegations: Delegations = { keys: {}, roles: [] };
  for (const name of delegatedRoles) {
    const role = { name, terminating: true, paths: delegatedPaths[name], ...noKeys() };
    const { keys, threshold } = roles[name];
    applyChange(delegations.keys, role, name, { add: keys, threshold });
    delegations.roles?.push(role);
  }
  return { ...emptyTargets(now), delegations };
}

/** The first version of a delegated role. */
export function emptyTargets(now: Date): TargetsSigned {
  return { ...stamped('targets', 1, now), _type: 'targets', targets: {} };
}

/** The same metadata as `version`, signed now and valid from now on. */
export function restamped<S extends AnySigned>(signed: S, version: number, now: Date): S {
  return { ...structuredClone(signed), ...stamped(signed._type, version, now) };
}

/** Other keys for a top-level role. Throws RELEASE_THRESHOLD_IMPOSSIBLE or RELEASE_KEY_UNKNOWN. */
export function changeRootRole(root: RootSigned, role: RoleKind, change: RoleChange): RootSigned {
  const next = structuredClone(root);
  applyChange(next.keys, next.roles[role], role, change);
  dropUnused(next.keys, Object.values(next.roles));
  return next;
}

/**
 * Other keys for a delegated role. Throws RELEASE_THRESHOLD_IMPOSSIBLE, RELEASE_KEY_UNKNOWN or RELEASE_ROLE_UNKNOWN.
 */
export function changeDelegation(targets: TargetsSigned, name: string, change: RoleChange): TargetsSigned {
  const next = structuredClone(targets);
  const role = next.delegations?.roles?.find((one) => one.name === name);
  if (!next.delegations || !role) throw new ReleaseError('RELEASE_ROLE_UNKNOWN', `Nothing is delegated to ${name}.`);
  applyChange(next.delegations.keys, role, name, change);
  dropUnused(next.delegations.keys, next.delegations.roles ?? []);
  return next;
}

/**
 * A target more. A published path never changes its bytes: RELEASE_TARGET_EXISTS. The description may.
 */
export function withTarget(signed: TargetsSigned, path: string, file: TargetFile, ours: OurTarget): TargetsSigned {
  const before = own(signed.targets, path);
  if (before && before.hashes.sha256 !== file.hashes.sha256) {
    throw new ReleaseError(
      'RELEASE_TARGET_EXISTS',
      `${path} is listed already, with other bytes. Give the release a new version.`,
    );
  }
  requireOwnName(signed, path, ours);
  const old = before?.custom?.moult as OurTarget | undefined;
  // A new description does not undo a recall.
  const kept = old?.kind === 'release' && old.recalled && ours.kind === 'release' ? { recalled: old.recalled } : {};
  if (ours.kind === 'release')
    for (const floor of ours.floors) requireUsable(signed, ours, floor, 'the floor', 'RELEASE_FLOOR_MISSING');
  const entry: TargetFile = { length: file.length, hashes: file.hashes, custom: { moult: { ...kept, ...ours } } };
  return { ...signed, targets: { ...signed.targets, [path]: entry } };
}

/** The folder of a release on a machine has its version for a name: two epochs of one version are one folder. */
function requireOwnName({ targets }: TargetsSigned, path: string, ours: OurTarget): void {
  if (ours.kind !== 'release') return;
  for (const [other, { custom }] of Object.entries(targets)) {
    const theirs = custom?.moult as OurTarget | undefined;
    if (other === path || theirs?.kind !== 'release' || theirs.epoch === ours.epoch) continue;
    const isSame = theirs.product === ours.product && compareVersions(theirs.version, ours.version) === 0;
    if (!isSame) continue;
    const text = `Version ${ours.version} is listed in epoch ${theirs.epoch} already, as ${other}. Choose another version.`;
    throw new ReleaseError('RELEASE_TARGET_EXISTS', text);
  }
}

/**
 * A release that no machine installs any more, and without a pin. Throws RELEASE_TARGET_UNKNOWN for what is not
 * listed, RELEASE_FLOOR_MISSING when machines on their way to another release must run it.
 */
export function withRecall(signed: TargetsSigned, path: string, recalled: Recall): TargetsSigned {
  const target = own(signed.targets, path);
  const ours = target?.custom?.moult as OurTarget | undefined;
  if (!target || ours?.kind !== 'release') {
    throw new ReleaseError('RELEASE_TARGET_UNKNOWN', `No release is listed as ${path}.`);
  }
  requireNotAFloor(signed, path, ours);
  if (recalled.replacement) requireUsable(signed, ours, recalled.replacement, 'the replacement');
  const entry = { ...target, custom: { ...target.custom, moult: { ...ours, recalled } } };
  const pins = markedPins(signed).filter((pin) => !isAgent(ours) || compareReleases(pin, ours) !== 0);
  return withPins({ ...signed, targets: { ...signed.targets, [path]: entry } }, pins);
}

/**
 * A pin in place of that which the group or computer had. Throws RELEASE_TARGET_UNKNOWN for a version that is not
 * listed or was recalled. Throws RELEASE_FLOOR_MISSING if not all of its floors can be had: machines stop on their way.
 */
export function withPin(signed: TargetsSigned, pin: Pin): TargetsSigned {
  const ours = { product: 'moult-agent', generation: 'wsus' };
  requireUsable(signed, ours, pin, 'the version');
  const usable = usableReleases(signed, ours);
  for (const floor of floorsOf(usable, pin)) requireUsable(signed, ours, floor, 'the floor', 'RELEASE_FLOOR_MISSING');
  return withPins(signed, [...markedPins(signed).filter((one) => !isSameOwner(one, pin)), pin]);
}

/** Without the pin of this group or computer. Throws RELEASE_TARGET_UNKNOWN when it has none. */
export function withoutPin(signed: TargetsSigned, owner: PinOwner): TargetsSigned {
  const pins = markedPins(signed);
  const kept = pins.filter((one) => !isSameOwner(one, owner));
  if (kept.length < pins.length) return withPins(signed, kept);
  const name = 'group' in owner ? `The group ${owner.group}` : `The computer ${owner.computer}`;
  throw new ReleaseError('RELEASE_TARGET_UNKNOWN', `${name} has no pin.`);
}

/** The releases of the agent for WSUS clients. */
export function agentReleases(signed: TargetsSigned): Listed[] {
  return releasesOf(signed, { product: 'moult-agent', generation: 'wsus' });
}

/** The pins that rings made. */
export function ringPinsOf(signed: TargetsSigned): Pin[] {
  return markedPins(signed).flatMap(({ rings, ...pin }) => (rings === true ? [pin as Pin] : []));
}

/** With these pins of rings in place of those that there were. Pins that people made stay. */
export function withRingPins(signed: TargetsSigned, pins: readonly Pin[]): TargetsSigned {
  const byHand = markedPins(signed).filter(({ rings }) => rings !== true);
  return withPins(signed, [...byHand, ...pins.map((pin) => ({ ...pin, rings: true as const }))]);
}

/** `rings`: rings made it, and take it away. Agents do not look at the mark. */
type MarkedPin = Pin & { rings?: true };

function markedPins(signed: TargetsSigned): MarkedPin[] {
  const written = (signed['x-moult-pins'] ?? []) as { rings?: unknown }[];
  return readPins(signed).map((pin, at) => (written[at]?.rings === true ? { ...pin, rings: true } : pin));
}

function withPins(signed: TargetsSigned, pins: readonly MarkedPin[]): TargetsSigned {
  const { 'x-moult-pins': _, ...rest } = signed;
  return pins.length === 0 ? rest : { ...rest, 'x-moult-pins': pins };
}

type Kind = Pick<ReleaseTarget, 'product' | 'generation'>;

function isAgent({ product }: Kind): boolean {
  return product === 'moult-agent';
}

function releasesOf({ targets }: TargetsSigned, { product, generation }: Kind): Listed[] {
  return Object.entries(targets).flatMap(([path, { custom }]) => {
    const release = custom?.moult as OurTarget | undefined;
    const isOurs = release?.kind === 'release' && release.product === product && release.generation === generation;
    return isOurs ? [{ path, release }] : [];
  });
}

function usableReleases(signed: TargetsSigned, kind: Kind): Listed[] {
  return releasesOf(signed, kind).filter(({ release }) => release.recalled === undefined);
}

function requireUsable(
  signed: TargetsSigned,
  kind: Kind,
  version: ReleaseVersion,
  what: string,
  code: ReleaseErrorCode = 'RELEASE_TARGET_UNKNOWN',
): void {
  if (usableReleases(signed, kind).some(({ release }) => compareReleases(release, version) === 0)) return;
  const text = `${what} ${formatRelease(version)} of ${kind.product} (${kind.generation}) is not listed, or is recalled. Nothing was changed.`;
  throw new ReleaseError(code, text);
}

function requireNotAFloor(signed: TargetsSigned, path: string, ours: ReleaseTarget): void {
  const others = usableReleases(signed, ours).filter((one) => one.path !== path);
  const isThere = others.some(({ release }) => compareReleases(release, ours) === 0);
  const above = others.find(({ release }) => release.floors.some((floor) => compareReleases(floor, ours) === 0));
  if (!above || isThere) return;
  const text = `${formatRelease(above.release)} has ${formatRelease(ours)} for a floor: computers on their way there need it. List a newer release without this floor and recall ${above.path} first.`;
  throw new ReleaseError('RELEASE_FLOOR_MISSING', text);
}

function applyChange(keys: Record<string, KeyJson>, role: RoleKeys, name: string, change: RoleChange): void {
  for (const keyid of change.remove ?? []) {
    if (!role.keyids.includes(keyid)) throw new ReleaseError('RELEASE_KEY_UNKNOWN', `${name} has no key ${keyid}.`);
  }
  role.keyids = role.keyids.filter((keyid) => !change.remove?.includes(keyid));
  for (const { keyid, key } of change.add ?? []) {
    keys[keyid] = key;
    if (!role.keyids.includes(keyid)) role.keyids.push(keyid);
  }
  role.threshold = change.threshold ?? role.threshold;
  if (role.threshold >= 1 && Number.isSafeInteger(role.threshold) && role.keyids.length >= role.threshold) return;
  const text = `${name} would have ${counted(role.keyids.length, 'key')} and a threshold of ${role.threshold}.`;
  throw new ReleaseError('RELEASE_THRESHOLD_IMPOSSIBLE', text, { role: name });
}

function dropUnused(keys: Record<string, KeyJson>, roles: readonly RoleKeys[]): void {
  const used = new Set(roles.flatMap(({ keyids }) => keyids));
  for (const keyid of Object.keys(keys)) if (!used.has(keyid)) delete keys[keyid];
}

function stamped(kind: RoleKind, version: number, now: Date) {
  const expires = new Date(now.getTime() + validityDays[kind] * 86_400_000);
  return { spec_version: specVersion, version, expires: inSeconds(expires), 'x-moult-signed': inSeconds(now) };
}

function inSeconds(moment: Date): string {
  return moment.toISOString().replace(/\.\d+Z$/, 'Z');
}

function noKeys(): RoleKeys {
  return { keyids: [], threshold: 1 };
}
