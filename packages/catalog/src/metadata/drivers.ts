// WindowsDriverMetaData: the driver tables of MS-WUSP 3.1.1.
import { attributeOf, childElements, childNamed, type XmlElement } from '@moult/formats/xml';
import { CatalogError } from '../errors.ts';
import { namespaces } from '../namespaces.ts';
import type { DriverMetadata } from './document.ts';
import { childTexts, requiredAttribute } from './fields.ts';

export function parseDrivers(root: XmlElement): DriverMetadata[] {
  const rules = childNamed(root, 'ApplicabilityRules', namespaces.update);
  if (!rules) return [];
  return childElements(rules)
    .filter((section) => section.local === 'Metadata')
    .flatMap(childElements)
    .filter((element) => element.local === 'WindowsDriverMetaData' && element.uri === namespaces.windowsDriver)
    .map(parseDriverMetadata);
}

/** Throws CATALOG_MISSING_FIELD or CATALOG_BAD_FIELD for metadata that cannot be ranked (WindowsDriver.xsd). */
export function parseDriverMetadata(element: XmlElement): DriverMetadata {
  return {
    hardwareId: requiredAttribute(element, 'HardwareID'),
    driverVerDate: driverDate(requiredAttribute(element, 'DriverVerDate')),
    driverVerVersion: packVersion(requiredAttribute(element, 'DriverVerVersion')),
    driverClass: attributeOf(element, 'Class') ?? '',
    company: attributeOf(element, 'Company') ?? '',
    provider: attributeOf(element, 'Provider') ?? '',
    manufacturer: attributeOf(element, 'Manufacturer') ?? '',
    model: attributeOf(element, 'Model') ?? '',
    whqlDriverId: Number(attributeOf(element, 'WhqlDriverID') ?? 0),
    compatibleProviders: childTexts(element, 'CompatibleProvider'),
    featureScores: featureScores(element),
    distributionComputerHardwareIds: childTexts(element, 'DistributionComputerHardwareId').map(lower),
    targetComputerHardwareIds: childTexts(element, 'TargetComputerHardwareId').map(lower),
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

function featureScores(element: XmlElement): Map<string, number> {
  const scores = new Map<string, number>();
  for (const child of childElements(element)) {
    if (child.local !== 'FeatureScore') continue;
    // Hexadecimal, as the INF writes it (0 to FF).
    const score = Number.parseInt(requiredAttribute(child, 'FeatureScore'), 16);
    if (score >= 0 && score <= 0xff) scores.set(lower(requiredAttribute(child, 'OperatingSystem')), score);
  }
  return scores;
}

function lower(text: string): string {
  return text.toLowerCase();
}
