// The registry part of an uninstallation. It restores the values from before the installation, and leaves those that an
// administrator set. It also leaves values whose origin it cannot know, and says so.

import { isMoult } from '../machine/brand.ts';
import { isEqualValue, isPolicy, type RecordedValue, readInstallRecord } from '../machine/install-record.ts';
import { keys } from '../machine/keys.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import type { RegistryChange, RegistryView } from '../machine/registry.ts';
import { keyOf } from '../policy/resolve.ts';
import { policyValues } from '../policy/values.ts';

interface RegistryPlan {
  changes: RegistryChange[];
  /** Values that stay, as `KEY\NAME`. */
  left: string[];
}

/** Values under HKLM\SOFTWARE\Moult\Agent that the agent writes for itself. */
const ownNames = new Set(
  [
    ...['OperatingSystem', 'Architecture', 'Language', 'AnnouncedVersion', 'AnnouncedLostTrial', 'ProxyInUse'],
    ...['LegacyMode', 'RefusedRelease', 'NewestIdent.sus', 'NewestIdent.wsus'],
    ...['TrustState', 'TrustAlarm', 'TrustRefreshed', 'TrustAlarmTold'],
  ].map((name) => name.toLowerCase()),
);

/**
 * Plans the changes. `purge`: the settings of the administrator for the agent go, too. Policy that an administrator set
 * stays.
 */
export function planRegistry(root: MachineRoot, registry: RegistryView, { purge }: { purge: boolean }): RegistryPlan {
  const record = readInstallRecord(root);
  const policy = record.filter(({ key }) => isPolicy(key)).flatMap((one) => undo(registry, one));
  const state = purge ? record.filter(({ key }) => key.startsWith(keys.windowsUpdate)).map(restored) : [];
  const own = ownKey(registry, record, { purge, isWhole: isMoult(root.brand) });
  const changes = [...policy, ...state.filter((one) => differs(registry, one))];
  const emptied = record.length === 0 ? [] : emptiedKeys(registry, changes);
  return { changes: [...changes, ...emptied, ...own.changes], left: [...policyLeft(registry, policy), ...own.left] };
}

/** Policy keys that are empty afterwards: without values they say nothing, and the installation may have made them. */
function emptiedKeys(registry: RegistryView, changes: readonly RegistryChange[]): RegistryChange[] {
  const isEmptied = (key: string, without: readonly string[]) => {
    const ofKey = changes.filter((one) => one.key === key);
    const stays = ({ name }: { name: string }) =>
      !ofKey.some((one) => one.name?.toLowerCase() === name.toLowerCase() && one.value === undefined);
    const subkeys = registry.subkeys(key).filter((name) => !without.includes(name.toLowerCase()));
    return registry.hasKey(key) && !registry.values(key).some(stays) && subkeys.length === 0;
  };
  if (!isEmptied(keys.policyAu, [])) return isEmptied(keys.policy, []) ? [{ key: keys.policy }] : [];
  return [{ key: keys.policyAu }, ...(isEmptied(keys.policy, ['au']) ? [{ key: keys.policy }] : [])];
}

function undo(registry: RegistryView, recorded: RecordedValue): RegistryChange[] {
  const now = registry.value(recorded.key, recorded.name);
  if (isEqualValue(now, recorded.before) || !isEqualValue(now, recorded.after)) return [];
  return [restored(recorded)];
}

function restored({ key, name, before }: RecordedValue): RegistryChange {
  return { key, name, ...(before && { value: before }) };
}

function differs(registry: RegistryView, { key, name = '', value }: RegistryChange): boolean {
  return !isEqualValue(registry.value(key, name), value);
}

function policyLeft(registry: RegistryView, undone: readonly RegistryChange[]): string[] {
  return policyValues.flatMap((policy) => {
    const { name } = policy;
    const key = keyOf(policy);
    const change = undone.find((one) => one.key === key && one.name?.toLowerCase() === name.toLowerCase());
    const value = change ? change.value : registry.value(key, name);
    return value === undefined ? [] : [`${key}\\${name}`];
  });
}

/** `isWhole`: below the key is nothing that stays. A vendor's agent has the identity of the machine there. */
function ownKey(
  registry: RegistryView,
  record: readonly RecordedValue[],
  { purge, isWhole }: { purge: boolean; isWhole: boolean },
): RegistryPlan {
  if (!registry.hasKey(keys.agent)) return { changes: [], left: [] };
  if (purge) return { changes: [{ key: keys.agent }], left: [] };
  const isOurs = (name: string) => {
    const recorded = record.find((one) => one.key === keys.agent && one.name.toLowerCase() === name.toLowerCase());
    if (recorded) return isEqualValue(registry.value(keys.agent, name), recorded.after);
    return ownNames.has(name.toLowerCase());
  };
  const names = registry.values(keys.agent).map(({ name }) => name);
  const limits = registry.values(keys.limits).map(({ name }) => `${keys.limits}\\${name}`);
  const kept = names.filter((name) => !isOurs(name) && !ownNames.has(name.toLowerCase()));
  if (isWhole && kept.length === 0 && limits.length === 0) return { changes: [{ key: keys.agent }], left: [] };
  const gone = names.filter((name) => !kept.includes(name));
  return {
    changes: gone.map((name) => ({ key: keys.agent, name })),
    left: [...kept.map((name) => `${keys.agent}\\${name}`), ...limits],
  };
}
