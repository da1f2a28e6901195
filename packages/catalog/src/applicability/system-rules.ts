// Base rules about the system itself (BaseApplicabilityRules.xsd): version, language, processor, licence, history.
import { compareBy, isTrue, toNumber } from './compare.ts';
import type { WindowsVersionFacts } from './facts.ts';
import type { Rule } from './rules.ts';
import {
  type Answer,
  compared,
  decided,
  type RuleContext,
  type RuleEvaluator,
  undecided,
  withAttributes,
  withFact,
} from './verdict.ts';

export const systemRules: Record<string, RuleEvaluator> = {
  'b.Platform': (rule, { facts }) =>
    withAttributes(rule, ['PlatformID'], (wanted) =>
      withFact(facts.platform?.(), 'the platform', (platform) =>
        decided(platform.toLowerCase() === wanted.toLowerCase(), `the platform is ${platform}`),
      ),
    ),
  'b.WindowsVersion': (rule, { facts }) =>
    withFact(facts.windowsVersion?.(), 'Windows', (version) => windowsVersion(rule, version)),
  'b.PlatformVersion': (rule, { facts }) =>
    withFact(facts.windowsVersion?.(), 'Windows', (version) => windowsVersion(rule, version)),
  'b.WindowsLanguage': systemLanguage,
  'b.PlatformLanguage': systemLanguage,
  'b.MuiInstalled': (_, { facts }) =>
    withFact(facts.language?.(), 'the system language', ({ mui }) =>
      mui === undefined
        ? unknownInterface
        : decided(mui !== null, `the multilingual user interface is ${mui === null ? 'not ' : ''}installed`),
    ),
  'b.MuiLanguageInstalled': (rule, { facts }) =>
    withAttributes(rule, ['Language'], (language) =>
      withFact(facts.language?.(), 'the system language', ({ mui }) =>
        mui === undefined
          ? unknownInterface
          : decided(
              mui?.some((tag) => covers(language, tag)) ?? false,
              `user interface languages: ${mui?.join(', ') || 'none'}`,
            ),
      ),
    ),
  'b.SystemMetric': (rule, { facts }) =>
    withAttributes(rule, ['Comparison', 'Index', 'Value'], (token, index, value) =>
      toNumber(index) === undefined
        ? undecided(`Index "${index}" is not a number`)
        : withFact(facts.systemMetric?.(Number(index)), `system metric ${index}`, (metric) =>
            compareNumber(token, metric, value),
          ),
    ),
  'b.Processor': (rule, { facts }) =>
    withAttributes(rule, ['Architecture'], () =>
      withFact(facts.processor?.(), 'the processor', ({ architecture, level, revision }) => {
        const pairs = [
          [rule.attributes.Architecture, architecture],
          [rule.attributes.Level, level],
          [rule.attributes.Revision, revision],
        ] as const;
        const asked = pairs.filter(([wanted]) => wanted !== undefined);
        const bad = asked.find(([wanted]) => toNumber(wanted) === undefined);
        if (bad) return undecided(`"${bad[0]}" is not a number of a processor`);
        if (asked.some(([wanted, found]) => found !== undefined && toNumber(wanted) !== found)) {
          return decided(false, `the processor is of architecture ${architecture}`);
        }
        if (asked.some(([, found]) => found === undefined))
          return undecided('level and revision of the processor are not known');
        return decided(true, `the processor is of architecture ${architecture}`);
      }),
    ),
  'b.NumberOfProcessors': (rule, { facts }) =>
    withAttributes(rule, ['Comparison', 'Number'], (token, number) =>
      withFact(facts.processorCount?.(), 'the number of processors', (count) => compareNumber(token, count, number)),
    ),
  'b.ClusteredOS': (_, { facts }) =>
    withFact(facts.isClustered?.(), 'a cluster', (clustered) =>
      decided(clustered, clustered ? 'clustered' : 'not clustered'),
    ),
  'b.Memory': (rule, { facts }) =>
    withAttributes(rule, ['MinSizeInMB'], (minimum) =>
      withFact(facts.memoryMegabytes?.(), 'the memory size', (size) =>
        compareNumber('GreaterThanOrEqualTo', size, minimum),
      ),
    ),
  ...Object.fromEntries(
    ['b.VideoMemory', 'b.Direct3D', 'b.SensorById', 'b.NFC', 'b.Camera'].map((name): [string, RuleEvaluator] => [
      name,
      (rule, { facts }) =>
        withFact(facts.hasCapability?.(name, rule.attributes), name.slice(2), (has) =>
          decided(has, `the device ${has ? 'has' : 'lacks'} it`),
        ),
    ]),
  ),
  'b.LicenseValueExists': (rule, { facts }) =>
    withAttributes(rule, ['Value'], (name) =>
      withFact(facts.licenseValue?.(name), `licence value ${name}`, () =>
        decided(true, `licence value ${name} exists`),
      ),
    ),
  'b.LicenseDword': (rule, { facts }) =>
    withAttributes(rule, ['Value', 'Comparison', 'Data'], (name, token, data) =>
      withFact(facts.licenseValue?.(name), `licence value ${name}`, (value) =>
        typeof value === 'number'
          ? compareNumber(token, value, data)
          : decided(false, `licence value ${name} is not a number`),
      ),
    ),
  'b.WmiQuery': (rule, { facts }) =>
    withAttributes(rule, ['WqlQuery'], (query) =>
      withFact(facts.wmiRowCount?.(rule.attributes.Namespace ?? 'root\\cimv2', query), 'the WMI answer', (rows) =>
        decided(rows > 0, `the WMI query gives ${rows} rows`),
      ),
    ),
  'b.InstalledOnce': (_, { facts, rules }) =>
    withFact(facts.installedOnce?.(rules.updateId), 'the installation history', (once) =>
      decided(once, once ? 'installed before' : 'never installed here'),
    ),
  'b.GenericQuery': (rule, { facts }) =>
    withAttributes(rule, ['Namespace', 'Type', 'Parameter'], (namespace, type) =>
      withFact(facts.genericQuery?.(rule.attributes), `${namespace} ${type}`, (holds) =>
        decided(holds, `${namespace} ${type} ${holds ? 'holds' : 'does not hold'}`),
      ),
    ),
};

export function compareNumber(token: string, machine: number, text: string): Answer {
  const wanted = toNumber(text);
  if (wanted === undefined) return undecided(`"${text}" in the rule is not a number`);
  return compared(compareBy(token, machine - wanted), `found ${machine}, wanted ${token} ${text}`);
}

const versionAttributes = [
  ...['MajorVersion', 'MinorVersion', 'BuildNumber', 'ServicePackMajor', 'ServicePackMinor'],
  ...['SuiteMask', 'ProductType'],
];

/**
 * VerifyVersionInfo: Comparison applies to major, minor and service pack as one hierarchy and to the build by itself.
 * Product type is always equality.
 */
function windowsVersion(rule: Rule, version: WindowsVersionFacts): Answer {
  const { attributes } = rule;
  const says = `Windows is ${version.major}.${version.minor}.${version.build} SP ${version.servicePackMajor ?? '?'}, product type ${version.productType ?? '?'}`;
  const bad = versionAttributes.find(
    (name) => attributes[name] !== undefined && toNumber(attributes[name]) === undefined,
  );
  if (bad) return undecided(`${bad} "${attributes[bad]}" is not a number`);
  const asked = (name: string) => toNumber(attributes[name]);
  const parts = [
    [version.major, asked('MajorVersion')],
    [version.minor, asked('MinorVersion')],
    [version.servicePackMajor, asked('ServicePackMajor')],
    [version.servicePackMinor, asked('ServicePackMinor')],
  ].filter((pair): pair is [number | undefined, number] => pair[1] !== undefined);
  const checks: (boolean | undefined)[] = [];
  if (parts.length > 0) {
    const order = orderKnown(parts);
    checks.push(order === undefined ? undefined : compareBy(attributes.Comparison, order));
  }
  const build = asked('BuildNumber');
  if (build !== undefined) checks.push(compareBy(attributes.Comparison, version.build - build));
  const productType = asked('ProductType');
  if (productType !== undefined)
    checks.push(version.productType === undefined ? undefined : version.productType === productType);
  const suiteMask = asked('SuiteMask');
  if (suiteMask !== undefined && version.suiteMask === undefined) checks.push(undefined);
  else if (suiteMask !== undefined && version.suiteMask !== undefined) {
    const common = version.suiteMask & suiteMask;
    checks.push(isTrue(attributes.AllSuitesMustBePresent) ? common === suiteMask : common !== 0);
  }
  if (checks.includes(false)) return decided(false, says);
  return checks.includes(undefined) ? undecided(`${says}; the comparison cannot be decided`) : decided(true, says);
}

/** The first difference decides. A part that is not known leaves it open. */
function orderKnown(parts: readonly (readonly [found: number | undefined, wanted: number])[]): number | undefined {
  for (const [found, wanted] of parts) {
    if (found === undefined) return undefined;
    if (found !== wanted) return found - wanted;
  }
  return 0;
}

const unknownInterface = undecided('whether the multilingual user interface is installed is not known on this machine');

/** Only where it is localized to the language, and the multilingual user interface is not installed. */
function systemLanguage(rule: Rule, { facts }: RuleContext): Answer {
  return withAttributes(rule, ['Language'], (language) =>
    withFact(facts.language?.(), 'the system language', ({ system, mui }) => {
      if (mui) return decided(false, 'the multilingual user interface is installed');
      if (!covers(language, system)) return decided(false, `the system language is ${system}`);
      return mui === undefined ? unknownInterface : decided(true, `the system language is ${system}`);
    }),
  );
}

/** `en` covers `en-us`. */
function covers(wanted: string, tag: string): boolean {
  const asked = wanted.toLowerCase();
  const found = tag.toLowerCase();
  return found === asked || found.startsWith(`${asked}-`);
}
