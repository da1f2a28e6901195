// The Metadata section of a vendor's rules: the description of a Windows Installer package or patch, on which the rules
// without attributes rest. It is opaque: names move to the namespace of update metadata, everything else stays.
import { escapeAttribute, escapeText, type XmlElement } from '@moult/formats/xml';
import { vendorBounds } from '../bounds.ts';
import { CatalogError } from '../errors.ts';
import { namespaces } from '../namespaces.ts';
import { vendorNamespaces } from './names.ts';

/** With the prefixes upd and mar of our documents. Throws CATALOG_UNKNOWN_RULE for a foreign element, CATALOG_OVER_LIMIT. */
export function translateMetadata(section: XmlElement | undefined): string | undefined {
  if (!section) return undefined;
  const inside = section.children.map((child) => (child.kind === 'text' ? '' : write(child, '', 1))).join('');
  return inside === '' ? undefined : `<upd:Metadata>${inside}</upd:Metadata>`;
}

/** `around`: the default namespace in force. */
function write(element: XmlElement, around: string, depth: number): string {
  if (depth > vendorBounds.maxRuleDepth)
    throw new CatalogError(
      'CATALOG_OVER_LIMIT',
      `Metadata of rules is nested deeper than ${vendorBounds.maxRuleDepth}.`,
    );
  const isOurs = element.uri === vendorNamespaces.msiRules;
  if (!isOurs && element.uri !== namespaces.msiPatch)
    throw new CatalogError(
      'CATALOG_UNKNOWN_RULE',
      `Metadata holds <${element.local.slice(0, 80)}> of an unknown namespace.`,
    );
  const name = isOurs ? `mar:${element.local}` : element.local;
  const inForce = isOurs ? around : element.uri;
  const attributes = element.attributes.map(({ local, value }) => ` ${local}="${escapeAttribute(value)}"`).join('');
  // Behind the attributes, as WSUS writes it.
  const declaration = inForce === around ? '' : ` xmlns="${escapeAttribute(inForce)}"`;
  const children = element.children
    .map((child) => (child.kind === 'text' ? escapeText(child.text) : write(child, inForce, depth + 1)))
    .join('');
  return `<${name}${attributes}${declaration}>${children}</${name}>`;
}
