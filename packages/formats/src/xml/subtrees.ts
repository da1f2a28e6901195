// Elements out of a document too large to hold: text goes in by pieces, wanted elements come out as trees.

import { SaxesParser, type SaxesTagNS } from 'saxes';
import { xmlReaderBounds } from '../bounds.ts';
import { FormatError } from '../errors.ts';
import type { XmlEvents } from './events.ts';
import { defaultPlace } from './read.ts';
import { TokenMeter } from './token-meter.ts';
import type { XmlAttribute, XmlElement, XmlLimits } from './tree.ts';

interface SubtreeWishes {
  /** Whether the element that opens here is wanted whole. Elements inside a wanted one are not asked about. */
  isWanted(uri: string, local: string): boolean;
  /** Called for each wanted element when it is complete. Its `declarations` hold every prefix in force there. */
  onElement?(element: XmlElement): void;
  /** In place of onElement, for elements whose tree is not wanted. Told of their contents, one after the other. */
  events?: XmlEvents;
  /** Called with the text directly inside each element that is not wanted, when that element ends. */
  onText?(text: string, local: string): void;
  /**
   * Apply to each wanted element by itself, `maxCharacters` to each text, `maxDepth` and `maxAttributesPerElement` also
   * to what is around them. `maxTextCharacters` is for what is inside of wanted elements.
   */
  limits: XmlLimits;
}

const noDeclarations: ReadonlyMap<string, string> = new Map();

/** Reads one document given in pieces. `write` and `close` throw FormatError as readXml does. */
export class XmlSubtreeReader {
  readonly #wishes: SubtreeWishes;
  readonly #parser = new SaxesParser({ xmlns: true, position: false });
  readonly #meter: TokenMeter;
  readonly #open: XmlElement[] = [];
  /**
   * The declarations of each element around. They are joined only for a wanted element, because joining them for all is
   * slow.
   */
  readonly #scopes: ReadonlyMap<string, string>[] = [];
  readonly #texts: string[] = [];
  #elements = 0;
  #characters = 0;
  #given = 0;

  constructor(wishes: SubtreeWishes) {
    this.#wishes = wishes;
    const { maxTextCharacters = Number.POSITIVE_INFINITY } = wishes.limits;
    this.#meter = new TokenMeter(maxTextCharacters, () => {
      // A text around wanted elements may be a whole document.
      if (this.#open.length > 0)
        throw overLimit(`a text, attribute or comment of more than ${maxTextCharacters} characters`);
    });
    const refuse = (reason: string): never => {
      // The parser counts the end as a character.
      const offset = Math.min(this.#parser.position, this.#given);
      throw new FormatError('FORMAT_BAD_XML', `The XML is not acceptable near character ${offset}: ${reason}.`, {
        offset,
      });
    };
    this.#parser.on('error', (error) => refuse(error.message.replace(/\.$/, '')));
    this.#parser.on('doctype', () => refuse('a DOCTYPE is not allowed'));
    this.#parser.on('opentag', (tag) => this.#enter(tag as SaxesTagNS));
    this.#parser.on('closetag', (tag) => this.#leave(tag.local));
    this.#parser.on('text', (text) => this.#addText(text));
    this.#parser.on('cdata', (text) => this.#addText(text));
    this.#parser.on('comment', () => this.#meter.tell());
    this.#parser.on('processinginstruction', () => this.#meter.tell());
  }

  write(text: string): void {
    this.#given += text.length;
    this.#meter.write(text, (piece) => this.#parser.write(piece));
  }

  close(): void {
    this.#parser.close();
  }

  #enter(tag: SaxesTagNS): void {
    const { maxElements, maxDepth, maxAttributesPerElement } = this.#wishes.limits;
    this.#meter.tell();
    const element = toElement(tag);
    for (const { value } of element.attributes) this.#meter.check(value);
    const parent = this.#open.at(-1);
    // The parser looks for a prefix in one element after the other. Without a limit the cost is the square of the
    // depth.
    const depth = parent ? this.#open.length : this.#scopes.length;
    if (depth >= maxDepth) throw overLimit(`elements nested deeper than ${maxDepth}`);
    if (Object.keys(tag.attributes).length > maxAttributesPerElement) {
      throw overLimit(`more than ${maxAttributesPerElement} attributes on <${tag.name.slice(0, 80)}>`);
    }
    if (!parent) {
      this.#enterAround(tag, element);
      return;
    }
    if (++this.#elements > maxElements) throw overLimit(`more than ${maxElements} elements`);
    if (this.#wishes.events) this.#wishes.events.onEnter(element);
    else parent.children.push(element);
    this.#open.push(element);
  }

  #enterAround({ uri, local }: SaxesTagNS, element: XmlElement): void {
    this.#scopes.push(element.declarations);
    this.#texts.push('');
    this.#elements = 0;
    this.#characters = 0;
    if (!this.#wishes.isWanted(uri, local)) return;
    const wanted = { ...element, declarations: this.#inForce() };
    this.#open.push(wanted);
    this.#wishes.events?.onEnter(wanted);
  }

  #inForce(): ReadonlyMap<string, string> {
    const inForce = new Map<string, string>();
    for (const scope of this.#scopes) for (const [prefix, uri] of scope) inForce.set(prefix, uri);
    if (inForce.size > xmlReaderBounds.maxPrefixes)
      throw overLimit(`more than ${xmlReaderBounds.maxPrefixes} namespace prefixes around an element`);
    return inForce;
  }

  #leave(local: string): void {
    this.#meter.tell();
    const element = this.#open.pop();
    if (element) this.#wishes.events?.onLeave();
    if (this.#open.length > 0) return;
    this.#scopes.pop();
    const text = this.#texts.pop() ?? '';
    if (element) this.#wishes.onElement?.(element);
    else if (text !== '') this.#wishes.onText?.(text, local);
  }

  #addText(text: string): void {
    this.#meter.tell();
    this.#meter.check(text);
    const { maxCharacters } = this.#wishes.limits;
    const parent = this.#open.at(-1);
    if (parent) {
      this.#characters += text.length;
      if (this.#characters > maxCharacters) throw overLimit(`more than ${maxCharacters} characters`);
      if (this.#wishes.events) this.#wishes.events.onText(text);
      else parent.children.push({ kind: 'text', text });
    } else if (this.#wishes.onText && this.#texts.length > 0) {
      const whole = (this.#texts.at(-1) ?? '') + text;
      if (whole.length > maxCharacters) throw overLimit(`a text of more than ${maxCharacters} characters`);
      this.#texts[this.#texts.length - 1] = whole;
    }
  }
}

function toElement(tag: SaxesTagNS): XmlElement {
  const attributes: XmlAttribute[] = [];
  for (const { uri, local, prefix, value, name } of Object.values(tag.attributes)) {
    if (prefix !== 'xmlns' && name !== 'xmlns') attributes.push({ uri, local, prefix, value });
  }
  const declarations = declarationsOf(tag.ns);
  return {
    kind: 'element',
    uri: tag.uri,
    local: tag.local,
    prefix: tag.prefix,
    attributes,
    declarations,
    defaultAt: declarations.has('') ? defaultPlace(tag) : 0,
    children: [],
  };
}

/** Most elements declare nothing: they share one empty map. */
function declarationsOf(declared: Record<string, string>): ReadonlyMap<string, string> {
  for (const _ in declared) return new Map(Object.entries(declared));
  return noDeclarations;
}

function overLimit(what: string): FormatError {
  return new FormatError('FORMAT_OVER_LIMIT', `The XML has ${what}.`);
}
