// Properties: attributes with the meaning of update-metadata tables 2.1, children that travel in Extended.
import { attributeOf, childNamed, type XmlElement } from '@moult/formats/xml';
import { CatalogError } from '../errors.ts';
import { toUpdateId } from '../ids.ts';
import type { InstallationBehavior, UpdateProperties, UpdateType } from './document.ts';
import { booleanAttribute, childText, childTexts, countAttribute, requiredAttribute } from './fields.ts';

const updateTypes: readonly UpdateType[] = ['Software', 'Driver', 'Category', 'Detectoid'];

export function parseUpdateType(properties: XmlElement): UpdateType {
  const text = requiredAttribute(properties, 'UpdateType');
  const type = updateTypes.find((known) => known === text);
  if (!type)
    throw new CatalogError(
      'CATALOG_BAD_FIELD',
      `UpdateType "${text.slice(0, 80)}" is not one of ${updateTypes.join(', ')}.`,
    );
  return type;
}

export function parseProperties(element: XmlElement): UpdateProperties {
  return { ...parseFlags(element), ...parseTexts(element), ...parseChildren(element) };
}

function parseFlags(element: XmlElement) {
  return {
    explicitlyDeployable: booleanAttribute(element, 'ExplicitlyDeployable', false),
    autoSelectOnWebSites: booleanAttribute(element, 'AutoSelectOnWebSites', false),
    perUser: booleanAttribute(element, 'PerUser', false),
    isPublic: booleanAttribute(element, 'IsPublic', true),
    isBeta: booleanAttribute(element, 'IsBeta', false),
    isMandatory: booleanAttribute(element, 'IsMandatory', false),
    isLocallyPublished: booleanAttribute(element, 'IsLocallyPublished', false),
    canSourceBeRequired: booleanAttribute(element, 'CanSourceBeRequired', false),
    browseOnly: booleanAttribute(element, 'BrowseOnly', false),
    requiresReacceptanceOfEula: booleanAttribute(element, 'RequiresReacceptanceOfEula', false),
  };
}

function parseTexts(element: XmlElement) {
  return {
    osUpgrade: attributeOf(element, 'OSUpgrade'),
    eulaId: toUpdateId(attributeOf(element, 'EulaID') ?? ''),
    publicationState: attributeOf(element, 'PublicationState') ?? 'Published',
    publisherId: toUpdateId(attributeOf(element, 'PublisherID') ?? ''),
    creationDate: attributeOf(element, 'CreationDate'),
    legacyName: attributeOf(element, 'LegacyName'),
    detectoidType: attributeOf(element, 'DetectoidType'),
    defaultPropertiesLanguage: attributeOf(element, 'DefaultPropertiesLanguage'),
    handlerUri: attributeOf(element, 'Handler'),
    maxDownloadSizeBytes: countAttribute(element, 'MaxDownloadSize'),
    minDownloadSizeBytes: countAttribute(element, 'MinDownloadSize'),
    compatibleProtocolVersion: attributeOf(element, 'CompatibleProtocolVersion'),
    msrcSeverity: attributeOf(element, 'MsrcSeverity'),
    productName: attributeOf(element, 'ProductName'),
    releaseVersion: attributeOf(element, 'ReleaseVersion'),
    releaseRevision: attributeOf(element, 'ReleaseRevision'),
  };
}

function parseChildren(element: XmlElement) {
  return {
    installationBehavior: parseBehavior(childNamed(element, 'InstallationBehavior')),
    uninstallationBehavior: parseBehavior(childNamed(element, 'UninstallationBehavior')),
    languages: childTexts(element, 'Language'),
    moreInfoUrls: childTexts(element, 'MoreInfoUrl'),
    supportUrl: childText(element, 'SupportUrl')?.trim(),
    kbArticleIds: childTexts(element, 'KBArticleID'),
    securityBulletinIds: childTexts(element, 'SecurityBulletinID'),
    securedFragments: childTexts(element, 'SecuredFragment'),
  };
}

function parseBehavior(element: XmlElement | undefined): InstallationBehavior | undefined {
  if (!element) return undefined;
  return {
    rebootBehavior: attributeOf(element, 'RebootBehavior') ?? 'NeverReboots',
    impact: attributeOf(element, 'Impact') ?? 'Normal',
    canRequestUserInput: booleanAttribute(element, 'CanRequestUserInput', false),
    requiresNetworkConnectivity: booleanAttribute(element, 'RequiresNetworkConnectivity', false),
  };
}
