// The values of the policy that concern installations and restarts, as the decision takes them.

import type { RegistryView } from '../machine/registry.ts';
import { noPolicyFiles, type PolicyFiles, resolvePolicy } from '../policy/resolve.ts';
import { policyValueByName } from '../policy/values.ts';
import type { Compliance, RestartPolicy, UpdateKind, WorkPolicy } from './work.ts';

/** A value counts when it is there, right, and switched on; else its default does. */
type Count = (name: string) => number;

const defaultHour = 3;

/** The policy of this machine. A value that is out of range, or whose switch is off, counts as its default. */
export function readWorkPolicy(registry: RegistryView, files: PolicyFiles = noPolicyFiles): WorkPolicy {
  const values = new Map(resolvePolicy(registry, files).map((one) => [one.name, one]));
  const count: Count = (name) => {
    const known = values.get(name);
    const counts = known?.idleBecause === '' ? known.value : policyValueByName.get(name.toLowerCase())?.fallback;
    return typeof counts === 'number' ? counts : 0;
  };
  const hour = count('ScheduledInstallTime');
  const everyWeek = values.get('ScheduledInstallEveryWeek')?.value === 1;
  return {
    option: count('AUOptions'),
    // 24 leaves the hour to the system: ours is the default one.
    schedule: {
      day: count('ScheduledInstallDay'),
      hour: hour === 24 ? defaultHour : hour,
      weeks: everyWeek ? [] : weeksOf(count),
    },
    missedAfterMinutes: missedAfter(values.get('RescheduleWaitTimeEnabled')?.value, count),
    minorAtOnce: count('AutoInstallMinorUpdates') === 1,
    compliance: { quality: complianceOf('quality', count), feature: complianceOf('feature', count) },
    restart: restartOf(count),
  };
}

function weeksOf(count: Count): number[] {
  const names = ['First', 'Second', 'Third', 'Fourth'];
  return names.flatMap((name, at) => (count(`ScheduledInstall${name}Week`) === 1 ? [at + 1] : []));
}

/** Enabled: so many minutes. Disabled (0): the next schedule. Not configured: a minute. */
function missedAfter(enabled: number | string | undefined, count: Count): number | undefined {
  if (enabled === 0) return undefined;
  return enabled === 1 ? count('RescheduleWaitTime') : 1;
}

const complianceNames: Record<UpdateKind, { gate: string; deadline: string; grace: string; waits: string }> = {
  quality: {
    gate: 'SetComplianceDeadlineForQU',
    deadline: 'ConfigureDeadlineForQualityUpdates',
    grace: 'ConfigureDeadlineGracePeriod',
    waits: 'ConfigureDeadlineNoAutoRebootForQualityUpdates',
  },
  feature: {
    gate: 'SetComplianceDeadlineForFU',
    deadline: 'ConfigureDeadlineForFeatureUpdates',
    grace: 'ConfigureDeadlineGracePeriodForFeatureUpdates',
    waits: 'ConfigureDeadlineNoAutoRebootForFeatureUpdates',
  },
};

/** SetComplianceDeadline is the switch of before, for both kinds. */
function complianceOf(kind: UpdateKind, count: Count): Compliance | undefined {
  const { gate, deadline, grace, waits } = complianceNames[kind];
  if (count(gate) !== 1 && count('SetComplianceDeadline') !== 1) return undefined;
  return {
    deadlineDays: count(deadline),
    graceDays: count(grace),
    waitsForGrace: count(waits) === 1 || count('ConfigureDeadlineNoAutoReboot') === 1,
  };
}

function restartOf(count: Count): RestartPolicy {
  return {
    notWithUsers: count('NoAutoRebootWithLoggedOnUsers') === 1,
    alwaysAfterMinutes:
      count('AlwaysAutoRebootAtScheduledTime') === 1 ? count('AlwaysAutoRebootAtScheduledTimeMinutes') : undefined,
    deadlineDays: count('SetAutoRestartDeadline') === 1 ? count('AutoRestartDeadlinePeriodInDays') : undefined,
    activeHours: count('SetActiveHours') === 1 ? activeHoursOf(count) : undefined,
    warningMinutes: count('RebootWarningTimeout'),
  };
}

/** A span that is longer than ActiveHoursMaxRange ends with it. */
function activeHoursOf(count: Count): RestartPolicy['activeHours'] {
  const start = count('ActiveHoursStart');
  const hours = (count('ActiveHoursEnd') - start + 24) % 24;
  const longest = count('ActiveHoursMaxRange');
  return hours === 0 ? undefined : { start, end: (start + Math.min(hours, longest)) % 24 };
}
