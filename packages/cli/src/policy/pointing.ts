// The policy that points clients at a server, and the policy that undoes it.
import { policyValueByName } from '@moult/agent';

export interface PolicySetting {
  name: string;
  /** Below HKEY_LOCAL_MACHINE. */
  key: string;
  data: number | string | Uint8Array;
}

export interface Pointing {
  /** As http://server:8530, without a slash at its end. */
  server: string;
  /** Names of groups, with `;` between them. */
  group: string | undefined;
}

export const policyKey = 'SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate';
export const auKey = `${policyKey}\\AU`;
export const maintenanceKey = 'SOFTWARE\\Policies\\Microsoft\\Windows\\Task Scheduler\\Maintenance';

const keyPaths = { policy: policyKey, au: auKey, maintenance: maintenanceKey } as const;

/** Every value that a pointing may set. The undoing removes them all. */
export const pointingNames = [
  'WUServer',
  'WUStatusServer',
  'UseWUServer',
  'TargetGroup',
  'TargetGroupEnabled',
] as const;

/** The two addresses must be equal, or agents use neither. */
export function pointingSettings({ server, group }: Pointing): PolicySetting[] {
  return [
    setting('WUServer', server),
    setting('WUStatusServer', server),
    setting('UseWUServer', 1),
    ...(group === undefined ? [] : [setting('TargetGroup', group), setting('TargetGroupEnabled', 1)]),
  ];
}

/** The key of one of these values. */
export function keyOfValue(name: string): string {
  return keyPaths[policyValueByName.get(name.toLowerCase())?.key ?? 'policy'];
}

function setting(name: string, data: number | string): PolicySetting {
  return { name, key: keyOfValue(name), data };
}
