// Serializing elements the way a WSUS fragment looks: local names (with b., m., d. for three namespaces), no
// declarations of update schemas, `<X a="1" />` with a blank before the slash, nothing reindented. A default
// declaration of a foreign namespace stays in its place: a CBS manifest without it is in no namespace, and an agent
// does not find it.
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
  return write(element, isOpaque(element), '');
}

/** A start tag and end tag around `content`, or an empty-element tag without content. */
export function wrap(name: string, attributes: readonly XmlAttribute[], content: string): string {
  const head = `<${name}${attributeTexts(attributes).join('')}`;
  return content === '' ? `${head} />` : `${head}>${content}</${name}>`;
}

/** `around` is the default namespace in force in what has been written so far. */
function write(element: XmlElement, opaque: boolean, around: string): string {
  const name = fragmentName(element);
  const inside = defaultInside(element, around);
  const head = `<${name}${writeAttributes(element, inside, around)}`;
  if (element.children.length === 0 || isServersOwn(element)) return `${head} />`;
  return `${head}>${writeChildren(element, opaque, inside)}</${name}>`;
}

/** The default namespace that the fragment has below this start tag. A fragment has no namespace for update schemas. */
export function defaultInside({ uri, prefix }: XmlElement, around: string): string {
  // Prefixes go, whatever they stood for (MS-WUSP 3.1.1.1): such an element is in the namespace around it.
  if (prefix !== '') return isUpdateSchema(uri) ? '' : around;
  return isUpdateSchema(uri) ? '' : uri;
}

export function writeAttributes(element: XmlElement, inside: string, around: string): string {
  const { attributes, declarations, uri, local } = element;
  // Written where the document has it, also when it only repeats the one around it.
  const isDeclaredHere = inside !== '' && inside === uri && declarations.get('') === uri;
  if (inside === around && !isDeclaredHere) return attributeTexts(attributes).join('');
  const texts = attributeTexts(attributes);
  // Real servers have it behind the attributes of MsiPatch.
  const isMsiPatch = uri === namespaces.msiPatch && local === 'MsiPatch';
  const place = isMsiPatch ? texts.length : isDeclaredHere ? element.defaultAt : 0;
  texts.splice(place, 0, ` xmlns="${escapeAttribute(inside)}"`);
  return texts.join('');
}

function isUpdateSchema(uri: string): boolean {
  return uri === '' || uri.startsWith(namespaces.anyUpdateSchema) || uri === namespaces.moultRules;
}

function writeChildren(element: XmlElement, opaque: boolean, around: string): string {
  const skipBlanks = !opaque && element.children.some((child) => child.kind === 'element');
  let text = '';
  for (const child of element.children) {
    if (child.kind === 'element') text += write(child, opaque || isOpaque(child), around);
    else if (!skipBlanks || child.text.trim() !== '') text += escapeText(child.text);
  }
  return text;
}

/** Blank text between rules is layout and goes. Inside Metadata everything is the publisher's and stays. */
export function isOpaque(element: XmlElement): boolean {
  return element.local === 'Metadata' && element.uri === namespaces.update;
}

/** Scores and computer ids below a driver's row are for the server's ranking (MS-WUSP 3.1.5.7). Clients get the row. */
export function isServersOwn({ uri, local }: XmlElement): boolean {
  return uri === namespaces.windowsDriver && local === 'WindowsDriverMetaData';
}

/**
 * xsi:type becomes type. The value keeps its prefix. One whose name another attribute has then is left out (empty): no
 * client reads an element with two of one name. So is one that looks like a declaration then.
 */
function attributeTexts(attributes: readonly XmlAttribute[]): string[] {
  const texts = attributes.map(attributeText);
  for (const [at, { uri, local }] of attributes.entries()) {
    // Few attributes have a namespace at all.
    if (uri === '' || uri === namespaces.xml) continue;
    const first = attributes.findIndex((one) => one.local === local && one.uri !== namespaces.xml);
    const isTaken = first < at || attributes.some((one) => one.local === local && one.uri === '');
    if (isTaken || local === 'xmlns') texts[at] = '';
  }
  return texts;
}

function attributeText({ uri, local, value }: XmlAttribute): string {
  const name = uri !== '' && uri === namespaces.xml ? `xml:${local}` : local;
  return ` ${name}="${escapeAttribute(value)}"`;
}
