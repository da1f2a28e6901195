// Relationships: prerequisites (AND of ORs over updates), bundles (AND of ORs over revisions), supersedence.
import { attributeOf, childElements, childNamed, type XmlElement } from '@moult/formats/xml';
import { CatalogError } from '../errors.ts';
import { parseUpdateId, type UpdateId, type UpdateIdentity } from '../ids.ts';
import { namespaces } from '../namespaces.ts';
import type { PrerequisiteClause } from './document.ts';
import { booleanAttribute, requiredAttribute } from './fields.ts';

interface Relationships {
  prerequisiteClauses: PrerequisiteClause[];
  bundleClauses: UpdateIdentity[][];
  supersedes: UpdateId[];
}

/** MS-WUSP 3.1.1.1, Prerequisite and Bundle tables. A bare UpdateIdentity is a clause of one. */
export function parseRelationships(root: XmlElement): Relationships {
  const element = childNamed(root, 'Relationships', namespaces.update);
  return {
    prerequisiteClauses: clausesOf(element, 'Prerequisites').map(({ isCategory, members }) => ({
      isCategory,
      anyOf: [...new Set(members.map(updateIdOf))],
    })),
    bundleClauses: clausesOf(element, 'BundledUpdates').map(({ members }) => members.map(parseIdentity)),
    supersedes: [...new Set(clausesOf(element, 'SupersededUpdates').flatMap(({ members }) => members.map(updateIdOf)))],
  };
}

export function parseIdentity(element: XmlElement): UpdateIdentity {
  const revision = requiredAttribute(element, 'RevisionNumber').trim();
  const revisionNumber = Number(revision);
  if (!/^\d+$/.test(revision) || revisionNumber > 0x7fffffff) {
    throw new CatalogError('CATALOG_BAD_FIELD', `RevisionNumber is not a whole number: "${revision.slice(0, 80)}".`);
  }
  return { updateId: updateIdOf(element), revisionNumber };
}

function updateIdOf(element: XmlElement): UpdateId {
  return parseUpdateId(requiredAttribute(element, 'UpdateID'));
}

function clausesOf(
  relationships: XmlElement | undefined,
  name: string,
): { isCategory: boolean; members: XmlElement[] }[] {
  const list = relationships && childNamed(relationships, name, namespaces.update);
  if (!list) return [];
  const clauses = [];
  for (const child of childElements(list)) {
    if (child.local === 'UpdateIdentity') clauses.push({ isCategory: false, members: [child] });
    else if (child.local === 'AtLeastOne') clauses.push(atLeastOne(child));
  }
  return clauses;
}

function atLeastOne(element: XmlElement): { isCategory: boolean; members: XmlElement[] } {
  const members = childElements(element).filter((child) => child.local === 'UpdateIdentity');
  if (members.length === 0) {
    throw new CatalogError('CATALOG_CONTRADICTORY', 'An <AtLeastOne> names no update, so it can never be satisfied.');
  }
  return {
    isCategory: attributeOf(element, 'IsCategory') !== undefined && booleanAttribute(element, 'IsCategory', false),
    members,
  };
}
