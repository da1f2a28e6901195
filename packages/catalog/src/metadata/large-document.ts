// An update document of tens of megabytes, nearly all of it rules: the manifest of a cumulative update. The parts for
// an import become a tree, as of any document. The rules go by as text of the Core fragment, and no tree of them is
// ever there.
import { createHash } from 'node:crypto';
import { FormatError } from '@moult/formats';
import { type XmlElement, XmlEventReader, type XmlLimits } from '@moult/formats/xml';
import { defaultDocumentLimits, largeDocumentBounds } from '../bounds.ts';
import { CatalogError } from '../errors.ts';
import { deriveCore } from '../fragments/derive.ts';
import { FragmentWriter } from '../fragments/fragment-writer.ts';
import { namespaces } from '../namespaces.ts';
import type { UpdateDocument } from './document.ts';
import { parseUpdateTree } from './parse.ts';

/** From so many characters on a document is read without a tree of its rules. */
export const largeDocumentCharacters = 4 * 1024 * 1024;

const gatheredCharacters = 64 * 1024;

type LargeDocumentLimits = Record<Exclude<keyof typeof largeDocumentBounds, 'maxPackedBytes'>, number>;

interface LargeDocument {
  /** In `root`, ApplicabilityRules hold nothing but the digest of their text: two documents compare by it. */
  document: UpdateDocument;
  /** The Core fragment before and behind the rules' text. */
  core: { before: string; after: string };
}

/** Takes the text in pieces. Throws CatalogError as parseUpdateDocument does. */
export class LargeDocumentReader {
  readonly #reader: XmlEventReader;
  readonly #open: XmlElement[] = [];
  readonly #putRules: (text: string) => void;
  readonly #digest = createHash('sha256');
  #root: XmlElement | undefined;
  #hasRules = false;
  #rules: { writer: FragmentWriter; depth: number; section: string } | undefined;
  #gathered = '';
  /** A driver's rows are in its rules, and are needed as a tree. */
  #rows: XmlElement[] = [];
  #row: XmlElement[] = [];
  readonly #held: LargeDocumentLimits;
  #heldParts = 0;
  #heldCharacters = 0;

  /** `putRules` gets the text of what is inside ApplicabilityRules, in Core's form. `held` is for what is not. */
  constructor(
    putRules: (text: string) => void,
    limits: XmlLimits = defaultDocumentLimits,
    held: LargeDocumentLimits = largeDocumentBounds,
  ) {
    this.#putRules = putRules;
    this.#held = { ...held };
    const { maxTextCharacters } = this.#held;
    this.#reader = new XmlEventReader(
      { ...limits, maxTextCharacters },
      {
        onEnter: (element) => this.#enter(element),
        onText: (text) => this.#text(text),
        onLeave: () => this.#leave(),
      },
    );
  }

  write(text: string): void {
    this.#guard(() => this.#reader.write(text));
  }

  close(): LargeDocument {
    this.#guard(() => this.#reader.close());
    const root = this.#root;
    if (!root) throw new CatalogError('CATALOG_BAD_XML', 'The document holds no element.');
    const document = { ...parseUpdateTree(this.#withRows(root)), root };
    if (!this.#hasRules) return { document, core: { before: deriveCore(document), after: '' } };
    const mark = this.#digest.digest('hex');
    const rules = root.children.find((child) => child.kind === 'element' && isRules(child)) as XmlElement;
    rules.children.push({ kind: 'text', text: mark });
    // Rules are the last part of Core, so the last one is the one that was put there.
    const core = deriveCore(document);
    const at = core.lastIndexOf(mark);
    return { document, core: { before: core.slice(0, at), after: core.slice(at + mark.length) } };
  }

  #enter(element: XmlElement): void {
    if (this.#rules) {
      if (++this.#rules.depth === 1) this.#rules.section = element.local;
      this.#rules.writer.enter(element);
      this.#enterRow(element);
      return;
    }
    this.#hold(element);
    const parent = this.#open.at(-1);
    if (parent) parent.children.push(element);
    else this.#root = element;
    this.#open.push(element);
    if (this.#open.length === 2 && isRules(element)) this.#beginRules();
  }

  #text(text: string): void {
    if (!this.#rules || this.#row.length > 0) this.#count(1, text.length);
    if (this.#rules) this.#rules.writer.text(text);
    else this.#open.at(-1)?.children.push({ kind: 'text', text });
    this.#row.at(-1)?.children.push({ kind: 'text', text });
  }

  #leave(): void {
    if (this.#rules && this.#rules.depth > 0) {
      this.#rules.depth--;
      this.#rules.writer.leave();
      this.#row.pop();
      return;
    }
    if (this.#rules) {
      this.#rules.writer.close();
      this.#passOn();
      this.#rules = undefined;
    }
    this.#open.pop();
  }

  #beginRules(): void {
    const writer = new FragmentWriter((text) => {
      this.#gathered += text;
      if (this.#gathered.length >= gatheredCharacters) this.#passOn();
    });
    this.#rules = { writer, depth: 0, section: '' };
  }

  /** Hands on what was gathered: by single tags it costs more than the reading. */
  #passOn(): void {
    const text = this.#gathered;
    if (text === '') return;
    this.#gathered = '';
    this.#hasRules = true;
    this.#digest.update(text);
    this.#putRules(text);
  }

  #enterRow(element: XmlElement): void {
    const parent = this.#row.at(-1);
    if (parent) parent.children.push(element);
    else if (this.#isRow(element)) this.#rows.push(element);
    else return;
    this.#hold(element);
    this.#row.push(element);
  }

  #hold({ local: name, attributes, declarations }: XmlElement): void {
    let characters = name.length;
    for (const { local, value } of attributes) characters += local.length + value.length;
    for (const [prefix, uri] of declarations) characters += prefix.length + uri.length;
    this.#count(1 + attributes.length + declarations.size, characters);
  }

  /** Counts something that stays in memory until the end. */
  #count(parts: number, characters: number): void {
    const { maxParts, maxCharacters } = this.#held;
    this.#heldParts += parts;
    this.#heldCharacters += characters;
    if (this.#heldParts > maxParts)
      throw tooMuch(`more than ${maxParts} elements, attributes and texts beside its rules`);
    if (this.#heldCharacters > maxCharacters) throw tooMuch(`more than ${maxCharacters} characters beside its rules`);
  }

  #isRow({ uri, local }: XmlElement): boolean {
    const isPlace = this.#rules?.depth === 2 && this.#rules.section === 'Metadata';
    return isPlace && uri === namespaces.windowsDriver && local === 'WindowsDriverMetaData';
  }

  #withRows(root: XmlElement): XmlElement {
    if (this.#rows.length === 0) return root;
    const children = root.children.map((child) => {
      if (child.kind !== 'element' || !isRules(child)) return child;
      return { ...child, children: [{ ...child, local: 'Metadata', attributes: [], children: this.#rows }] };
    });
    return { ...root, children };
  }

  #guard(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      const code = error.code === 'FORMAT_OVER_LIMIT' ? 'CATALOG_OVER_LIMIT' : 'CATALOG_BAD_XML';
      throw new CatalogError(code, error.message, { cause: error });
    }
  }
}

function tooMuch(what: string): FormatError {
  return new FormatError('FORMAT_OVER_LIMIT', `The large document has ${what}.`);
}

function isRules({ uri, local }: XmlElement): boolean {
  return uri === namespaces.update && local === 'ApplicabilityRules';
}
