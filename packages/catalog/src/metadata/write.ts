// A document tree back as text, with the prefixes it came with.
import { escapeAttribute, escapeText, type XmlAttribute, type XmlElement } from '@moult/formats/xml';

/**
 * The element as a document of its own. Its `declarations` must hold every prefix used inside and not declared there.
 */
export function writeDocument(element: XmlElement): string {
  const parts: string[] = [];
  write(element, parts);
  return parts.join('');
}

/** writeDocument for elements that arrive one after the other: the same text, piece by piece. */
export class DocumentWriter {
  readonly #put: (text: string) => void;
  readonly #open: string[] = [];
  #isHeadOpen = false;

  constructor(put: (text: string) => void) {
    this.#put = put;
  }

  enter(element: XmlElement): void {
    this.#closeHead();
    const parts: string[] = [];
    this.#open.push(writeHead(element, parts));
    this.#put(parts.join(''));
    this.#isHeadOpen = true;
  }

  text(text: string): void {
    this.#closeHead();
    this.#put(escapeText(text));
  }

  leave(): void {
    const name = this.#open.pop();
    this.#put(this.#isHeadOpen ? ' />' : `</${name}>`);
    this.#isHeadOpen = false;
  }

  #closeHead(): void {
    if (this.#isHeadOpen) this.#put('>');
    this.#isHeadOpen = false;
  }
}

function write(element: XmlElement, parts: string[]): void {
  const name = writeHead(element, parts);
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

/** The start tag without its end. Answers the name. */
function writeHead(element: XmlElement, parts: string[]): string {
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
  return name;
}

function writeAttribute(name: string, value: string, parts: string[]): void {
  parts.push(' ', name, '="', escapeAttribute(value), '"');
}

function qualified(prefix: string, local: string): string {
  return prefix === '' ? local : `${prefix}:${local}`;
}
