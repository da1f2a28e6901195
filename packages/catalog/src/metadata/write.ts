// A document tree back as text, with the prefixes it came with.
import { escapeAttribute, escapeText, type XmlAttribute, type XmlElement } from '@moult/formats/xml';

/** The element as a document of its own. Its `declarations` must hold every prefix used inside and not declared there. */
export function writeDocument(element: XmlElement): string {
  const parts: string[] = [];
  write(element, parts);
  return parts.join('');
}

function write(element: XmlElement, parts: string[]): void {
  const name = qualified(element.prefix, element.local);
  parts.push('<', name);
  const { attributes, declarations, defaultAt } = element;
  const ownDefault = declarations.get('');
  for (const [prefix, uri] of declarations) if (prefix !== '') writeAttribute(`xmlns:${prefix}`, uri, parts);
  if (ownDefault !== undefined && defaultAt === 0) writeAttribute('xmlns', ownDefault, parts);
  for (let at = 0; at < attributes.length; at++) {
    const { prefix, local, value } = attributes[at] as XmlAttribute;
    writeAttribute(qualified(prefix, local), value, parts);
    // WSUS leaves a foreign declaration in its place (fragments/write.ts): so it must not be lost here.
    if (ownDefault !== undefined && defaultAt === at + 1) writeAttribute('xmlns', ownDefault, parts);
  }
  if (element.children.length === 0) {
    parts.push(' />');
    return;
  }
  parts.push('>');
  for (const child of element.children) {
    if (child.kind === 'text') parts.push(escapeText(child.text));
    else write(child, parts);
  }
  parts.push('</', name, '>');
}

function writeAttribute(name: string, value: string, parts: string[]): void {
  parts.push(' ', name, '="', escapeAttribute(value), '"');
}

function qualified(prefix: string, local: string): string {
  return prefix === '' ? local : `${prefix}:${local}`;
}
