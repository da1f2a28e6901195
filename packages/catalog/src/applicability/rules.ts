// Applicability rules as a tree of names, attributes and children. Names are those of the Core fragment (b.FileExists,
// m.MsiProductInstalled, And). So a rule reads the same from a document and from the wire.
import { childElements, childNamed, readXmlFragment, textOf, type XmlElement } from '@moult/formats/xml';
import { CatalogError } from '../errors.ts';
import { fragmentName } from '../fragments/write.ts';
import type { UpdateDocument } from '../metadata/index.ts';

export interface Rule {
  name: string;
  attributes: Readonly<Record<string, string>>;
  children: Rule[];
  /** Trimmed text directly inside. */
  text: string;
}

export interface ApplicabilityRules {
  /** Lower-case GUID from the Core fragment, for b.InstalledOnce. */
  updateId: string;
  updateType: string;
  /** Sections. Undefined when the document has none. Several expressions in one mean AND. */
  isInstalled: Rule[] | undefined;
  isSuperseded: Rule[] | undefined;
  isInstallable: Rule[] | undefined;
  metadata: Rule[];
}

/** The rules of a Core fragment as received. Throws CATALOG_BAD_XML when it is not well-formed. */
export function parseRules(coreFragment: string): ApplicabilityRules {
  let elements: XmlElement[];
  try {
    elements = readXmlFragment(coreFragment);
  } catch (cause) {
    throw new CatalogError('CATALOG_BAD_XML', `The Core fragment is not readable: ${String(cause)}`, { cause });
  }
  return collect(elements, (element) => element.local);
}

/** The rules of a full document. */
export function rulesOf({ root }: UpdateDocument): ApplicabilityRules {
  return collect(childElements(root), fragmentName);
}

function collect(elements: readonly XmlElement[], nameOf: (element: XmlElement) => string): ApplicabilityRules {
  const find = (local: string) => elements.find((element) => element.local === local);
  const rules = find('ApplicabilityRules');
  const section = (local: string): Rule[] | undefined => {
    const element = rules && childNamed(rules, local);
    const inside = element ? childElements(element) : [];
    // A section without an expression says nothing. It must not pass for one that holds.
    return inside.length === 0 ? undefined : inside.map((child) => toRule(child, nameOf));
  };
  return {
    updateId: attribute(find('UpdateIdentity'), 'UpdateID').toLowerCase(),
    updateType: attribute(find('Properties'), 'UpdateType'),
    isInstalled: section('IsInstalled'),
    isSuperseded: section('IsSuperseded'),
    isInstallable: section('IsInstallable'),
    metadata: section('Metadata') ?? [],
  };
}

function toRule(element: XmlElement, nameOf: (element: XmlElement) => string): Rule {
  return {
    name: nameOf(element),
    attributes: Object.fromEntries(element.attributes.map(({ local, value }) => [local, value])),
    children: childElements(element).map((child) => toRule(child, nameOf)),
    text: textOf(element).trim(),
  };
}

function attribute(element: XmlElement | undefined, local: string): string {
  return element?.attributes.find((candidate) => candidate.local === local)?.value ?? '';
}
