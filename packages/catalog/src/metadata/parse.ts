// Update XML in, UpdateDocument out. Parsing is by namespace URI: documents redeclare prefixes on nested elements.

import { FormatError } from '@moult/formats';
import { childElements, childNamed, readXml, type XmlElement, type XmlLimits } from '@moult/formats/xml';
import { defaultDocumentLimits, updateBounds } from '../bounds.ts';
import { CatalogError } from '../errors.ts';
import { formatIdentity } from '../ids.ts';
import { namespaces } from '../namespaces.ts';
import type { EulaFile, LocalizedProperties, UpdateDocument } from './document.ts';
import { parseDrivers } from './drivers.ts';
import { childText } from './fields.ts';
import { parseEulaFile, parseFiles } from './files.ts';
import { parseCategoryInformation, parseHandler } from './handlers.ts';
import { parseProperties, parseUpdateType } from './properties.ts';
import { parseIdentity, parseRelationships } from './relationships.ts';

/** The bounds of one document. A real cumulative update reaches 47 MB of Core. */

/**
 * Reads one full update document (`upd:Update`). Throws CatalogError: CATALOG_BAD_XML, CATALOG_OVER_LIMIT,
 * CATALOG_NOT_AN_UPDATE, CATALOG_MISSING_FIELD, CATALOG_BAD_FIELD or CATALOG_CONTRADICTORY, each naming the update
 * once its identity is known. Elements it does not know stay in `root`.
 */
export function parseUpdateDocument(xml: string, limits: XmlLimits = defaultDocumentLimits): UpdateDocument {
  return parseUpdateTree(readRoot(xml.charCodeAt(0) === 0xfeff ? xml.slice(1) : xml, limits));
}

/** The same from a tree that was read elsewhere. */
export function parseUpdateTree(root: XmlElement): UpdateDocument {
  requireUpdate(root);
  const identityElement = childNamed(root, 'UpdateIdentity', namespaces.update);
  if (!identityElement) throw new CatalogError('CATALOG_MISSING_FIELD', 'The document has no <UpdateIdentity>.');
  const identity = parseIdentity(identityElement);
  try {
    refuseSecondSection(root);
    const document = parseBody(root, identity);
    refuseSelfReference(document);
    return document;
  } catch (error) {
    if (!(error instanceof CatalogError) || error.update) throw error;
    const update = formatIdentity(identity);
    throw new CatalogError(error.code, `Update ${update}: ${error.message}`, { update, cause: error });
  }
}

function readRoot(xml: string, limits: XmlLimits): XmlElement {
  let root: XmlElement;
  try {
    root = readXml(xml, limits);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const code = error.code === 'FORMAT_OVER_LIMIT' ? 'CATALOG_OVER_LIMIT' : 'CATALOG_BAD_XML';
    throw new CatalogError(code, error.message, { cause: error });
  }
  return root;
}

function requireUpdate({ local, uri }: XmlElement): void {
  if (local === 'Update' && uri === namespaces.update) return;
  throw new CatalogError(
    'CATALOG_NOT_AN_UPDATE',
    `The root element is {${uri}}${local}, not {${namespaces.update}}Update.`,
  );
}

function parseBody(root: XmlElement, identity: UpdateDocument['identity']): UpdateDocument {
  const properties = childNamed(root, 'Properties', namespaces.update);
  if (!properties) throw new CatalogError('CATALOG_MISSING_FIELD', 'The document has no <Properties>.');
  const updateType = parseUpdateType(properties);
  return {
    root,
    identity,
    updateType,
    properties: parseProperties(properties),
    ...parseLocalized(root),
    ...parseRelationships(root),
    files: parseFiles(root),
    handler: parseHandler(root),
    category: updateType === 'Category' ? parseCategoryInformation(root) : undefined,
    drivers: updateType === 'Driver' ? parseDrivers(root) : [],
  };
}

function parseLocalized(root: XmlElement): { localized: LocalizedProperties[]; eulaFiles: EulaFile[] } {
  const collection = childNamed(root, 'LocalizedPropertiesCollection', namespaces.update);
  const localized: LocalizedProperties[] = [];
  const eulaFiles: EulaFile[] = [];
  const children = collection ? childElements(collection) : [];
  for (const name of ['LocalizedProperties', 'EulaFile']) {
    if (children.filter(({ local }) => local === name).length <= updateBounds.maxLanguages) continue;
    throw new CatalogError('CATALOG_OVER_LIMIT', `It has more than ${updateBounds.maxLanguages} <${name}>.`);
  }
  for (const child of children) {
    if (child.local === 'EulaFile') eulaFiles.push(parseEulaFile(child));
    if (child.local !== 'LocalizedProperties') continue;
    const language = childText(child, 'Language')?.trim();
    if (!language) throw new CatalogError('CATALOG_MISSING_FIELD', 'A <LocalizedProperties> has no <Language>.');
    localized.push({
      language,
      title: childText(child, 'Title') ?? '',
      description: childText(child, 'Description'),
      uninstallNotes: childText(child, 'UninstallNotes'),
      moreInfoUrl: childText(child, 'MoreInfoUrl')?.trim(),
      supportUrl: childText(child, 'SupportUrl')?.trim(),
    });
  }
  return { localized, eulaFiles };
}

const sections = [
  ...['UpdateIdentity', 'Properties', 'LocalizedPropertiesCollection', 'Relationships', 'ApplicabilityRules', 'Files'],
  'HandlerSpecificData',
];

/** Every section is there once (update-metadata, section 2). Of two, nothing says which one counts. */
function refuseSecondSection(root: XmlElement): void {
  const seen = new Set<string>();
  for (const { local, uri } of childElements(root)) {
    if (uri !== namespaces.update || !sections.includes(local)) continue;
    if (seen.has(local)) throw new CatalogError('CATALOG_CONTRADICTORY', `The document has two <${local}>.`);
    seen.add(local);
  }
}

function refuseSelfReference({ identity, prerequisiteClauses, bundleClauses, supersedes }: UpdateDocument): void {
  const { updateId } = identity;
  const contradiction = prerequisiteClauses.some(({ anyOf }) => anyOf.length === 1 && anyOf[0] === updateId)
    ? 'requires itself'
    : bundleClauses.some((clause) => clause.some((member) => member.updateId === updateId))
      ? 'bundles itself'
      : supersedes.includes(updateId)
        ? 'supersedes itself'
        : undefined;
  if (contradiction) throw new CatalogError('CATALOG_CONTRADICTORY', `The update ${contradiction}.`);
}
