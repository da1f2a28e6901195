// A vendor's catalog of any size with the proportions of HP's of 2019 (1,829 packages): how many rules of each kind, of each
// classification, how many restart and supersede. Nothing of that catalog is in here but the counts. Each package says in
// plain values for which machines it is, so that a test can count without evaluating rules.

/** Counted in the catalog of 1,829 packages. */
const counted = {
  packages: 1829,
  ...{
    And: 18_183,
    WindowsVersion: 14_525,
    Processor: 12_696,
    WmiQuery: 8_295,
    FileVersion: 5_934,
    RegSz: 5_123,
    Or: 2_636,
  },
  classifications: { Updates: 1531, 'Critical Updates': 254, Tools: 26, 'Feature Packs': 17, 'Security Updates': 1 },
  ...{ alwaysRestart: 1226, canRestart: 603, supersede: 1433 },
};

export type RuleKind = 'And' | 'WindowsVersion' | 'Processor' | 'WmiQuery' | 'FileVersion' | 'RegSz' | 'Or';

export interface GeneratedPackage {
  id: string;
  /** As one element with its own declarations. */
  xml: string;
  /** It can be installed on these: one of the systems with its processor, and one of the models. */
  systems: { system: number; architecture: number }[];
  models: number[];
  /** It is installed where the files have at least this version and the series is this one. */
  version: number;
  series: number;
}

export const systems = [
  ...[
    { major: 6, minor: 1, build: 7601 },
    { major: 6, minor: 2, build: 9200 },
    { major: 6, minor: 3, build: 9600 },
  ],
  ...[15063, 16299, 17134, 17763, 19045, 22631, 26100].map((build) => ({ major: 10, minor: 0, build })),
];

const publishing = 'http://schemas.microsoft.com/wsus/2005/04/CorporatePublishing';
const declarations = [
  `xmlns:sdp="${publishing}/SoftwareDistributionPackage.xsd"`,
  `xmlns:bar="${publishing}/BaseApplicabilityRules.xsd" xmlns:lar="${publishing}/LogicalApplicabilityRules.xsd"`,
  `xmlns:msiar="${publishing}/MsiApplicabilityRules.xsd"`,
  `xmlns:cmd="${publishing}/Installers/CommandLineInstallation.xsd"`,
].join(' ');

export function* generateVendorPackages(count: number): Generator<GeneratedPackage> {
  for (let at = 0; at < count; at++) yield generate(at, count);
}

/** One XML with all packages, as in a catalog of the first version. */
export function* vendorCatalogXml(packages: Iterable<GeneratedPackage>): Generator<string> {
  yield '<?xml version="1.0" encoding="utf-8"?>\n<smc:SystemsManagementCatalog xmlns:smc="http://schemas.microsoft.com/sms/2005/04/CorporatePublishing/SystemsManagementCatalog.xsd">\n';
  for (const { xml } of packages) yield `${xml}\n`;
  yield '</smc:SystemsManagementCatalog>\n';
}

export function packageIdOf(at: number): string {
  return `00004850-0000-0000-5350-${String(at).padStart(12, '0')}`;
}

/** How many of a kind the package at this place has, so that all together have the proportion. */
function share(kind: RuleKind, at: number): number {
  const each = counted[kind] / counted.packages;
  return Math.floor((at + 1) * each) - Math.floor(at * each);
}

function generate(at: number, count: number): GeneratedPackage {
  const own = {
    id: packageIdOf(at),
    version: at % 7,
    series: at % 3,
    ...{ systems: systemsOf(at), models: modelsOf(at) },
  };
  return { ...own, xml: packageXml(at, count, own) };
}

function systemsOf(at: number): GeneratedPackage['systems'] {
  const pairs = Math.min(share('WindowsVersion', at), share('Processor', at));
  return Array.from({ length: pairs }, (_, t) => ({
    system: (at + t) % systems.length,
    architecture: (at + t) % 3 === 0 ? 0 : 9,
  }));
}

/** With one Or, which the systems need, all queries ask for the same model. */
function modelsOf(at: number): number[] {
  const queries = share('WmiQuery', at);
  return share('Or', at) < 2 ? [at % 10] : Array.from({ length: queries }, (_, t) => (at + t) % 10);
}

function packageXml(at: number, count: number, own: Omit<GeneratedPackage, 'xml'>): string {
  const file = `sp${65_000 + at}.exe`;
  const digest = Buffer.alloc(20, at).toString('base64');
  const superseded = at > 0 && isAmong(at, counted.supersede) ? packageIdOf((at * 7) % count) : undefined;
  return (
    `<sdp:SoftwareDistributionPackage SchemaVersion="1.0" ${declarations}>` +
    `<sdp:Properties PackageID="${own.id}" VendorName="Example Devices" PublicationState="Published" CreationDate="2019-02-24T00:00:00Z">` +
    `<sdp:MoreInfoUrl>http://example.invalid/${at}</sdp:MoreInfoUrl><sdp:ProductName>Driver</sdp:ProductName></sdp:Properties>` +
    `<sdp:LocalizedProperties><sdp:Language>en</sdp:Language><sdp:Title>Example driver ${at} [1.${own.version}]</sdp:Title>` +
    `<sdp:Description>${'This package has the drivers of the devices of some models. '.repeat(8)}</sdp:Description></sdp:LocalizedProperties>` +
    `<sdp:UpdateSpecificData UpdateClassification="${classificationOf(at)}"><sdp:KBArticleID>sp${65_000 + at}</sdp:KBArticleID></sdp:UpdateSpecificData>` +
    (superseded && superseded !== own.id
      ? `<sdp:SupersededPackages><sdp:PackageID>${superseded}</sdp:PackageID></sdp:SupersededPackages>`
      : '') +
    `<sdp:InstallableItem ID="${own.id.replace('5350', '5351')}"><sdp:ApplicabilityRules>` +
    `<sdp:IsInstalled>${installedXml(at, own)}</sdp:IsInstalled><sdp:IsInstallable>${installableXml(at, own)}</sdp:IsInstallable>` +
    `</sdp:ApplicabilityRules><sdp:InstallProperties CanRequestUserInput="false" Impact="Normal" RequiresNetworkConnectivity="false" RebootBehavior="${restartOf(at)}" />` +
    `<cmd:CommandLineInstallerData Program="${file}" Arguments="/s" DefaultResult="Failed" RebootByDefault="false">` +
    '<cmd:ReturnCode Code="0" Result="Succeeded" Reboot="false" /><cmd:ReturnCode Code="3010" Result="Succeeded" Reboot="true" /></cmd:CommandLineInstallerData>' +
    `<sdp:OriginFile Digest="${digest}" FileName="${file}" Size="${88_000_000 + at}" Modified="2019-02-24T00:00:00Z" OriginUri="http://example.invalid/${file}" />` +
    '<sdp:Language>en</sdp:Language></sdp:InstallableItem></sdp:SoftwareDistributionPackage>'
  );
}

function installedXml(at: number, { version, series }: Omit<GeneratedPackage, 'xml'>): string {
  const files = Array.from(
    { length: share('FileVersion', at) },
    (_, t) =>
      `<bar:FileVersion Path="Example\\App${at}\\f${t}.dll" Csidl="38" Comparison="GreaterThanOrEqualTo" Version="1.${version}.0.0" />`,
  );
  const values = Array.from(
    { length: share('RegSz', at) },
    (_, t) =>
      `<bar:RegSz Key="HKEY_LOCAL_MACHINE" Subkey="SOFTWARE\\Example\\${t}" Value="Series" Comparison="EqualTo" Data="S${series}" />`,
  );
  return `<lar:And>${[...files, ...values].join('')}</lar:And>`;
}

function installableXml(at: number, { systems: pairs, models }: Omit<GeneratedPackage, 'xml'>): string {
  const spare = {
    windows: share('WindowsVersion', at) - pairs.length,
    processor: share('Processor', at) - pairs.length,
  };
  const alternatives = pairs.map((pair, t) => {
    const again =
      t === 0
        ? versionXml(pair.system).repeat(spare.windows) + processorXml(pair.architecture).repeat(spare.processor)
        : '';
    return `<lar:And>${versionXml(pair.system)}${processorXml(pair.architecture)}${again}</lar:And>`;
  });
  const queries = Array.from(
    { length: share('WmiQuery', at) },
    (_, t) =>
      `<bar:WmiQuery Namespace="root\\cimv2" WqlQuery="select * from Win32_ComputerSystem where Model like '%Book ${models[t % models.length]}%'" />`,
  );
  const isEither = share('Or', at) >= 2;
  const wanted = isEither ? `<lar:Or>${queries.join('')}</lar:Or>` : queries.join('');
  // One And above all, one of IsInstalled, one for each pair; the rest nested.
  const left = share('And', at) - pairs.length - 2;
  return `${'<lar:And>'.repeat(1 + left)}<lar:Or>${alternatives.join('')}</lar:Or>${wanted}${'</lar:And>'.repeat(1 + left)}`;
}

function versionXml(system: number): string {
  const { major, minor, build } = systems[system] ?? { major: 0, minor: 0, build: 0 };
  return `<bar:WindowsVersion Comparison="EqualTo" MajorVersion="${major}" MinorVersion="${minor}" BuildNumber="${build}" />`;
}

function processorXml(architecture: number): string {
  return `<bar:Processor Architecture="${architecture}" />`;
}

function classificationOf(at: number): string {
  const place = ((at * 997) % counted.packages) + 1;
  let sum = 0;
  for (const [name, number] of Object.entries(counted.classifications)) {
    sum += number;
    if (place <= sum) return name;
  }
  return 'Updates';
}

function restartOf(at: number): string {
  return isAmong(at, counted.alwaysRestart) ? 'AlwaysRequiresReboot' : 'CanRequestReboot';
}

/** True for as many of the packages as the proportion says, spread over all. */
function isAmong(at: number, number: number): boolean {
  const each = number / counted.packages;
  return Math.floor((at + 1) * each) > Math.floor(at * each);
}
