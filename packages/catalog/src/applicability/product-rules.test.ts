// Rules about Windows Installer, drivers, servicing, and our own for Linux and macOS.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { packVersion } from '../metadata/index.ts';
import { evaluateApplicability, type MachineFacts } from './index.ts';

const P = '{00000000-0000-0000-0000-00000000000A}';

const facts: MachineFacts = {
  msiProduct: (code) => (code === P ? { version: '9.10.0', language: 1033 } : null),
  msiFeatureInstalled: (_, feature) => feature === 'Main',
  msiPatchApplied: (_, patch) => patch === '{11111111-0000-0000-0000-000000000000}',
  msiPatchSequence: (_, family) => (family === 'known' ? '2.0.0' : null),
  cbsPackageState: (identity) => (identity === 'Pkg~31bf~amd64~~10.0.1.1' ? 112 : null),
  devices: () => [
    {
      hardwareIds: ['PCI\\VEN_1&DEV_2&REV_3', 'PCI\\VEN_1&DEV_2'],
      compatibleIds: ['PCI\\VEN_1'],
      installedDriver: {
        matchingId: 'pci\\ven_1&dev_2',
        driverVerDate: '2020-01-01',
        driverVerVersion: packVersion('5.0.0.0'),
        driverClass: 'Net',
        manufacturer: 'M',
        provider: 'P',
        driverRank: 0x00ff0000,
      },
    },
    { hardwareIds: ['USB\\NEW'], compatibleIds: [] },
  ],
  osRelease: (field) => ({ ID: 'debian', VERSION_ID: '13' })[field] ?? null,
  packageVersion: (_, name) => (name === 'openssl' ? '3.5.1-1+deb13u1' : null),
  file: (path) => (path === '/usr/bin/app' ? { sizeBytes: 1, modifiedMs: 0 } : null),
  fileHash: (path) => (path === '/usr/bin/app' ? 'ab'.repeat(32) : null),
  commandExit: (program, args) => (program === '/usr/bin/app' && args[0] === '--check it' ? 3 : 0),
};

const patchMetadata = (
  version: string,
  sequence = '1.0.0',
  family = 'known',
  guid = '{22222222-0000-0000-0000-000000000000}',
) =>
  `<Metadata><m.MsiPatchMetadata><MsiPatch PatchGUID="${guid}" xmlns="http://www.microsoft.com/msi/patch_applicability.xsd">` +
  `<TargetProduct><TargetProductCode Validate="true">${P}</TargetProductCode><TargetVersion Validate="true" ComparisonType="LessThanOrEqual" ComparisonFilter="MajorMinor">${version}</TargetVersion></TargetProduct>` +
  `<SequenceData><PatchFamily>${family}</PatchFamily><Sequence>${sequence}</Sequence></SequenceData></MsiPatch></m.MsiPatchMetadata></Metadata>`;
const applicationMetadata = (attributes: string, code = P) =>
  `<Metadata><m.MsiApplicationMetadata><m.ProductCode ${attributes}>${code}</m.ProductCode></m.MsiApplicationMetadata></Metadata>`;
const driver = (id: string, date: string, version: string, more = '') =>
  `<Metadata><d.WindowsDriverMetaData HardwareID="${id}" DriverVerDate="${date}" DriverVerVersion="${version}" WhqlDriverID="1" Class="Net" Company="C" Provider="P" Manufacturer="M" Model="X">${more}</d.WindowsDriverMetaData></Metadata>`;
const manifest = (version: string) =>
  `<Metadata><CbsPackageApplicabilityMetadata><assembly><assemblyIdentity name="Pkg" version="${version}" processorArchitecture="amd64" language="neutral" publicKeyToken="31bf" /></assembly></CbsPackageApplicabilityMetadata></Metadata>`;

const table: [string, string, boolean | undefined][] = [
  [`<m.MsiProductInstalled ProductCode="${P.toLowerCase()}" />`, '', true],
  [`<m.MsiProductInstalled ProductCode="${P}" VersionMin="9.10" VersionMax="9.10" />`, '', true],
  [`<m.MsiProductInstalled ProductCode="${P}" VersionMin="9.10" ExcludeVersionMin="true" />`, '', false],
  [`<m.MsiProductInstalled ProductCode="${P}" VersionMax="9.9.9" />`, '', false],
  [
    `<m.MsiProductInstalled ProductCode="${P}" ExcludeVersionMax="true" VersionMin="9.00.1399.06" Language="1033" />`,
    '',
    true,
  ],
  [`<m.MsiProductInstalled ProductCode="${P}" Language="1031" />`, '', false],
  ['<m.MsiProductInstalled ProductCode="{B}" />', '', false],
  [
    `<m.MsiFeatureInstalledForProduct><m.Feature>Main</m.Feature><m.Feature>Extra</m.Feature><m.Product>${P}</m.Product></m.MsiFeatureInstalledForProduct>`,
    '',
    true,
  ],
  [
    `<m.MsiFeatureInstalledForProduct AllFeaturesRequired="true"><m.Feature>Main</m.Feature><m.Feature>Extra</m.Feature><m.Product>${P}</m.Product></m.MsiFeatureInstalledForProduct>`,
    '',
    false,
  ],
  [
    `<m.MsiComponentInstalledForProduct><m.Component>{C}</m.Component><m.Product>${P}</m.Product></m.MsiComponentInstalledForProduct>`,
    '',
    undefined,
  ],
  [`<m.MsiPatchInstalledForProduct PatchCode="{11111111-0000-0000-0000-000000000000}" ProductCode="${P}" />`, '', true],
  [
    `<m.MsiPatchInstalledForProduct PatchCode="{11111111-0000-0000-0000-000000000000}" ProductCode="${P}" VersionMin="10" />`,
    '',
    false,
  ],
  ['<m.MsiPatchInstalled />', patchMetadata('9.10.0'), false],
  ['<m.MsiPatchInstalled />', patchMetadata('9.10.0', '1', 'known', '{11111111-0000-0000-0000-000000000000}'), true],
  ['<m.MsiPatchInstallable />', patchMetadata('9.10.7'), true],
  ['<m.MsiPatchInstallable />', patchMetadata('9.9.0'), false],
  ['<m.MsiPatchInstallable />', '', undefined],
  ['<m.MsiPatchSuperseded />', patchMetadata('9.10.0', '1.9'), true],
  ['<m.MsiPatchSuperseded />', patchMetadata('9.10.0', '2.0.1'), false],
  ['<m.MsiPatchSuperseded />', patchMetadata('9.10.0', '1.0', 'other'), false],
  ['<m.MsiApplicationInstalled />', applicationMetadata(''), true],
  ['<m.MsiApplicationInstalled />', applicationMetadata('', '{B}'), false],
  ['<m.MsiApplicationInstalled />', applicationMetadata('Version="9.11" UseRecacheReinstall="LowerVersion"'), false],
  ['<m.MsiApplicationInstallable />', applicationMetadata('Version="9.11" UseRecacheReinstall="LowerVersion"'), true],
  ['<m.MsiApplicationSuperseded />', applicationMetadata('Version="9.9" UseRecacheReinstall="LowerVersion"'), true],
  ['<d.WindowsDriverInstallable />', driver('PCI\\VEN_1&amp;DEV_2', '2021-01-01', '1.0'), true],
  ['<d.WindowsDriverInstallable />', driver('PCI\\VEN_1&amp;DEV_2', '2020-01-01', '5.0.0.0'), false],
  ['<d.WindowsDriverInstalled />', driver('PCI\\VEN_1&amp;DEV_2', '2020-01-01', '5.0.0.0'), true],
  ['<d.WindowsDriverSuperseded />', driver('PCI\\VEN_1&amp;DEV_2', '2019-12-31', '9.0'), true],
  ['<d.WindowsDriverSuperseded />', driver('PCI\\VEN_1', '2029-01-01', '9.0'), true],
  ['<d.WindowsDriverInstallable />', driver('PCI\\VEN_1&amp;DEV_2&amp;REV_3', '2001-01-01', '1.0'), true],
  ['<d.WindowsDriverInstallable />', driver('usb\\new', '2001-01-01', '1.0'), true],
  ['<d.WindowsDriverInstallable />', driver('PCI\\OTHER', '2030-01-01', '1.0'), false],
  [
    '<d.WindowsDriverInstallable />',
    driver('usb\\new', '2030-01-01', '1.0', '<d.TargetComputerHardwareId>{a}</d.TargetComputerHardwareId>'),
    false,
  ],
  ['<d.WindowsDriverInstallable />', driver('usb\\new', 'yesterday', '1.0'), undefined],
  ['<CbsPackageInstalledByIdentity PackageIdentity="Pkg~31bf~amd64~~10.0.1.1" />', '', true],
  ['<CbsPackageInstalled />', manifest('10.0.1.1'), true],
  ['<CbsPackageInstalled />', manifest('10.0.1.2'), false],
  ['<CbsPackageInstallable />', manifest('10.0.1.1'), false],
  ['<CbsPackageInstallable />', manifest('10.0.1.2'), undefined],
  ['<DeviceAttribute Name="OSSkuId" Value="48" />', '', undefined],
  ['<OsRelease Field="ID" Value="debian" />', '', true],
  ['<OsRelease Field="VERSION_ID" Comparison="GreaterThanOrEqualTo" Value="12" />', '', true],
  ['<OsRelease Field="NONE" Value="x" />', '', false],
  ['<PackageVersion Name="openssl" Comparison="LessThan" Version="3.5.1-1+deb13u2" />', '', true],
  ['<PackageVersion Name="openssl" />', '', true],
  ['<PackageVersion Name="none" />', '', false],
  ['<FileExists Path="/usr/bin/app" />', '', true],
  ['<FileVersion Path="/usr/bin/app" Comparison="EqualTo" Version="1" />', '', undefined],
  [`<FileHash Path="/usr/bin/app" Digest="${Buffer.from('ab'.repeat(32), 'hex').toString('base64')}" />`, '', true],
  [`<FileHash Path="/usr/bin/app" Digest="${'cd'.repeat(32)}" />`, '', false],
  ['<CommandExit Program="/usr/bin/app" Code="3"><Argument>--check it</Argument></CommandExit>', '', true],
];

describe('rules about products, drivers and packages', () => {
  for (const [rule, metadata, expected] of table) {
    it(`finds ${rule}${metadata && ' with its metadata'} ${expected ?? 'unknown'}`, () => {
      const core = `<UpdateIdentity UpdateID="A" RevisionNumber="1" /><Properties UpdateType="Software" /><ApplicabilityRules>${metadata}<IsInstalled>${rule}</IsInstalled></ApplicabilityRules>`;
      const { verdicts } = evaluateApplicability(core, facts);
      assert.equal(verdicts[0]?.value, expected, verdicts[0]?.says);
    });
  }
});
