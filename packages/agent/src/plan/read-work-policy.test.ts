import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { keys } from '../machine/keys.ts';
import { machineRoot } from '../machine/machine-root.ts';
import { number, openRegistry } from '../machine/registry.ts';
import { readWorkPolicy } from './read-work-policy.ts';

const scratch = mkdtempSync(join(tmpdir(), 'moult-work-policy-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
let machines = 0;

/** `au` and `policy` hold the values of the two policy keys. */
function policyOf(au: Record<string, number>, policy: Record<string, number> = {}) {
  const root = machineRoot(join(scratch, `machine-${machines++}`));
  mkdirSync(root.agentFolder, { recursive: true });
  const registry = openRegistry(root);
  const changes = (key: string, values: Record<string, number>) =>
    Object.entries(values).map(([name, value]) => ({ key, name, value: number(value) }));
  registry.change([...changes(keys.policyAu, { AUOptions: 4, ...au }), ...changes(keys.policy, policy)]);
  return readWorkPolicy(registry.read());
}

it('without values: every day at three, a minute after a missed time, a quarter of an hour of warning, no active hours', () => {
  assert.deepEqual(policyOf({}), {
    option: 4,
    schedule: { day: 0, hour: 3, weeks: [] },
    missedAfterMinutes: 1,
    minorAtOnce: false,
    compliance: { quality: undefined, feature: undefined },
    restart: {
      ...{ notWithUsers: false, alwaysAfterMinutes: undefined, deadlineDays: undefined, activeHours: undefined },
      warningMinutes: 15,
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
    [restart.alwaysAfterMinutes, restart.deadlineDays, restart.activeHours],
    [undefined, undefined, undefined],
  );
});
