import assert from 'node:assert/strict';
import { it } from 'node:test';
import { keys } from './keys.ts';
import { number, viewOf } from './registry.ts';
import { fullKeyPath } from './registry-text.ts';
import { readSettings } from './settings.ts';

const longestTimerMs = 2 ** 31 - 1;

it('no number in the registry makes a trial end before it began: not 0, and not one that no timer holds', () => {
  for (const seconds of [0, 1, 60, 2_147_484, 4_294_967_295]) {
    const path = fullKeyPath(keys.agent);
    const names = ['TrialTimeoutSeconds', 'QualifyTimeoutSeconds', 'RecoverAfterSeconds', 'HostTrialTimeoutSeconds'];
    const values = new Map(names.map((name) => [name.toLowerCase(), { name, value: number(seconds) }]));
    const settings = readSettings(viewOf(new Map([[path.toLowerCase(), { path, values }]])));
    const { trialMs, qualifyMs, recoverAfterMs, hostTrialMs } = settings;
    for (const ms of [trialMs, qualifyMs, recoverAfterMs, hostTrialMs]) {
      assert.ok(ms >= 1000 && ms <= longestTimerMs, `${seconds} s became ${ms} ms`);
    }
  }
});
