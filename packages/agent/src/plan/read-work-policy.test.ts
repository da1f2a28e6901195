import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { keys } from '../machine/keys.ts';
import { machineRoot } from '../machine/machine-root.ts';
import { number, openRegistry, text } from '../machine/registry.ts';
import { readWorkPolicy } from './read-work-policy.ts';

const scratch = mkdtempSync(join(tmpdir(), 'moult-work-policy-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
let machines = 0;

/** The values of the policy keys. */
function policyOf(
  au: Record<string, number>,
  policy: Record<string, number> = {},
  maintenance: Record<string, number | string> = {},
) {
  const root = machineRoot(join(scratch, `machine-${machines++}`));
  mkdirSync(root.agentFolder, { recursive: true });
  const registry = openRegistry(root);
  const changes = (key: string, values: Record<string, number>) =>
    Object.entries(values).map(([name, value]) => ({ key, name, value: number(value) }));
  registry.change([...changes(keys.policyAu, { AUOptions: 4, ...au }), ...changes(keys.policy, policy)]);
  registry.change(
    Object.entries(maintenance).map(([name, value]) => ({
      key: name === 'SusClientId' ? keys.windowsUpdate : keys.maintenance,
      ...{ name, value: typeof value === 'number' ? number(value) : text(value) },
    })),
  );
  return readWorkPolicy(registry.read());
}

it('without values: every day at three, a minute after a missed time, a quarter of an hour of warning, no active hours', () => {
  assert.deepEqual(policyOf({}), {
    option: 4,
    schedule: { day: 0, hour: 3, weeks: [] },
    missedAfterMinutes: 1,
    minorAtOnce: false,
    overdueAfterDays: undefined,
    compliance: { quality: undefined, feature: undefined },
    restart: {
      ...{ notWithUsers: false, alwaysAfterMinutes: undefined, activeHours: undefined },
      deadlineDays: { quality: undefined, feature: undefined },
      engaged: { quality: undefined, feature: undefined },
      ...{ warningMinutes: 15, askAgainMinutes: 10 },
    },
  });
});

it('RescheduleWaitTime: so many minutes when it is on, the next schedule when it is off', () => {
  assert.equal(policyOf({ RescheduleWaitTimeEnabled: 1, RescheduleWaitTime: 45 }).missedAfterMinutes, 45);
  assert.equal(policyOf({ RescheduleWaitTimeEnabled: 0, RescheduleWaitTime: 45 }).missedAfterMinutes, undefined);
});

it('compliance deadlines: by kind, or for both with the switch of before', () => {
  const quality = policyOf({}, { SetComplianceDeadlineForQU: 1, ConfigureDeadlineForQualityUpdates: 3 }).compliance;
  assert.deepEqual(quality, { quality: { deadlineDays: 3, graceDays: 2, waitsForGrace: false }, feature: undefined });
  const both = policyOf({}, { SetComplianceDeadline: 1, ConfigureDeadlineNoAutoReboot: 1 }).compliance;
  assert.deepEqual([both.quality?.deadlineDays, both.quality?.waitsForGrace], [7, true]);
  assert.deepEqual([both.feature?.deadlineDays, both.feature?.graceDays], [2, 7]);
});

it('active hours: over midnight, and no longer than the policy allows', () => {
  const hours = (values: Record<string, number>) => policyOf({}, { SetActiveHours: 1, ...values }).restart.activeHours;
  assert.deepEqual(hours({}), { start: 8, end: 17 });
  assert.deepEqual(hours({ ActiveHoursStart: 22, ActiveHoursEnd: 6 }), { start: 22, end: 6 });
  const long = { ActiveHoursStart: 6, ActiveHoursEnd: 5 };
  assert.deepEqual(hours(long), { start: 6, end: 0 });
  assert.deepEqual(hours({ ...long, SetActiveHoursMaxRange: 1, ActiveHoursMaxRange: 10 }), { start: 6, end: 16 });
  assert.equal(hours({ ActiveHoursStart: 6, ActiveHoursEnd: 6 }), undefined);
});

it('NoAutoRebootWithLoggedOnUsers switches off what it overrides', () => {
  const { restart } = policyOf(
    { NoAutoRebootWithLoggedOnUsers: 1, AlwaysAutoRebootAtScheduledTime: 1 },
    { SetActiveHours: 1, SetAutoRestartDeadline: 1 },
  );
  assert.equal(restart.notWithUsers, true);
  assert.deepEqual(
    [restart.alwaysAfterMinutes, restart.deadlineDays.quality, restart.activeHours],
    [undefined, undefined, undefined],
  );
});

it('deadlines of restarts and engaged restarts have values of their own for feature updates', () => {
  const { deadlineDays } = policyOf(
    {},
    {
      SetAutoRestartDeadline: 1,
      AutoRestartDeadlinePeriodInDays: 3,
      AutoRestartDeadlinePeriodInDaysForFeatureUpdates: 9,
    },
  ).restart;
  assert.deepEqual(deadlineDays, { quality: 3, feature: 9 });
  const values = {
    SetEngagedRestartTransitionSchedule: 1,
    EngagedRestartTransitionSchedule: 2,
    EngagedRestartDeadline: 0,
  };
  assert.deepEqual(policyOf({}, { ...values, EngagedRestartDeadlineForFeatureUpdates: 20 }).restart.engaged, {
    quality: { transitionDays: 2, deadlineDays: undefined },
    feature: { transitionDays: 7, deadlineDays: 20 },
  });
  // Whatever is stronger switches it off.
  assert.equal(policyOf({}, { ...values, SetAutoRestartDeadline: 1 }).restart.engaged.quality, undefined);
  const grace = { SetComplianceDeadline: 1, ConfigureDeadlineGracePeriod: 1 };
  assert.equal(policyOf({}, grace).compliance.feature?.graceDays, 1, 'the one that is there counts for both');
});

it('RebootRelaunchTimeout: a system that did not restart is told again after so long', () => {
  assert.equal(policyOf({ RebootRelaunchTimeoutEnabled: 1, RebootRelaunchTimeout: 90 }).restart.askAgainMinutes, 90);
  assert.equal(policyOf({ RebootRelaunchTimeout: 90 }).restart.askAgainMinutes, 10);
});

describe('automatic maintenance', () => {
  const maintained = (values: Record<string, number | string>, enabled = 1) =>
    policyOf({ AutomaticMaintenanceEnabled: enabled, ScheduledInstallTime: 17 }, {}, values);

  it('has its own time, two by default, and its own patience', () => {
    const { schedule, overdueAfterDays } = maintained({});
    assert.deepEqual([schedule, overdueAfterDays], [{ day: 0, hour: 2, minute: 0, weeks: [] }, 2]);
    const at = (boundary: string) => maintained({ 'Activation Boundary': boundary }).schedule;
    assert.deepEqual([at('2000-01-01T23:45:00').hour, at('2000-01-01T23:45:00').minute], [23, 45]);
    for (const wrong of ['23:45', 'T99:00', '2000-01-01T1:00', '']) assert.equal(at(wrong).hour, 2, wrong);
    assert.deepEqual(maintained({ 'Activation Boundary': '2000-01-01T05:00:00' }, 0).schedule.hour, 17);
  });

  it('comes at another moment of the random delay on each machine, and at the same one each day', () => {
    const moments = Array.from({ length: 40 }, (_, number) => {
      const values = {
        'Activation Boundary': 'T23:00',
        Randomized: 1,
        'Random Delay': 'PT2H',
        SusClientId: `pc-${number}`,
      };
      const { hour, minute = 0 } = maintained(values).schedule;
      assert.deepEqual(maintained(values).schedule, maintained(values).schedule);
      return (hour < 12 ? hour + 24 : hour) * 60 + minute - 23 * 60;
    });
    assert.ok(
      moments.every((moment) => moment >= 0 && moment < 120),
      moments.join(),
    );
    assert.ok(new Set(moments).size > 20, moments.join());
  });
});
