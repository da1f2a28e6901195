// The XML reader for documents that are too large for a tree. It has the same rules and limits as readXml. Text comes
// in by pieces, and elements go out one after the other.
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { FormatError } from '../errors.ts';
import { defaultPlace } from './read.ts';
import { TokenMeter } from './token-meter.ts';
import type { XmlAttribute, XmlElement, XmlLimits } from './tree.ts';

export interface XmlEvents {
  /** A start tag. `children` is empty, for the listener to fill. */
  onEnter(element: XmlElement): void;
  onText(text: string): void;
  onLeave(): void;
}

const noDeclarations: ReadonlyMap<string, string> = new Map();

/** Reads one document given in pieces. `write` and `close` throw FormatError as readXml does. */
export class XmlEventReader {
  readonly #limits: XmlLimits;
  readonly #parser = new SaxesParser({ xmlns: true, position: false });
  readonly #meter: TokenMeter;
  #depth = 0;
  #elements = 0;
  #given = 0;

  constructor(limits: XmlLimits, events: XmlEvents) {
    this.#limits = { ...limits };
    const { maxTextCharacters = Number.POSITIVE_INFINITY } = limits;
    const meter = new TokenMeter(maxTextCharacters, () =>
      this.#over(`a text, attribute or comment of more than ${maxTextCharacters} characters`),
    );
    this.#meter = meter;
    const parser = this.#parser;
    parser.on('error', (error) => this.#refuse(error.message.replace(/\.$/, '')));
    parser.on('doctype', () => this.#refuse('a DOCTYPE is not allowed'));
    parser.on('opentag', (tag) => events.onEnter(this.#enter(tag as SaxesTagNS)));
    parser.on('closetag', () => {
      meter.tell();
      this.#depth--;
      events.onLeave();
    });
    const onText = (text: string) => {
      meter.tell();
      meter.check(text);
      if (this.#depth > 0) events.onText(text);
    };
    parser.on('text', onText);
    parser.on('cdata', onText);
    parser.on('comment', () => meter.tell());
    parser.on('processinginstruction', () => meter.tell());
  }

  write(text: string): void {
    this.#given += text.length;
    const { maxCharacters } = this.#limits;
    if (this.#given > maxCharacters) this.#over(`more than the ${maxCharacters} characters allowed here`);
    this.#meter.write(text, (piece) => this.#parser.write(piece));
  }

  close(): void {
    this.#parser.close();
  }

  #enter(tag: SaxesTagNS): XmlElement {
    this.#meter.tell();
    const { maxElements, maxDepth, maxAttributesPerElement } = this.#limits;
    if (++this.#elements > maxElements) this.#over(`more than ${maxElements} elements`);
    if (++this.#depth > maxDepth) this.#over(`elements nested deeper than ${maxDepth}`);
    const attributes: XmlAttribute[] = [];
    for (const { uri, local, prefix, value, name } of Object.values(tag.attributes)) {
      this.#meter.check(value);
      if (prefix !== 'xmlns' && name !== 'xmlns') attributes.push({ uri, local, prefix, value });
    }
    const declared = Object.entries(tag.ns);
    if (attributes.length > maxAttributesPerElement || declared.length > maxAttributesPerElement) {
      this.#over(`more than ${maxAttributesPerElement} attributes on <${tag.name.slice(0, 80)}>`);
    }
    const declarations = declared.length === 0 ? noDeclarations : new Map(declared);
    const defaultAt = declarations.has('') ? defaultPlace(tag) : 0;
    const { uri, local, prefix } = tag;
    return { kind: 'element', uri, local, prefix, attributes, declarations, defaultAt, children: [] };
  }

  #refuse(reason: string): never {
    const offset = Math.min(this.#parser.position, this.#given);
    throw new FormatError('FORMAT_BAD_XML', `The XML is not acceptable near character ${offset}: ${reason}.`, {
      offset,
    });
  }

  #over(what: string): never {
    throw new FormatError('FORMAT_OVER_LIMIT', `The XML has ${what}.`, { offset: this.#given });
  }
}
