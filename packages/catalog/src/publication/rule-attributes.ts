// Which attributes a rule takes, as the schemas say (BaseApplicabilityRules.xsd, MsiApplicabilityRules.xsd,
// docs/catalog.md for ours). An agent meets a rule that lacks one, or compares by an unknown word, with "unknown" for
// ever: a publisher has to hear of it before that.
import { bad } from './yaml-values.ts';

const key = 'Key Subkey [RegType32]';
const csidl = '[Csidl]';
const version = '[Comparison] [MajorVersion] [MinorVersion] [BuildNumber] [ServicePackMajor] [ServicePackMinor]';
const suites = '[AllSuitesMustBePresent] [SuiteMask] [ProductType]';
const bounds = '[VersionMin] [VersionMax] [ExcludeVersionMin] [ExcludeVersionMax] [Language]';

const files: Readonly<Record<string, string>> = {
  FileExists: 'Path [Version] [Created] [Modified] [Size] [Language]',
  FileVersion: 'Path Comparison Version',
  FileCreated: 'Path Comparison Created',
  FileModified: 'Path Comparison Modified',
  FileSize: 'Path Comparison Size',
};

/** Rule → its attributes, optional ones in brackets. A rule that is not here is not checked. */
const attributesOfRule: Readonly<Record<string, string>> = {
  'b.Platform': 'PlatformID',
  'b.WindowsVersion': `${version} ${suites}`,
  'b.PlatformVersion': `${version} ${suites}`,
  'b.WindowsLanguage': 'Language',
  'b.PlatformLanguage': 'Language',
  'b.MuiLanguageInstalled': 'Language',
  'b.SystemMetric': 'Comparison Index Value',
  'b.Processor': 'Architecture [Level] [Revision]',
  'b.NumberOfProcessors': 'Comparison Number',
  'b.Memory': 'MinSizeInMB [Type]',
  'b.ClusterResourceOwner': `${key} Value [Prefix] [Suffix]`,
  'b.RegKeyExists': key,
  'b.RegValueExists': `${key} [Value] [Type]`,
  'b.RegDword': `${key} Value Comparison Data`,
  'b.RegSz': `${key} Value Comparison Data`,
  'b.RegExpandSz': `${key} Value Comparison Data`,
  'b.RegSzToVersion': `${key} Value Comparison Data`,
  'b.LicenseValueExists': 'Value',
  'b.LicenseDword': 'Value Comparison Data',
  'b.WmiQuery': '[Namespace] WqlQuery',
  ...Object.fromEntries(Object.entries(files).map(([name, own]) => [`b.${name}`, `${own} ${csidl}`])),
  ...Object.fromEntries(Object.entries(files).map(([name, own]) => [`b.${name}PrependRegSz`, `${own} ${key} Value`])),
  'm.MsiProductInstalled': `ProductCode ${bounds}`,
  'm.MsiPatchInstalledForProduct': `PatchCode ProductCode ${bounds}`,
  OsRelease: 'Field Value [Comparison]',
  PackageVersion: 'Name [Manager] [Version] [Comparison]',
  FileExists: 'Path',
  FileVersion: 'Path Comparison Version',
  FileHash: 'Path Digest [Algorithm]',
  CommandExit: 'Program [Code]',
};

const scalarWords = ['LessThan', 'LessThanOrEqualTo', 'EqualTo', 'GreaterThanOrEqualTo', 'GreaterThan'];
const textWords = ['EqualTo', 'BeginsWith', 'Contains', 'EndsWith'];

/**
 * The attributes with the schema's spelling, whatever their letter case. Throws CATALOG_BAD_PUBLICATION, naming
 * `where`, for a missing or unknown attribute, and for a wrong Comparison.
 */
export function checkedAttributes(
  rule: string,
  attributes: readonly [string, string][],
  where: string,
): [string, string][] {
  const known = attributesOfRule[rule]?.split(' ');
  if (!known) return [...attributes];
  const names = known.map((one) => one.replace(/^\[|\]$/g, ''));
  const spelled = attributes.map(([name, value]): [string, string] => {
    const found = names.find((one) => one.toLowerCase() === name.toLowerCase());
    if (!found) throw bad(`${where} takes no ${name}; it takes ${names.join(', ')}.`);
    return [found, found === 'Comparison' ? comparisonWord(rule, value, where) : value];
  });
  const missing = known.find((name) => !name.startsWith('[') && !spelled.some(([given]) => given === name));
  if (missing) throw bad(`${where} needs ${missing}.`);
  return spelled;
}

function comparisonWord(rule: string, value: string, where: string): string {
  const isText = rule === 'b.RegSz' || rule === 'b.RegExpandSz';
  const words = isText ? textWords : rule === 'OsRelease' ? [...scalarWords, ...textWords] : scalarWords;
  const word = words.find((one) => one.toLowerCase() === value.toLowerCase());
  if (!word) throw bad(`${where}: Comparison "${value}" is not one of ${[...new Set(words)].join(', ')}.`);
  return word;
}
