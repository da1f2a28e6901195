// Serializing elements the way a WSUS fragment looks: local names (with b., m., d. for three namespaces), no
// namespace declarations, `<X a="1" />` with a blank before the slash, nothing reindented.
import { escapeAttribute, escapeText, type XmlAttribute, type XmlElement } from '@moult/formats/xml';
import { namespaces } from '../namespaces.ts';

const prefixes: Readonly<Record<string, string>> = {
  [namespaces.baseRules]: 'b.',
  [namespaces.msiRules]: 'm.',
  [namespaces.windowsDriver]: 'd.',
};

/** The element's name in a fragment (MS-WUSP 3.1.1.1). */
export function fragmentName({ uri, local }: Pick<XmlElement, 'uri' | 'local'>): string {
  return (prefixes[uri] ?? '') + local;
}

/** The whole element as fragment text. */
export function writeElement(element: XmlElement): string {
  const parts: string[] = [];
  write(element, isOpaque(element), parts);
  return parts.join('');
}

/** A start tag and end tag around `content`, or an empty-element tag when there is none. */
export function wrap(name: string, attributes: readonly XmlAttribute[], content: string): string {
  const head = `<${name}${attributes.map(attributeText).join('')}`;
  return content === '' ? `${head} />` : `${head}>${content}</${name}>`;
}

function write(element: XmlElement, opaque: boolean, parts: string[]): void {
  const name = fragmentName(element);
  parts.push('<', name);
  for (const attribute of element.attributes) parts.push(attributeText(attribute));
  // The one declaration that real servers leave standing: on MsiPatch, behind its attributes.
  if (element.uri === namespaces.msiPatch && element.local === 'MsiPatch')
    parts.push(` xmlns="${namespaces.msiPatch}"`);
  if (element.children.length === 0 || isServersOwn(element)) {
    parts.push(' />');
    return;
  }
  parts.push('>');
  writeChildren(element, opaque, parts);
  parts.push('</', name, '>');
}

function writeChildren(element: XmlElement, opaque: boolean, parts: string[]): void {
  const skipBlanks = !opaque && element.children.some((child) => child.kind === 'element');
  for (const child of element.children) {
    if (child.kind === 'element') write(child, opaque || isOpaque(child), parts);
    else if (!skipBlanks || child.text.trim() !== '') parts.push(escapeText(child.text));
  }
}

/** Blank text between rules is layout and goes; inside Metadata everything is the publisher's and stays. */
function isOpaque(element: XmlElement): boolean {
  return element.local === 'Metadata' && element.uri === namespaces.update;
}

/** Scores and computer ids below a driver's row are for the server's ranking (MS-WUSP 3.1.5.7); clients get the row. */
function isServersOwn({ uri, local }: XmlElement): boolean {
  return uri === namespaces.windowsDriver && local === 'WindowsDriverMetaData';
}

/** xsi:type becomes type; the value keeps its prefix. */
function attributeText({ uri, local, value }: XmlAttribute): string {
  const name = uri === namespaces.xml ? `xml:${local}` : local;
  return ` ${name}="${escapeAttribute(value)}"`;
}
