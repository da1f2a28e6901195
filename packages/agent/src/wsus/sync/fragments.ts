// The facts that the agent reads from the fragments that a server sends. They are pieces of an update document without
// its root and without prefixes. Put back under a root they read like the document itself.

import type { Handler, PrerequisiteClause, UpdateFile, UpdateIdentity } from '@moult/catalog';
import { namespaces, parseFiles, parseHandler, parseIdentity, parseRelationships } from '@moult/catalog';
import { attributeOf, childNamed, readXml, textOf, type XmlElement } from '@moult/formats/xml';
import { fragmentLimits } from '../../bounds.ts';

export interface CoreFragment {
  identity: UpdateIdentity;
  /** Software, Driver, Category or Detectoid. */
  updateType: string;
  prerequisiteClauses: PrerequisiteClause[];
  bundleClauses: UpdateIdentity[][];
}

interface ExtendedFragment {
  files: UpdateFile[];
  handler: Handler | undefined;
  /** RebootBehavior NeverReboots, or none (update-metadata schema). */
  neverRestarts: boolean;
}

/** Reads a Core fragment. Throws FormatError or CatalogError for other texts. */
export function readCoreFragment(xml: string): CoreFragment {
  const root = underRoot(xml);
  const identity = childNamed(root, 'UpdateIdentity');
  const properties = childNamed(root, 'Properties');
  if (!identity || !properties) throw new TypeError('The Core fragment has no UpdateIdentity or no Properties.');
  const { prerequisiteClauses, bundleClauses } = parseRelationships(root);
  return {
    identity: parseIdentity(identity),
    updateType: attributeOf(properties, 'UpdateType') ?? 'Software',
    prerequisiteClauses,
    bundleClauses,
  };
}

/** Reads an Extended fragment: files and handler. */
export function readExtendedFragment(xml: string): ExtendedFragment {
  const root = underRoot(xml);
  const properties = childNamed(root, 'ExtendedProperties');
  const behavior = properties && childNamed(properties, 'InstallationBehavior');
  const neverRestarts = ((behavior && attributeOf(behavior, 'RebootBehavior')) ?? 'NeverReboots') === 'NeverReboots';
  return { files: parseFiles(root), handler: parseHandler(root), neverRestarts };
}

/** The title in a LocalizedProperties fragment, or undefined when `xml` is another fragment. */
export function readTitle(xml: string): string | undefined {
  const localized = childNamed(underRoot(xml), 'LocalizedProperties');
  const title = localized && childNamed(localized, 'Title');
  return title && textOf(title).trim();
}

/** Which fragment this is, by its first element: GetExtendedUpdateInfo returns several per revision, unnamed. */
export function isExtendedFragment(xml: string): boolean {
  const root = underRoot(xml);
  return childNamed(root, 'ExtendedProperties') !== undefined || childNamed(root, 'HandlerSpecificData') !== undefined;
}

function underRoot(xml: string): XmlElement {
  const text = xml.charCodeAt(0) === 0xfeff ? xml.slice(1) : xml;
  return readXml(`<Update xmlns="${namespaces.update}">${text}</Update>`, fragmentLimits);
}
