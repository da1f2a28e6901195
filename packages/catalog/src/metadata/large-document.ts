// An update document of tens of megabytes, nearly all of it rules: the manifest of a cumulative update. The parts for
// an import become a tree, as of any document. The rules go by as text of the Core fragment, and no tree of them is
// ever there.
import { createHash } from 'node:crypto';
import { FormatError } from '@moult/formats';
import { type XmlElement, XmlEventReader, type XmlLimits } from '@moult/formats/xml';
import { defaultDocumentLimits } from '../bounds.ts';
import { CatalogError } from '../errors.ts';
import { deriveCore } from '../fragments/derive.ts';
import { FragmentWriter } from '../fragments/fragment-writer.ts';
import { namespaces } from '../namespaces.ts';
import type { UpdateDocument } from './document.ts';
import { parseUpdateTree } from './parse.ts';

/** From so many characters on a document is read without a tree of its rules. */
export const largeDocumentCharacters = 4 * 1024 * 1024;

const gatheredCharacters = 64 * 1024;

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

  /** `putRules` gets the text of what is inside ApplicabilityRules, in Core's form. */
  constructor(putRules: (text: string) => void, limits: XmlLimits = defaultDocumentLimits) {
    this.#putRules = putRules;
    this.#reader = new XmlEventReader(limits, {
      onEnter: (element) => this.#enter(element),
      onText: (text) => this.#text(text),
      onLeave: () => this.#leave(),
    });
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
    const parent = this.#open.at(-1);
    if (parent) parent.children.push(element);
    else this.#root = element;
    this.#open.push(element);
    if (this.#open.length === 2 && isRules(element)) this.#beginRules();
  }

  #text(text: string): void {
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
    this.#row.push(element);
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

function isRules({ uri, local }: XmlElement): boolean {
  return uri === namespaces.update && local === 'ApplicabilityRules';
}
