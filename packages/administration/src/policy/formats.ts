// One policy in the forms that administrators bring to computers. Each form is a list of files: their names and bytes.
import { encodePolicyFile, encodeRegistryChanges, type RegistryValue, removal } from '@moult/formats/registry';
import { admxFiles } from './admx.ts';
import { backupFiles } from './gpo-backup.ts';
import { type Pointing, type PolicySetting, pointingKeys, pointingSettings } from './pointing.ts';

export const policyFormats = ['reg', 'pol', 'admx', 'gpo', 'intune', 'ps1'] as const;
export type PolicyFormat = (typeof policyFormats)[number];

export interface ExportedFile {
  /** With `/` between folders. */
  name: string;
  bytes: Uint8Array;
}

export interface ExportOptions {
  /** Makes the undoing of the pointing: every value of it is removed. */
  isUndo: boolean;
  now: Date;
  /** A new GUID, lower case. */
  newGuid(): string;
  /** Beside the pointing: see trustSettings. No form of admx and intune has them. */
  trust?: readonly PolicySetting[];
}

/** The files of a form. `admx` and `gpo` are several in folders, the others one. */
export function exportPolicy(format: PolicyFormat, pointing: Pointing, options: ExportOptions): ExportedFile[] {
  const { isUndo, trust = [] } = options;
  const settings = isUndo ? [] : [...pointingSettings(pointing), ...trust];
  const removed = isUndo ? [...Object.entries(pointingKeys).map(([name, key]) => ({ name, key })), ...trust] : [];
  switch (format) {
    case 'reg':
      return [{ name: 'moult-policy.reg', bytes: registryFile(settings, removed) }];
    case 'pol':
      return [{ name: 'Registry.pol', bytes: policyFile(settings, removed) }];
    case 'admx':
      return admxFiles(pointing);
    case 'gpo':
      return backupFiles(policyFile(settings, removed), options);
    case 'intune':
      return [{ name: 'moult-policy.json', bytes: intuneProfile(pointing) }];
    case 'ps1':
      return [{ name: 'moult-policy.ps1', bytes: script(settings, removed) }];
  }
}

type Place = Pick<PolicySetting, 'key' | 'name'>;

/** Text in UTF-16LE, as Registry Editor writes it. */
function registryFile(settings: readonly PolicySetting[], removed: readonly Place[]): Uint8Array {
  return encodeRegistryChanges([
    ...settings.map(({ key, name, data }) => ({ key: `HKLM\\${key}`, name, value: registryValue(data) })),
    ...removed.map(({ key, name }) => ({ key: `HKLM\\${key}`, name })),
  ]);
}

function policyFile(settings: readonly PolicySetting[], removed: readonly Place[]): Uint8Array {
  return encodePolicyFile([
    ...settings.map(({ key, name, data }) => ({ key, name, value: registryValue(data) })),
    ...removed.map(({ key, name }) => removal(key, name)),
  ]);
}

function registryValue(data: PolicySetting['data']): RegistryValue {
  if (data instanceof Uint8Array) return { type: 'REG_BINARY', data };
  return typeof data === 'number' ? { type: 'REG_DWORD', data } : { type: 'REG_SZ', data };
}

/** A custom profile for Microsoft Graph. Device management has no node for the group, and one address for both. */
function intuneProfile({ server }: Pointing): Uint8Array {
  const profile = {
    '@odata.type': '#microsoft.graph.windows10CustomConfiguration',
    displayName: 'Moult update server',
    description: `Points Windows at ${server}.`,
    omaSettings: [
      {
        '@odata.type': '#microsoft.graph.omaSettingString',
        displayName: 'UpdateServiceUrl',
        omaUri: './Device/Vendor/MSFT/Policy/Config/Update/UpdateServiceUrl',
        value: server,
      },
    ],
  };
  return Buffer.from(`${JSON.stringify(profile, undefined, 2)}\n`);
}

/** Windows PowerShell takes UTF-8 only with a mark. */
function script(settings: readonly PolicySetting[], removed: readonly Place[]): Uint8Array {
  const lines = [
    '#Requires -RunAsAdministrator',
    "$ErrorActionPreference = 'Stop'",
    ...[...new Set(settings.map(({ key }) => key))].map((key) => {
      const path = quoted(`HKLM:\\${key}`);
      return `if (-not (Test-Path -LiteralPath ${path})) { New-Item -Path ${path} -Force | Out-Null }`;
    }),
    ...settings.map(({ key, name, data }) => {
      const [type, value] = typed(data);
      return `New-ItemProperty -LiteralPath ${quoted(`HKLM:\\${key}`)} -Name ${name} -PropertyType ${type} -Value ${value} -Force | Out-Null`;
    }),
    ...removed.map(({ key, name }) => {
      const path = quoted(`HKLM:\\${key}`);
      return `Remove-ItemProperty -LiteralPath ${path} -Name ${name} -ErrorAction SilentlyContinue`;
    }),
    'Restart-Service -Name wuauserv -ErrorAction SilentlyContinue',
  ];
  return Buffer.from(`\ufeff${lines.join('\r\n')}\r\n`);
}

function typed(data: PolicySetting['data']): [type: string, value: string] {
  if (data instanceof Uint8Array) return ['Binary', `([byte[]](${[...data].join(',')}))`];
  return typeof data === 'number' ? ['DWord', String(data)] : ['String', quoted(data)];
}

/** Nothing in single quotes is read by PowerShell. It knows the typographic ones too. */
function quoted(text: string): string {
  return `'${text.replace(/['\u2018-\u201b]/g, '$&$&')}'`;
}
