// Update documents out of a publication: company, product and classification as categories, and the update itself.
import { createHash } from 'node:crypto';
import { escapeAttribute, escapeText } from '@moult/formats/xml';
import { toUpdateId, type UpdateId } from '../ids.ts';
import { namespaces } from '../namespaces.ts';
import { applicabilityElement, handlerElement, handlerOf, type PackageFacts } from './handler-data.ts';
import type { Publication } from './publication.ts';

/** A file of the content store. */
export interface PublishedFile {
  fileName: string;
  /** Base64. */
  sha1: string;
  /** Base64. */
  sha256: string;
  sizeBytes: number;
  modified: Date;
}

/** The id of the update: its own, or one that the same publisher, product and title always give. */
export function publicationId({ id, publisher, product, title }: Publication): UpdateId {
  return id ?? derivedId(`update/${publisher}/${product}/${title}`);
}

/** Name of the cabinet that holds the files, as WSUS local publishing names it. */
export function publicationCabinetName(publication: Publication): string {
  return `${publicationId(publication)}_${publication.revision}.cab`;
}

/**
 * The documents, prerequisites first. Building them again from the same text gives the same documents. `facts` are
 * those of the Windows Installer package, for a publication that has one. Without them it throws
 * CATALOG_BAD_PUBLICATION.
 */
export function buildDocuments(
  publication: Publication,
  files: readonly PublishedFile[],
  createdAt: Date,
  facts?: PackageFacts,
): string[] {
  const { publisher, product, classification } = publication;
  const company = derivedId(`company/${publisher}`);
  const productId = derivedId(`product/${publisher}/${product}`);
  const known = toUpdateId(classification);
  const classificationId = known ?? derivedId(`classification/${classification}`);
  return [
    categoryDocument(company, publisher, 'Company', undefined),
    categoryDocument(productId, product, 'Product', company),
    ...(known ? [] : [categoryDocument(classificationId, classification, 'UpdateClassification', undefined)]),
    updateDocument(publication, { company, productId, classificationId, facts }, files, createdAt),
  ];
}

/** A GUID from a name (version 5, RFC 9562), in a name space of our own. */
function derivedId(name: string): UpdateId {
  const hash = createHash('sha1').update(`urn:moult:publication:${name}`).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  ) as UpdateId;
}

function categoryDocument(id: UpdateId, title: string, type: string, parent: UpdateId | undefined): string {
  return documentOf({
    id,
    revision: 1,
    // The same for every publication, so that the same name gives the same document.
    properties: `UpdateType="Category" DefaultPropertiesLanguage="en" Handler="${namespaces.category}" PublicationState="Published" IsLocallyPublished="true"`,
    propertyChildren: '',
    localized: [localizedElement('en', title, undefined)],
    relationships: parent ? prerequisites([categoryClause(parent)]) : '',
    rest:
      '<upd:ApplicabilityRules><upd:IsInstalled><lar:True /></upd:IsInstalled></upd:ApplicabilityRules>' +
      `<upd:HandlerSpecificData xsi:type="cat:Category"><cat:CategoryInformation CategoryType="${type}" ProhibitsSubcategories="false" ProhibitsUpdates="${type === 'Company'}" /></upd:HandlerSpecificData>`,
  });
}

function updateDocument(
  publication: Publication,
  ids: { company: UpdateId; productId: UpdateId; classificationId: UpdateId; facts: PackageFacts | undefined },
  files: readonly PublishedFile[],
  createdAt: Date,
): string {
  const { install, severity, translations, supersedes, vendor } = publication;
  const handler = handlerOf(publication);
  const size = files.length === 0 ? (vendor?.sizeBytes ?? 0) : files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const language = vendor?.language ?? 'en';
  const isRule = vendor?.updateType === 'Detectoid';
  const made = vendor?.createdAt ?? createdAt;
  const attributes = [
    isRule
      ? 'UpdateType="Detectoid" ExplicitlyDeployable="false"'
      : 'UpdateType="Software" ExplicitlyDeployable="true" AutoSelectOnWebSites="true"',
    `DefaultPropertiesLanguage="${escapeAttribute(language)}"`,
    handler ? `Handler="${handler}"` : '',
    `MaxDownloadSize="${size}" MinDownloadSize="0" IsLocallyPublished="true"`,
    install?.kind === 'msi' ? 'CanSourceBeRequired="true"' : '',
    severity ? `MsrcSeverity="${severity}"` : '',
    `PublicationState="${vendor?.isExpired ? 'Expired' : 'Published'}" CreationDate="${made.toISOString()}" PublisherID="${ids.company}"`,
  ];
  const clauses = [
    ...publication.prerequisites.map((anyOf) => `<upd:AtLeastOne>${anyOf.map(identityOf).join('')}</upd:AtLeastOne>`),
    categoryClause(ids.productId),
    categoryClause(ids.classificationId),
  ];
  const superseded =
    supersedes.length > 0
      ? `<upd:SupersededUpdates>${supersedes.map(identityOf).join('')}</upd:SupersededUpdates>`
      : '';
  return documentOf({
    id: publicationId(publication),
    revision: publication.revision,
    properties: attributes.filter((text) => text !== '').join(' '),
    propertyChildren: propertyChildren(publication),
    localized: [
      localizedElement(language, publication.title, publication.description),
      ...translations
        .filter((one) => one.language.toLowerCase() !== language.toLowerCase())
        .map((one) => localizedElement(one.language, one.title, one.description)),
    ],
    relationships: prerequisites(clauses, superseded),
    rest: applicabilityElement(publication, ids.facts) + filesElement(files) + handlerElement(publication, ids.facts),
  });
}

interface DocumentParts {
  id: UpdateId;
  revision: number;
  properties: string;
  propertyChildren: string;
  localized: string[];
  relationships: string;
  rest: string;
}

function documentOf(parts: DocumentParts): string {
  return (
    `<upd:Update xmlns:upd="${namespaces.update}" xmlns:bar="${namespaces.baseRules}" xmlns:mar="${namespaces.msiRules}" ` +
    `xmlns:lar="${namespaces.logicalRules}" xmlns:cat="${namespaces.category}" xmlns:cmd="${namespaces.commandLine}" xmlns:msp="${namespaces.windowsInstaller}" ` +
    `xmlns:moult="${namespaces.moultRules}" xmlns:xsi="${namespaces.schemaInstance}">` +
    `<upd:UpdateIdentity UpdateID="${parts.id}" RevisionNumber="${parts.revision}" />` +
    `<upd:Properties ${parts.properties}>${parts.propertyChildren}</upd:Properties>` +
    `<upd:LocalizedPropertiesCollection>${parts.localized.join('')}</upd:LocalizedPropertiesCollection>` +
    `${parts.relationships}${parts.rest}</upd:Update>`
  );
}

function propertyChildren({ install, moreInfoUrl, supportUrl, kbArticle, vendor }: Publication): string {
  const reboot = { never: 'NeverReboots', can: 'CanRequestReboot', always: 'AlwaysRequiresReboot' }[
    install?.reboot ?? 'never'
  ];
  const further = vendor
    ? [
        vendor.impact ? ` Impact="${escapeAttribute(vendor.impact)}"` : '',
        ` CanRequestUserInput="${vendor.canRequestUserInput}"`,
        ` RequiresNetworkConnectivity="${vendor.requiresNetworkConnectivity}"`,
      ].join('')
    : '';
  // Windows Installer takes a product away by its code.
  const canUninstall = vendor ? vendor.canUninstall : install?.kind === 'msi';
  return [
    vendor?.updateType === 'Detectoid' ? '' : `<upd:InstallationBehavior RebootBehavior="${reboot}"${further} />`,
    canUninstall ? `<upd:UninstallationBehavior RebootBehavior="${reboot}" />` : '',
    ...(vendor?.languages ?? []).map((language) => `<upd:Language>${escapeText(language)}</upd:Language>`),
    moreInfoUrl ? `<upd:MoreInfoUrl>${escapeText(moreInfoUrl)}</upd:MoreInfoUrl>` : '',
    supportUrl ? `<upd:SupportUrl>${escapeText(supportUrl)}</upd:SupportUrl>` : '',
    vendor?.securityBulletin
      ? `<upd:SecurityBulletinID>${escapeText(vendor.securityBulletin)}</upd:SecurityBulletinID>`
      : '',
    kbArticle ? `<upd:KBArticleID>${escapeText(kbArticle)}</upd:KBArticleID>` : '',
  ].join('');
}

function localizedElement(language: string, title: string, description: string | undefined): string {
  const text = description === undefined ? '' : `<upd:Description>${escapeText(description)}</upd:Description>`;
  return `<upd:LocalizedProperties><upd:Language>${escapeText(language)}</upd:Language><upd:Title>${escapeText(title)}</upd:Title>${text}</upd:LocalizedProperties>`;
}

function prerequisites(clauses: readonly string[], rest = ''): string {
  return `<upd:Relationships><upd:Prerequisites>${clauses.join('')}</upd:Prerequisites>${rest}</upd:Relationships>`;
}

function categoryClause(id: UpdateId): string {
  return `<upd:AtLeastOne IsCategory="true">${identityOf(id)}</upd:AtLeastOne>`;
}

function identityOf(id: UpdateId): string {
  return `<upd:UpdateIdentity UpdateID="${id}" />`;
}

function filesElement(files: readonly PublishedFile[]): string {
  if (files.length === 0) return '';
  const elements = files.map(
    ({ fileName, sha1, sha256, sizeBytes, modified }) =>
      `<upd:File Digest="${sha1}" DigestAlgorithm="SHA1" FileName="${escapeAttribute(fileName)}" Size="${sizeBytes}" Modified="${modified.toISOString()}">` +
      `<upd:AdditionalDigest Algorithm="SHA256">${sha256}</upd:AdditionalDigest></upd:File>`,
  );
  return `<upd:Files>${elements.join('')}</upd:Files>`;
}
