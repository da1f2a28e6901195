// One package of a vendor's catalog (SoftwareDistributionPackage) as a publication. A package that cannot be translated
// whole is withheld with the reason: half of a rule makes an update for the wrong computers.
import { attributeOf, childElements, childNamed, childrenNamed, textOf, type XmlElement } from '@moult/formats/xml';
import { CatalogError } from '../errors.ts';
import { parseUpdateId, type UpdateId } from '../ids.ts';
import { childText, childTexts, requiredAttribute } from '../metadata/fields.ts';
import { type InstallInstruction, refuseWhatNobodyRuns } from '../publication/install.ts';
import type { Publication, VendorProperties } from '../publication/publication.ts';
import { readInstaller, rebootOf } from './installers.ts';
import { isPackageElement } from './names.ts';
import { type OriginFile, readOriginFile } from './origin-file.ts';
import { translateMetadata } from './rule-metadata.ts';
import { translateRules } from './translate-rules.ts';

export interface VendorPackage {
  packageId: UpdateId;
  title: string;
  vendor: string;
  product: string;
  classification: string;
  isExpired: boolean;
  /** `never`, `can`, `always`. */
  reboot: string;
  content: { publication: Publication; origin: OriginFile | undefined } | { withheld: CatalogError };
}

/**
 * Reads one package. Throws CatalogError for an element that is not a package: no PackageID, no title. Every other
 * fault withholds it: CATALOG_UNKNOWN_RULE, CATALOG_UNSUPPORTED_PACKAGE, CATALOG_BAD_FIELD, CATALOG_MISSING_FIELD,
 * CATALOG_OVER_LIMIT.
 */
export function readVendorPackage(root: XmlElement): VendorPackage {
  if (!isPackageElement(root.uri, root.local))
    throw new CatalogError(
      'CATALOG_NOT_AN_UPDATE',
      `<${root.local.slice(0, 80)}> is not a SoftwareDistributionPackage.`,
    );
  const properties = childNamed(root, 'Properties');
  if (!properties) throw new CatalogError('CATALOG_MISSING_FIELD', 'The package has no Properties.');
  const packageId = parseUpdateId(requiredAttribute(properties, 'PackageID'), 'PackageID');
  const { title } = readTexts(root);
  const vendor = attributeOf(properties, 'VendorName')?.trim() || 'Unknown vendor';
  const head = {
    ...{ packageId, title, vendor, product: childText(properties, 'ProductName')?.trim() || vendor },
    classification: classificationOf(root),
    isExpired: attributeOf(properties, 'PublicationState') === 'Expired',
  };
  try {
    const item = onlyItem(root, properties);
    const reboot = rebootOf(item && childNamed(item, 'InstallProperties'));
    const origin = item && readOriginFile(item);
    return { ...head, reboot, content: { publication: toPublication(root, properties, head, item, origin), origin } };
  } catch (error) {
    if (!(error instanceof CatalogError)) throw error;
    return { ...head, reboot: 'never', content: { withheld: error } };
  }
}

function toPublication(
  root: XmlElement,
  properties: XmlElement,
  { packageId, vendor, product, classification, isExpired }: Omit<VendorPackage, 'reboot' | 'content'>,
  item: XmlElement | undefined,
  origin: OriginFile | undefined,
): Publication {
  const data = childNamed(root, 'UpdateSpecificData');
  const files = origin ? [origin.fileName] : [];
  const install = item && origin ? readInstaller(item, origin.fileName) : undefined;
  requireInstallable(install, files);
  const rules = item && childNamed(item, 'ApplicabilityRules');
  const [ofPackage, ofItem] = [sectionsOf(root), sectionsOf(rules)];
  const installed = ofItem.installed ?? ofPackage.installed;
  if (!installed) throw new CatalogError('CATALOG_MISSING_FIELD', 'The package has no IsInstalled rule.');
  const { title, description, translations, language } = readTexts(root);
  const behavior = item && childNamed(item, 'InstallProperties');
  const extras: VendorProperties = {
    updateType: item ? 'Software' : 'Detectoid',
    ...{ isExpired, language, createdAt: timeOf(attributeOf(properties, 'CreationDate')) },
    securityBulletin: data && (childText(data, 'SecurityBulletinID')?.trim() || undefined),
    languages: item ? childTexts(item, 'Language').map((tag) => tag.trim()) : [],
    impact: oneOf(behavior && attributeOf(behavior, 'Impact'), ['Normal', 'Minor', 'RequiresExclusiveHandling']),
    canRequestUserInput: isTrue(behavior, 'CanRequestUserInput'),
    requiresNetworkConnectivity: isTrue(behavior, 'RequiresNetworkConnectivity'),
    canUninstall: (item && childNamed(item, 'UninstallProperties')) !== undefined,
    superseded: ofItem.superseded,
    ruleMetadata: translateMetadata(rules && childNamed(rules, 'Metadata')),
    sizeBytes: origin?.sizeBytes ?? 0,
  };
  return {
    ...{ id: packageId, revision: 1, publisher: vendor, product, classification, title, description, translations },
    severity: oneOf(data && attributeOf(data, 'MsrcSeverity'), ['Critical', 'Important', 'Moderate', 'Low']),
    kbArticle: data && (childText(data, 'KBArticleID')?.trim() || undefined),
    supportUrl: webAddress(childText(properties, 'SupportUrl')),
    moreInfoUrl: webAddress(childText(properties, 'MoreInfoUrl')),
    ...{ files, install, installed },
    packaging: 'cabinet',
    installable: both(ofPackage.installable, ofItem.installable),
    prerequisites: readPrerequisites(root),
    supersedes: packageIds(childNamed(root, 'SupersededPackages')),
    vendor: extras,
  };
}

/** Undefined for a package of rules alone, on which others depend. */
function onlyItem(root: XmlElement, properties: XmlElement): XmlElement | undefined {
  const items = childrenNamed(root, 'InstallableItem');
  if (childNamed(root, 'BundledPackages')) throw unsupported('It bundles other packages.');
  if (items.length > 1) throw unsupported(`It has ${items.length} installable items; Moult takes packages with one.`);
  if (attributeOf(properties, 'UpdateType') === 'Driver') throw unsupported('It is a driver package.');
  return items[0];
}

function requireInstallable(install: InstallInstruction | undefined, files: readonly string[]): void {
  try {
    refuseWhatNobodyRuns(install, files, 'cabinet');
  } catch (cause) {
    if (!(cause instanceof CatalogError)) throw cause;
    throw new CatalogError('CATALOG_UNSUPPORTED_PACKAGE', cause.message, { cause });
  }
}

function sectionsOf(element: XmlElement | undefined) {
  const section = (local: string) => translateRules(element && childNamed(element, local));
  return {
    installed: section('IsInstalled'),
    installable: section('IsInstallable'),
    superseded: section('IsSuperseded'),
  };
}

function both(first: Publication['installable'], second: Publication['installable']): Publication['installable'] {
  return first && second ? { kind: 'all', rules: [first, second] } : (first ?? second);
}

/** Title and description in English, else in the first language, and the others. */
function readTexts(root: XmlElement) {
  const texts = childrenNamed(root, 'LocalizedProperties').map((element) => ({
    language: childText(element, 'Language')?.trim() || 'en',
    title: childText(element, 'Title')?.trim() ?? '',
    description: childText(element, 'Description')?.trim() || undefined,
  }));
  const titled = texts.filter(({ title }) => title !== '');
  const main = titled.find(({ language }) => /^en\b/i.test(language)) ?? titled[0];
  if (!main) throw new CatalogError('CATALOG_MISSING_FIELD', 'The package has no title.');
  const seen = new Set([main.language.toLowerCase()]);
  const translations = titled.filter(({ language }) => {
    const isNew = !seen.has(language.toLowerCase());
    seen.add(language.toLowerCase());
    return isNew;
  });
  return { ...main, translations };
}

/** AND of ORs: a bare PackageID is a clause of one. */
function readPrerequisites(root: XmlElement): UpdateId[][] {
  const element = childNamed(root, 'Prerequisites');
  if (!element) return [];
  const alone = packageIds(element).map((id) => [id]);
  return [...alone, ...childrenNamed(element, 'AtLeastOne').map(packageIds)].filter((clause) => clause.length > 0);
}

function packageIds(element: XmlElement | undefined): UpdateId[] {
  if (!element) return [];
  return childElements(element)
    .filter(({ local }) => local === 'PackageID')
    .map((child) => parseUpdateId(textOf(child), 'PackageID'));
}

function classificationOf(root: XmlElement): string {
  const data = childNamed(root, 'UpdateSpecificData');
  const named = data && attributeOf(data, 'UpdateClassification')?.trim();
  return named || (childNamed(root, 'ApplicationSpecificData') ? 'Applications' : 'Updates');
}

function timeOf(text: string | undefined): Date | undefined {
  const time = new Date(text ?? Number.NaN);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

function webAddress(text: string | undefined): string | undefined {
  const address = text?.trim();
  return address && /^https?:\/\/[^\s]+$/i.test(address) ? address : undefined;
}

function oneOf(value: string | undefined, choices: readonly string[]): string | undefined {
  return choices.find((choice) => choice.toLowerCase() === value?.toLowerCase());
}

function isTrue(element: XmlElement | undefined, name: string): boolean {
  const value = element && attributeOf(element, name);
  return value === 'true' || value === '1';
}

function unsupported(message: string): CatalogError {
  return new CatalogError('CATALOG_UNSUPPORTED_PACKAGE', message);
}
