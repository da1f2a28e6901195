// The policy that points clients at a server, and the policy that undoes it.

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

/** Every value that a pointing may set, and its key. The undoing removes them all. */
export const pointingKeys = {
  WUServer: policyKey,
  WUStatusServer: policyKey,
  UseWUServer: auKey,
  TargetGroup: policyKey,
  TargetGroupEnabled: policyKey,
} as const;

/** The two addresses must be equal, or agents use neither. */
export function pointingSettings({ server, group }: Pointing): PolicySetting[] {
  return [
    setting('WUServer', server),
    setting('WUStatusServer', server),
    setting('UseWUServer', 1),
    ...(group === undefined ? [] : [setting('TargetGroup', group), setting('TargetGroupEnabled', 1)]),
  ];
}

function setting(name: keyof typeof pointingKeys, data: number | string): PolicySetting {
  return { name, key: pointingKeys[name], data };
}
