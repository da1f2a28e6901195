// Pins: the operator wants some computers to have one version in place of the newest. They are part of the role
// `agent`, signed like everything in it (docs/trust-metadata.md).

import { isVersion } from '@moult/protocol/self-update';
import { targetBounds } from '../bounds.ts';
import { ReleaseError } from '../errors.ts';
import type { TargetsSigned } from './types.ts';
import type { ReleaseVersion } from './version.ts';

/** Whose pin it is: a group by its name, or one computer by its client id in lower case. */
export type PinOwner = { group: string } | { computer: string };

export type Pin = ReleaseVersion & PinOwner;

/** The group that stands for every computer. */
const everyComputer = 'All Computers';

const clientId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The pins of a role. Throws RELEASE_TARGET_MALFORMED for a wrong one: a skipped pin lets a version in. */
export function readPins(signed: Pick<TargetsSigned, 'x-moult-pins'>): Pin[] {
  const written: unknown = signed['x-moult-pins'] ?? [];
  if (!Array.isArray(written) || written.length > targetBounds.pins)
    throw malformed(`there are more than ${targetBounds.pins}`);
  return written.map(readPin);
}

/** The version that this machine is pinned to: its own pin, else that of the first of its groups that has one. */
export function pinFor(
  pins: readonly Pin[],
  { computer, groups }: { computer: string; groups: readonly string[] },
): ReleaseVersion | undefined {
  const own = pins.find((pin) => 'computer' in pin && pin.computer === computer.toLowerCase());
  if (own) return versionOf(own);
  for (const name of [...groups, everyComputer]) {
    const pin = pins.find((one) => 'group' in one && one.group.toLowerCase() === name.toLowerCase());
    if (pin) return versionOf(pin);
  }
  return undefined;
}

/** True when both pins are of the same group or computer. */
export function isSameOwner(a: PinOwner, b: PinOwner): boolean {
  return ownerOf(a) === ownerOf(b);
}

function ownerOf(pin: PinOwner): string {
  return 'group' in pin ? `group ${pin.group.toLowerCase()}` : `computer ${pin.computer.toLowerCase()}`;
}

function versionOf({ epoch, version }: ReleaseVersion): ReleaseVersion {
  return { epoch, version };
}

function readPin(value: unknown): Pin {
  const { group, computer, epoch, version } = (value ?? {}) as Record<string, unknown>;
  if (typeof version !== 'string' || !isVersion(version)) throw malformed('a version has not four parts');
  if (!Number.isSafeInteger(epoch) || Number(epoch) < 0) throw malformed('an epoch is not a whole number');
  const numbers = { epoch: Number(epoch), version };
  if (typeof group === 'string' && computer === undefined && /^[^\p{Cc}]{1,256}$/u.test(group))
    return { group, ...numbers };
  if (typeof computer === 'string' && group === undefined && clientId.test(computer)) return { computer, ...numbers };
  throw malformed('a pin is of one group or of one client id');
}

function malformed(why: string): ReleaseError {
  return new ReleaseError('RELEASE_TARGET_MALFORMED', `The pins cannot be used: ${why}.`);
}
