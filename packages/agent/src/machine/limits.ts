// The limits that a machine sets for its agent: variables of the process, and values under
// HKLM\SOFTWARE\Moult\Agent\Limits, each called after its limit. REG_DWORD holds a number, REG_SZ also a number with
// its unit: 64 MiB.
import { BoundsError, type BoundTable, boundsInEnvironment, type GivenBound, giveBounds } from '@moult/bounds';
import { catalogBounds } from '@moult/catalog/bounds';
import { diskBounds } from '@moult/disk/bounds';
import { formatBounds } from '@moult/formats/bounds';
import { protocolBounds } from '@moult/protocol/bounds';
import { releaseBounds } from '@moult/releases/bounds';
import { agentBounds } from '../bounds.ts';
import { keys } from './keys.ts';
import type { MachineRoot } from './machine-root.ts';
import { openRegistry } from './registry.ts';

const tables: readonly BoundTable[] = [
  ...formatBounds,
  ...diskBounds,
  ...catalogBounds,
  ...protocolBounds,
  ...releaseBounds,
  ...agentBounds,
];

/**
 * Puts the limits of this machine in force and answers sentences about those that do not count. One wrong value must
 * not end an agent without a user. And a value for a newer agent must not end the older one that comes back after it.
 */
export function giveMachineLimits(
  root: MachineRoot,
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  return [...boundsInEnvironment(tables, environment), ...inRegistry(root)].flatMap(give);
}

function inRegistry(root: MachineRoot): GivenBound[] {
  try {
    return openRegistry(root)
      .read()
      .values(keys.limits)
      .map(({ name, value }) => {
        const data = value.type === 'REG_DWORD' || value.type === 'REG_SZ' ? value.data : undefined;
        return { name: name.toLowerCase(), value: data, origin: 'registry', place: keys.limits };
      });
  } catch {
    // A registry that cannot be read is told where it is needed.
    return [];
  }
}

function give(one: GivenBound): string[] {
  try {
    giveBounds(tables, [one]);
    return [];
  } catch (error) {
    if (!(error instanceof BoundsError)) throw error;
    return [`${error.message} The agent goes on without this value.`];
  }
}
