// WindowsDriverMetaData: the driver tables of MS-WUSP 3.1.1.
import { attributeOf, childElements, childNamed, type XmlElement } from '@moult/formats/xml';
import { CatalogError } from '../errors.ts';
import { namespaces } from '../namespaces.ts';
import type { DriverMetadata } from './document.ts';
import { childTexts } from './fields.ts';

export function parseDrivers(root: XmlElement): DriverMetadata[] {
  const rules = childNamed(root, 'ApplicabilityRules', namespaces.update);
  if (!rules) return [];
  return childElements(rules)
    .filter((section) => section.local === 'Metadata')
    .flatMap(childElements)
    .filter((element) => element.local === 'WindowsDriverMetaData' && element.uri === namespaces.windowsDriver)
    .map(parseDriverMetadata);
}

function parseDriverMetadata(element: XmlElement): DriverMetadata {
  return toDriverMetadata({
    attribute: (name) => attributeOf(element, name),
    texts: (name) => childTexts(element, name),
    scores: childElements(element)
      .filter((child) => child.local === 'FeatureScore')
      .map((child) => [attributeOf(child, 'OperatingSystem'), attributeOf(child, 'FeatureScore')]),
  });
}

/** The same from a rule tree, whose names carry the fragment prefix. */
export function parseDriverRule(rule: DriverRule): DriverMetadata {
  const named = (name: string) => rule.children.filter((child) => child.name === `d.${name}` || child.name === name);
  return toDriverMetadata({
    attribute: (name) => rule.attributes[name],
    texts: (name) => named(name).map(({ text }) => text),
    scores: named('FeatureScore').map(({ attributes }) => [attributes.OperatingSystem, attributes.FeatureScore]),
  });
}

interface DriverRule {
  name: string;
  text: string;
  attributes: Readonly<Record<string, string>>;
  children: DriverRule[];
}

interface DriverFields {
  attribute(name: string): string | undefined;
  texts(name: string): string[];
  scores: [operatingSystem: string | undefined, score: string | undefined][];
}

/** Throws CATALOG_MISSING_FIELD or CATALOG_BAD_FIELD for metadata that cannot be ranked (WindowsDriver.xsd). */
function toDriverMetadata({ attribute, texts, scores }: DriverFields): DriverMetadata {
  const required = (name: string) => {
    const value = attribute(name);
    if (value !== undefined) return value;
    throw new CatalogError('CATALOG_MISSING_FIELD', `<WindowsDriverMetaData> has no ${name} attribute.`);
  };
  return {
    hardwareId: required('HardwareID'),
    driverVerDate: driverDate(required('DriverVerDate')),
    driverVerVersion: packVersion(required('DriverVerVersion')),
    driverClass: attribute('Class') ?? '',
    company: attribute('Company') ?? '',
    provider: attribute('Provider') ?? '',
    manufacturer: attribute('Manufacturer') ?? '',
    model: attribute('Model') ?? '',
    whqlDriverId: Number(attribute('WhqlDriverID') ?? 0),
    compatibleProviders: texts('CompatibleProvider'),
    featureScores: featureScores(scores),
    distributionComputerHardwareIds: texts('DistributionComputerHardwareId').map(lower),
    targetComputerHardwareIds: texts('TargetComputerHardwareId').map(lower),
  };
}

/** `a.b.c.d` as the 64-bit integer that clients send: 16 bits a part. Throws CATALOG_BAD_FIELD. */
export function packVersion(text: string): bigint {
  const parts = text.trim().split('.');
  let packed = 0n;
  for (let index = 0; index < 4; index++) {
    const part = parts[index] ?? '0';
    if (parts.length > 4 || !/^\d{1,5}$/.test(part) || Number(part) > 0xffff) {
      throw new CatalogError(
        'CATALOG_BAD_FIELD',
        `DriverVerVersion "${text.slice(0, 40)}" is not four 16-bit numbers.`,
      );
    }
    packed = (packed << 16n) | BigInt(part);
  }
  return packed;
}

function driverDate(text: string): string {
  const date = text.trim().slice(0, 10);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) {
    throw new CatalogError('CATALOG_BAD_FIELD', `DriverVerDate "${text.slice(0, 40)}" is not yyyy-MM-dd.`);
  }
  return date;
}

function featureScores(entries: DriverFields['scores']): Map<string, number> {
  const scores = new Map<string, number>();
  for (const [operatingSystem, text] of entries) {
    // Hexadecimal, as the INF writes it (0 to FF).
    const score = Number.parseInt(text ?? '', 16);
    if (operatingSystem !== undefined && score >= 0 && score <= 0xff) scores.set(lower(operatingSystem), score);
  }
  return scores;
}

function lower(text: string): string {
  return text.toLowerCase();
}
