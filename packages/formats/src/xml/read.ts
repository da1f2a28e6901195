// The one XML reader of the product. SOAP bodies and update documents both come from strangers. So it refuses a DTD and
// any entity beyond the five, and limits everything. saxes does the parsing itself (ADR 0004).
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { defaultXmlLimits } from '../bounds.ts';
import { FormatError } from '../errors.ts';
import { readPlainXml } from './plain.ts';
import { childElements, type XmlAttribute, type XmlElement, type XmlLimits } from './tree.ts';

/**
 * Reads one well-formed, namespace-aware document into a tree. Comments and processing instructions are dropped,
 * CDATA becomes text. Throws FormatError FORMAT_BAD_XML (with the character offset) for anything malformed, any
 * DOCTYPE and any entity but the predefined five. FORMAT_OVER_LIMIT beyond `limits`.
 */
export function readXml(text: string, limits: XmlLimits = defaultXmlLimits): XmlElement {
  if (text.length > limits.maxCharacters) {
    throw new FormatError(
      'FORMAT_OVER_LIMIT',
      `The XML text has ${text.length} characters, more than the ${limits.maxCharacters} allowed here.`,
    );
  }
  return readPlainXml(text, limits) ?? readAnyXml(text, limits);
}

/** As readXml, by saxes alone. */
export function readAnyXml(text: string, limits: XmlLimits): XmlElement {
  const builder = new TreeBuilder(limits);
  builder.parse(text);
  return builder.root();
}

/** As readXml, for a run of elements without a root (a WSUS fragment). The wrapper's children are returned. */
export function readXmlFragment(text: string, limits: XmlLimits = defaultXmlLimits): XmlElement[] {
  const root = readXml(`<fragment>${text}</fragment>`, { ...limits, maxDepth: limits.maxDepth + 1 });
  return childElements(root);
}

const noDeclarations: ReadonlyMap<string, string> = new Map();

/** Most elements declare nothing: they share one empty map. */
function declarationsOf(declared: Record<string, string>): ReadonlyMap<string, string> {
  for (const _ in declared) return new Map(Object.entries(declared));
  return noDeclarations;
}

/** How many attributes are before `xmlns="…"`. */
export function defaultPlace({ attributes }: SaxesTagNS): number {
  let before = 0;
  for (const { name, prefix } of Object.values(attributes)) {
    if (name === 'xmlns') return before;
    if (prefix !== 'xmlns') before++;
  }
  return 0;
}

class TreeBuilder {
  readonly #limits: XmlLimits;
  readonly #parser = new SaxesParser({ xmlns: true, position: false });
  readonly #open: XmlElement[] = [];
  #root: XmlElement | undefined;
  #elements = 0;
  #length = 0;

  constructor(limits: XmlLimits) {
    this.#limits = { ...limits };
    const parser = this.#parser;
    parser.on('error', (error) => this.#refuse(error.message.replace(/\.$/, '')));
    parser.on('doctype', () => this.#refuse('a DOCTYPE is not allowed'));
    parser.on('opentag', (tag) => this.#enter(tag as SaxesTagNS));
    parser.on('closetag', () => {
      this.#open.pop();
    });
    parser.on('text', (text) => this.#addText(text));
    parser.on('cdata', (text) => this.#addText(text));
  }

  parse(text: string): void {
    this.#length = text.length;
    this.#parser.write(text).close();
  }

  root(): XmlElement {
    if (!this.#root) throw new FormatError('FORMAT_BAD_XML', 'The XML text holds no element.');
    return this.#root;
  }

  #enter(tag: SaxesTagNS): void {
    if (++this.#elements > this.#limits.maxElements) this.#over(`more than ${this.#limits.maxElements} elements`);
    if (this.#open.length >= this.#limits.maxDepth) this.#over(`elements nested deeper than ${this.#limits.maxDepth}`);
    const declarations = declarationsOf(tag.ns);
    if (declarations.size > this.#limits.maxAttributesPerElement) this.#overAttributes(tag.name);
    const element: XmlElement = {
      kind: 'element',
      uri: tag.uri,
      local: tag.local,
      prefix: tag.prefix,
      attributes: this.#attributesOf(tag),
      declarations,
      defaultAt: declarations.has('') ? defaultPlace(tag) : 0,
      children: [],
    };
    const parent = this.#open.at(-1);
    if (parent) parent.children.push(element);
    else this.#root = element;
    this.#open.push(element);
  }

  #attributesOf(tag: SaxesTagNS): XmlAttribute[] {
    const attributes: XmlAttribute[] = [];
    for (const { uri, local, prefix, value, name } of Object.values(tag.attributes)) {
      if (prefix === 'xmlns' || name === 'xmlns') continue;
      attributes.push({ uri, local, prefix, value });
    }
    if (attributes.length > this.#limits.maxAttributesPerElement) this.#overAttributes(tag.name);
    return attributes;
  }

  #addText(text: string): void {
    const parent = this.#open.at(-1);
    if (parent) parent.children.push({ kind: 'text', text });
  }

  #refuse(reason: string): never {
    // At its end the parser counts one too many.
    const offset = Math.min(this.#parser.position, this.#length);
    throw new FormatError('FORMAT_BAD_XML', `The XML is not acceptable near character ${offset}: ${reason}.`, {
      offset,
    });
  }

  #overAttributes(name: string): never {
    this.#over(`more than ${this.#limits.maxAttributesPerElement} attributes on <${name.slice(0, 80)}>`);
  }

  #over(what: string): never {
    throw new FormatError('FORMAT_OVER_LIMIT', `The XML has ${what}.`, {
      offset: Math.min(this.#parser.position, this.#length),
    });
  }
}
