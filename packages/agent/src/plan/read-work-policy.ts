// The values of the policy that concern installations and restarts, as the decision takes them.

import { createHash } from 'node:crypto';
import { keys } from '../machine/keys.ts';
import { string } from '../machine/policy.ts';
import type { RegistryView } from '../machine/registry.ts';
import { noPolicyFiles, type PolicyFiles, resolvePolicy } from '../policy/resolve.ts';
import { policyValueByName } from '../policy/values.ts';
import type { Compliance, EngagedRestart, RestartPolicy, Schedule, UpdateKind, WorkPolicy } from './work.ts';

/** A value counts when it is there, right, and switched on. Else its default does. */
type Count = (name: string) => number;

const defaultHour = 3;
/** Of automatic maintenance. */
const maintenanceHour = 2;
/** Without maintenance for so long, Windows installs at once. */
const overdueDays = 2;

/** The policy of this machine. A value that is out of range, or whose switch is off, counts as its default. */
export function readWorkPolicy(registry: RegistryView, files: PolicyFiles = noPolicyFiles): WorkPolicy {
  const values = new Map(resolvePolicy(registry, files).map((one) => [one.name, one]));
  const count: Count = (name) => {
    const known = values.get(name);
    const counts = known?.idleBecause === '' ? known.value : policyValueByName.get(name.toLowerCase())?.fallback;
    return typeof counts === 'number' ? counts : 0;
  };
  const word = (name: string) => {
    const known = values.get(name);
    return known?.idleBecause === '' && typeof known.value === 'string' ? known.value : '';
  };
  const isSet = (name: string) => values.get(name)?.origin !== 'default';
  const isMaintained = count('AutomaticMaintenanceEnabled') === 1;
  const everyWeek = values.get('ScheduledInstallEveryWeek')?.value === 1;
  return {
    option: count('AUOptions'),
    schedule: isMaintained ? maintenanceOf(count, word, registry) : scheduleOf(count, everyWeek),
    missedAfterMinutes: missedAfter(values.get('RescheduleWaitTimeEnabled')?.value, count),
    minorAtOnce: count('AutoInstallMinorUpdates') === 1,
    overdueAfterDays: isMaintained ? overdueDays : undefined,
    compliance: { quality: complianceOf('quality', count, isSet), feature: complianceOf('feature', count, isSet) },
    restart: restartOf(count),
  };
}

function scheduleOf(count: Count, everyWeek: boolean): Schedule {
  const hour = count('ScheduledInstallTime');
  return {
    day: count('ScheduledInstallDay'),
    // 24 leaves the hour to the system: ours is the default one.
    hour: hour === 24 ? defaultHour : hour,
    weeks: everyWeek ? [] : weeksOf(count),
  };
}

/** Every day at the time of automatic maintenance, each machine at its own moment of the random delay. */
function maintenanceOf(count: Count, word: (name: string) => string, registry: RegistryView): Schedule {
  const [, hour = maintenanceHour, minute = 0] =
    /T([01]\d|2[0-3]):([0-5]\d)/.exec(word('Activation Boundary'))?.map(Number) ?? [];
  const delay = count('Randomized') === 1 ? delayMinutes(word('Random Delay')) : 0;
  const own = createHash('sha256').update(string(registry, keys.windowsUpdate, 'SusClientId') ?? '');
  const at = hour * 60 + minute + Math.floor((own.digest().readUInt32BE(0) / 2 ** 32) * delay);
  return { day: 0, hour: Math.floor(at / 60) % 24, minute: at % 60, weeks: [] };
}

/** An ISO duration such as PT4H or PT1H30M, below a day. For anything else four hours count, as Windows has it. */
function delayMinutes(written: string): number {
  const [, hours, minutes] = /^PT(?:(\d{1,2})H)?(?:(\d{1,4})M)?(?:\d{1,5}S)?$/i.exec(written) ?? [];
  const sum = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  return sum > 0 && sum < 24 * 60 ? sum : 4 * 60;
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
function complianceOf(kind: UpdateKind, count: Count, isSet: (name: string) => boolean): Compliance | undefined {
  const { gate, deadline, grace, waits } = complianceNames[kind];
  if (count(gate) !== 1 && count('SetComplianceDeadline') !== 1) return undefined;
  // Feature updates have the grace of quality updates, if they have none of their own.
  const common = complianceNames.quality.grace;
  return {
    deadlineDays: count(deadline),
    graceDays: count(!isSet(grace) && isSet(common) ? common : grace),
    waitsForGrace: count(waits) === 1 || count('ConfigureDeadlineNoAutoReboot') === 1,
  };
}

function restartOf(count: Count): RestartPolicy {
  return {
    notWithUsers: count('NoAutoRebootWithLoggedOnUsers') === 1,
    alwaysAfterMinutes:
      count('AlwaysAutoRebootAtScheduledTime') === 1 ? count('AlwaysAutoRebootAtScheduledTimeMinutes') : undefined,
    deadlineDays: { quality: deadlineOf('', count), feature: deadlineOf('ForFeatureUpdates', count) },
    engaged: { quality: engagedOf('', count), feature: engagedOf('ForFeatureUpdates', count) },
    activeHours: count('SetActiveHours') === 1 ? activeHoursOf(count) : undefined,
    warningMinutes: count('RebootWarningTimeout'),
    askAgainMinutes: count('RebootRelaunchTimeout'),
  };
}

function deadlineOf(suffix: string, count: Count): number | undefined {
  return count('SetAutoRestartDeadline') === 1 ? count(`AutoRestartDeadlinePeriodInDays${suffix}`) : undefined;
}

function engagedOf(suffix: string, count: Count): EngagedRestart | undefined {
  if (count('SetEngagedRestartTransitionSchedule') !== 1) return undefined;
  const deadlineDays = count(`EngagedRestartDeadline${suffix}`);
  const transitionDays = count(`EngagedRestartTransitionSchedule${suffix}`);
  return { transitionDays, deadlineDays: deadlineDays === 0 ? undefined : deadlineDays };
}

/** A span that is longer than ActiveHoursMaxRange ends with it. */
function activeHoursOf(count: Count): RestartPolicy['activeHours'] {
  const start = count('ActiveHoursStart');
  const hours = (count('ActiveHoursEnd') - start + 24) % 24;
  const longest = count('ActiveHoursMaxRange');
  return hours === 0 ? undefined : { start, end: (start + Math.min(hours, longest)) % 24 };
}
