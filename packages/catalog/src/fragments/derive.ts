// The fragments of MS-WUSP 3.1.1.1, as a real WSUS sends them. A fragment is a run of elements without a root.
import { childElements, childNamed, type XmlAttribute, type XmlElement } from '@moult/formats/xml';
import type { UpdateDocument, UpdateFile } from '../metadata/index.ts';
import { namespaces } from '../namespaces.ts';
import { chooseLanguage } from './languages.ts';
import { wrap, writeElement } from './write.ts';

const coreProperties = new Set(['UpdateType', 'ExplicitlyDeployable', 'AutoSelectOnWebSites', 'OSUpgrade', 'EulaID']);

const notExtendedProperties = new Set([
  ...['UpdateType', 'ExplicitlyDeployable', 'AutoSelectOnWebSites', 'EulaID', 'PublicationState', 'PublisherID'],
  ...['CreationDate', 'IsPublic', 'LegacyName', 'DetectoidType', 'OSUpgrade'],
]);

/** Real servers leave out attributes of Properties that only repeat their default. */
const propertyDefaults: Readonly<Record<string, boolean>> = {
  ExplicitlyDeployable: false,
  AutoSelectOnWebSites: false,
  OSUpgrade: false,
  PerUser: false,
  IsPublic: true,
};

/** Identity, reduced Properties, Relationships, ApplicabilityRules. */
export function deriveCore({ root }: UpdateDocument): string {
  const properties = top(root, 'Properties');
  return [
    ...written(top(root, 'UpdateIdentity')),
    ...(properties
      ? [
          wrap(
            'Properties',
            keep(properties, (name) => coreProperties.has(name)),
            '',
          ),
        ]
      : []),
    ...written(top(root, 'Relationships')),
    ...written(top(root, 'ApplicabilityRules')),
  ].join('');
}

/** Properties without what is in Core or private to the publisher, renamed. Files. HandlerSpecificData. */
export function deriveExtended({ root }: UpdateDocument): string {
  const properties = top(root, 'Properties');
  return [
    ...(properties ? [extendedProperties(properties)] : []),
    ...written(top(root, 'Files')),
    ...written(top(root, 'HandlerSpecificData')),
  ].join('');
}

/**
 * The LocalizedProperties element for a language tag: that language, else its neutral parents, else `en`, else the
 * neutral `all`, else the document's default language. Undefined when the document has none of them.
 */
export function deriveLocalized(document: UpdateDocument, locale: string): string | undefined {
  const chosen = chooseLanguage(localizedLanguages(document), locale, document.properties.defaultPropertiesLanguage);
  const element = localizedElements(document).find((candidate) => languageOf(candidate) === chosen);
  return element && writeElement(element);
}

/** Language tags of the document's LocalizedProperties, as written. */
export function localizedLanguages(document: UpdateDocument): string[] {
  return document.localized.map(({ language }) => language);
}

/**
 * The EulaFile element for a language and region: the region's own text beats the rest-of-world one (no GeoId).
 * Undefined when the update has no licence at all.
 */
export function deriveEula(document: UpdateDocument, locale: string, geoId?: string): string | undefined {
  const all = children(top(document.root, 'LocalizedPropertiesCollection'), 'EulaFile');
  const region = geoId
    ? all.filter((file) => trimmedAttribute(file, 'GeoId').toUpperCase() === geoId.toUpperCase())
    : [];
  const candidates = region.length > 0 ? region : all.filter((file) => trimmedAttribute(file, 'GeoId') === '');
  const languages = candidates.map((file) => trimmedAttribute(file, 'Language'));
  const chosen = chooseLanguage(languages, locale, document.properties.defaultPropertiesLanguage);
  const element = candidates.find((file) => trimmedAttribute(file, 'Language') === chosen);
  return element && writeElement(element);
}

/**
 * The place of the files: one FileLocation per distinct file, as GetExtendedUpdateInfo answers for FileUrl. The
 * specification names this fragment type and derives none. `contentRoot` is what `/Content/…` hangs on ('' keeps the
 * URLs relative to the site).
 */
export function deriveFileUrl(document: UpdateDocument, contentRoot = ''): string {
  const distinct = new Map<string, UpdateFile>(document.files.map((file) => [file.sha1, file]));
  return [...distinct.values()]
    .map((file) =>
      wrap('FileLocation', [], wrap('FileDigest', [], file.sha1) + wrap('Url', [], contentRoot + contentPath(file))),
    )
    .join('');
}

/** `/Content/<last two hex digits>/<SHA-1 hex><extension>`, upper case as WSUS writes it. */
export function contentPath({ sha1, fileName }: Pick<UpdateFile, 'sha1' | 'fileName'>): string {
  const hex = Buffer.from(sha1, 'base64').toString('hex').toUpperCase();
  const extension = /\.[A-Za-z0-9_-]{1,16}$/.exec(fileName)?.[0] ?? '';
  return `/Content/${hex.slice(-2)}/${hex}${extension}`;
}

function extendedProperties(properties: XmlElement): string {
  const attributes = keep(properties, (name) => !notExtendedProperties.has(name));
  return wrap('ExtendedProperties', attributes, childElements(properties).map(writeElement).join(''));
}

function keep(properties: XmlElement, wanted: (name: string) => boolean): XmlAttribute[] {
  return properties.attributes.filter(({ local, value }) => wanted(local) && !isDefault(local, value));
}

function isDefault(name: string, value: string): boolean {
  const whenAbsent = propertyDefaults[name];
  if (whenAbsent === undefined) return false;
  return whenAbsent ? value === 'true' || value === '1' : value === 'false' || value === '0';
}

function localizedElements({ root }: UpdateDocument): XmlElement[] {
  return children(top(root, 'LocalizedPropertiesCollection'), 'LocalizedProperties');
}

function languageOf(element: XmlElement): string {
  const language = childNamed(element, 'Language');
  return (language?.children ?? [])
    .map((child) => (child.kind === 'text' ? child.text : ''))
    .join('')
    .trim();
}

function top(root: XmlElement, local: string): XmlElement | undefined {
  return childNamed(root, local, namespaces.update);
}

function children(element: XmlElement | undefined, name: string): XmlElement[] {
  return element ? childElements(element).filter((child) => child.local === name) : [];
}

function written(element: XmlElement | undefined): string[] {
  return element ? [writeElement(element)] : [];
}

function trimmedAttribute(element: XmlElement, local: string): string {
  return element.attributes.find((attribute) => attribute.local === local)?.value.trim() ?? '';
}
