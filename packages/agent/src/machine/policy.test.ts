import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AgentError } from '../errors.ts';
import { keys } from './keys.ts';
import { readPolicy, requireServers, serverUrl } from './policy.ts';
import { number, text, viewOf } from './registry.ts';
import { fullKeyPath, type RegistryTree, type RegistryValue } from './registry-text.ts';

function registry(entries: [string, string, RegistryValue][]) {
  const tree: RegistryTree = new Map();
  for (const [key, name, value] of entries) {
    const path = fullKeyPath(key);
    const known = tree.get(path.toLowerCase()) ?? { path, values: new Map() };
    known.values.set(name.toLowerCase(), { name, value });
    tree.set(path.toLowerCase(), known);
  }
  return viewOf(tree);
}

describe('policy', () => {
  it('WUServer counts only with UseWUServer 1', () => {
    const server: [string, string, RegistryValue] = [keys.policy, 'WUServer', text('http://wsus:8530')];
    assert.throws(() => requireServers(readPolicy(registry([server]))), isError('AGENT_CONFIG_NO_SERVER', 0x80244011));
    const used = readPolicy(registry([server, [keys.policyAu, 'UseWUServer', number(1)]]));
    assert.deepEqual(requireServers(used), { server: 'http://wsus:8530', statusServer: 'http://wsus:8530' });
  });

  it('a trailing slash in WUServer does not become a doubled one', () => {
    assert.equal(serverUrl(' http://wsus:8530// '), 'http://wsus:8530');
  });

  it('what is no server URL is refused with the code that administrators know', () => {
    assert.throws(() => serverUrl('wsus'), isError('AGENT_CONFIG_BAD_SERVER', 0x80072ee5));
    assert.throws(() => serverUrl('ftp://wsus'), isError('AGENT_CONFIG_BAD_SERVER', 0x80072ee6));
  });

  it('values out of range fall back to the documented defaults', () => {
    const policy = readPolicy(
      registry([
        [keys.policyAu, 'DetectionFrequency', number(99)],
        [keys.policyAu, 'ScheduledInstallTime', number(24)],
        [keys.policyAu, 'ScheduledInstallDay', number(8)],
      ]),
    );
    assert.deepEqual(
      [policy.detectionFrequencyHours, policy.scheduledHour, policy.scheduledDay, policy.option],
      [22, 3, 0, 3],
    );
  });

  it('DetectionFrequency and TargetGroup count only while their switches are on', () => {
    const values: [string, string, RegistryValue][] = [
      [keys.policyAu, 'DetectionFrequency', number(4)],
      [keys.policyAu, 'DetectionFrequencyEnabled', number(0)],
      [keys.policy, 'TargetGroup', text('Pilots')],
    ];
    assert.deepEqual(
      [readPolicy(registry(values)).detectionFrequencyHours, readPolicy(registry(values)).targetGroup],
      [22, undefined],
    );
    const on = registry([
      ...values.filter(([, name]) => !name.endsWith('Enabled')),
      [keys.policyAu, 'DetectionFrequencyEnabled', number(1)],
      [keys.policyAu, 'UseWUServer', number(1)],
      [keys.policy, 'TargetGroupEnabled', number(1)],
    ]);
    assert.deepEqual([readPolicy(on).detectionFrequencyHours, readPolicy(on).targetGroup], [4, 'Pilots']);
  });

  it('NoAutoUpdate, and the local AUOptions 1 without a policy, switch Automatic Updates off', () => {
    assert.ok(readPolicy(registry([[keys.policyAu, 'NoAutoUpdate', number(1)]])).noAutoUpdate);
    assert.ok(readPolicy(registry([[keys.autoUpdate, 'AUOptions', number(1)]])).noAutoUpdate);
    const managed = registry([
      [keys.autoUpdate, 'AUOptions', number(1)],
      [keys.policyAu, 'AUOptions', number(4)],
    ]);
    assert.ok(!readPolicy(managed).noAutoUpdate);
  });
});

function isError(code: string, hresult: number): (error: unknown) => boolean {
  return (error) => error instanceof AgentError && error.code === code && error.hresult === hresult;
}
