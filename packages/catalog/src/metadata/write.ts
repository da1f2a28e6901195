// A document tree back as text, with the prefixes it came with.
import { escapeAttribute, escapeText, type XmlElement } from '@moult/formats/xml';

/** The element as a document of its own. Its `declarations` must hold every prefix used inside and not declared there. */
export function writeDocument(element: XmlElement): string {
  const parts: string[] = [];
  write(element, parts);
  return parts.join('');
}

function write(element: XmlElement, parts: string[]): void {
  const name = qualified(element.prefix, element.local);
  parts.push('<', name);
  for (const [prefix, uri] of element.declarations) {
    parts.push(' ', prefix === '' ? 'xmlns' : `xmlns:${prefix}`, '="', escapeAttribute(uri), '"');
  }
  for (const { prefix, local, value } of element.attributes) {
    parts.push(' ', qualified(prefix, local), '="', escapeAttribute(value), '"');
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

function qualified(prefix: string, local: string): string {
  return prefix === '' ? local : `${prefix}:${local}`;
}
