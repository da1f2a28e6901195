// An offline scan file (wsusscn2.cab) holds no documents, only the fragments that clients get: `c\ID` Core, `x\ID`
// Extended, `l\LANGUAGE\ID` LocalizedProperties, `e\…` licences, in nested cabinets by ranges of revision ids. A
// document is put together from them so that the same fragments can be derived from it again.
import { escapeAttribute, readXmlFragment, type XmlElement, type XmlNode } from '@moult/formats/xml';
import { CatalogError } from '../errors.ts';
import { writeDocument } from '../metadata/write.ts';
import { namespaces } from '../namespaces.ts';

type OfflineFragmentKind = 'core' | 'extended' | 'localized' | 'eula';

/** The kind of a member of a nested cabinet, by its path. Undefined for anything else. */
export function offlineMember(name: string): { kind: OfflineFragmentKind; revisionId: string } | undefined {
  const match = /^(c|x|l|e)[\\/](?:.*[\\/])?(\d+)(?:\.xml)?$/i.exec(name);
  const kind = { c: 'core', x: 'extended', l: 'localized', e: 'eula' }[(match?.[1] ?? '').toLowerCase()];
  return kind && match?.[2] ? { kind: kind as OfflineFragmentKind, revisionId: match[2] } : undefined;
}

export interface OfflineFragments {
  core: string;
  extended: string | undefined;
  localized: string[];
  eula: string[];
}

const declarations = new Map<string, string>([
  ['upd', namespaces.update],
  ['bar', namespaces.baseRules],
  ['mar', namespaces.msiRules],
  ['lar', namespaces.logicalRules],
  ['drv', namespaces.windowsDriver],
  ['xsi', namespaces.schemaInstance],
]);

const rulePrefixes: Readonly<Record<string, string>> = { b: 'bar', m: 'mar', d: 'drv' };
const logical = new Set(['And', 'Or', 'Not', 'True', 'False']);

/** The document these fragments could come from. Throws CATALOG_BAD_XML or CATALOG_MISSING_FIELD. */
export function rebuildDocument(fragments: OfflineFragments): string {
  const core = elementsOf(fragments.core, 'Core');
  const extended = elementsOf(fragments.extended ?? '', 'Extended');
  const localized = fragments.localized.flatMap((text) => elementsOf(text, 'LocalizedProperties'));
  const eula = fragments.eula.flatMap((text) => elementsOf(text, 'Eula'));
  const identity = core.find(({ local }) => local === 'UpdateIdentity');
  const properties = core.find(({ local }) => local === 'Properties');
  if (!identity || !properties) {
    throw new CatalogError('CATALOG_MISSING_FIELD', 'A Core fragment has no UpdateIdentity or no Properties.');
  }
  const more = extended.find(({ local }) => local === 'ExtendedProperties');
  const merged: XmlElement = {
    ...properties,
    attributes: [...properties.attributes, ...(more?.attributes ?? [])],
    children: more?.children ?? [],
  };
  const after = [...core, ...extended].filter((element) => ![identity, properties, more].includes(element));
  const collection =
    localized.length + eula.length > 0 ? [plain('LocalizedPropertiesCollection', [...localized, ...eula])] : [];
  const children = [identity, merged, ...collection, ...after].map(withNamespaces);
  return writeDocument({ ...plain('Update', children), prefix: 'upd', declarations });
}

function elementsOf(fragment: string, kind: string): XmlElement[] {
  try {
    return readXmlFragment(fragment.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new CatalogError('CATALOG_BAD_XML', `A ${kind} fragment is not readable: ${String(cause)}`, { cause });
  }
}

function plain(local: string, children: XmlNode[]): XmlElement {
  return {
    kind: 'element',
    uri: '',
    local,
    prefix: '',
    attributes: [],
    declarations: new Map(),
    defaultAt: 0,
    children,
  };
}

/** `b.FileExists` → `bar:FileExists`. And and its like → lar. An element with a namespace of its own keeps it. */
function withNamespaces(element: XmlElement): XmlElement {
  if (element.uri !== '') return element;
  const children = element.children.map((child) => (child.kind === 'element' ? withNamespaces(child) : child));
  return { ...namespacedElement(element), children };
}

/** The same for one element without those inside, which is in no namespace so far. */
export function namespacedElement(element: XmlElement): XmlElement {
  const rule = /^([bmd])\.(.+)$/.exec(element.local);
  const prefix = rule ? (rulePrefixes[rule[1] ?? ''] ?? 'upd') : logical.has(element.local) ? 'lar' : 'upd';
  return {
    ...element,
    prefix,
    local: rule?.[2] ?? element.local,
    attributes: element.attributes.map((attribute) =>
      element.local === 'HandlerSpecificData' && attribute.local === 'type'
        ? { ...attribute, prefix: 'xsi' }
        : attribute,
    ),
  };
}

/** `index.xml` of an offline scan file: which nested cabinet begins at which revision id. */
export function writeOfflineIndex(cabinets: readonly { name: string; firstRevisionId: number }[]): string {
  const entries = cabinets.map(
    ({ name, firstRevisionId }) => `<CAB NAME="${escapeAttribute(name)}" RANGESTART="${firstRevisionId}" />`,
  );
  return `<?xml version="1.0" encoding="utf-8"?><FILELIST><CABLIST>${entries.join('')}</CABLIST></FILELIST>`;
}
