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
  return write(element, isOpaque(element));
}

/** A start tag and end tag around `content`, or an empty-element tag when there is none. */
export function wrap(name: string, attributes: readonly XmlAttribute[], content: string): string {
  const head = `<${name}${attributes.map(attributeText).join('')}`;
  return content === '' ? `${head} />` : `${head}>${content}</${name}>`;
}

function write(element: XmlElement, opaque: boolean): string {
  const name = fragmentName(element);
  let text = `<${name}`;
  for (const attribute of element.attributes) text += attributeText(attribute);
  // The one declaration that real servers leave standing: on MsiPatch, behind its attributes.
  if (element.uri === namespaces.msiPatch && element.local === 'MsiPatch') text += ` xmlns="${namespaces.msiPatch}"`;
  if (element.children.length === 0 || isServersOwn(element)) return `${text} />`;
  return `${text}>${writeChildren(element, opaque)}</${name}>`;
}

function writeChildren(element: XmlElement, opaque: boolean): string {
  const skipBlanks = !opaque && element.children.some((child) => child.kind === 'element');
  let text = '';
  for (const child of element.children) {
    if (child.kind === 'element') text += write(child, opaque || isOpaque(child));
    else if (!skipBlanks || child.text.trim() !== '') text += escapeText(child.text);
  }
  return text;
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
  // Few attributes have a namespace at all.
  const name = uri !== '' && uri === namespaces.xml ? `xml:${local}` : local;
  return ` ${name}="${escapeAttribute(value)}"`;
}
