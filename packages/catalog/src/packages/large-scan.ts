// A document put together from the fragments of an offline scan file, with one of the largest Core fragments:
// its rules go by as text, and no tree of them is ever in memory.
import { FormatError } from '@moult/formats';
import { type XmlElement, XmlEventReader } from '@moult/formats/xml';
import { defaultDocumentLimits } from '../bounds.ts';
import { CatalogError } from '../errors.ts';
import { DocumentWriter } from '../metadata/write.ts';
import { type DocumentText, DocumentTextBuilder } from './document-text.ts';
import { namespacedElement, type OfflineFragments, rebuildDocument } from './offline-scan.ts';

const ending = '</upd:Update>';

/** As rebuildDocument, for a Core fragment in pieces. Throws the same errors. */
export function rebuildLargeDocument(core: Iterable<string>, others: Omit<OfflineFragments, 'core'>): DocumentText {
  const reader = new CoreReader();
  try {
    reader.read(core);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new CatalogError('CATALOG_BAD_XML', `A Core fragment is not readable: ${String(cause)}`, { cause });
  }
  const shell = rebuildDocument({ ...others, core: reader.head.join('') });
  if (!shell.endsWith(ending)) throw new CatalogError('CATALOG_BAD_XML', 'A Core fragment holds nothing.');
  const whole = new DocumentTextBuilder();
  whole.put(shell.slice(0, -ending.length));
  const rest = reader.rest.take();
  if (typeof rest === 'string') whole.put(rest);
  else for (const piece of rest) whole.put(piece);
  whole.put(ending);
  return whole.take();
}

/** Parts the first identity and properties, which are small and are read again, from all the rest. */
class CoreReader {
  readonly head: string[] = [];
  readonly rest = new DocumentTextBuilder();
  readonly #headWriter = new DocumentWriter((text) => this.head.push(text));
  readonly #restWriter = new DocumentWriter((text) => this.rest.put(text));
  readonly #inHead = new Set<string>();
  #writer = this.#restWriter;
  #depth = 0;
  /** The beginnings of elements with a namespace of their own: all in it stays as it is. */
  #keptFrom = Number.POSITIVE_INFINITY;

  read(core: Iterable<string>): void {
    const { maxDepth } = defaultDocumentLimits;
    const reader = new XmlEventReader(
      { ...defaultDocumentLimits, maxDepth: maxDepth + 1 },
      {
        onEnter: (element) => this.#enter(element),
        onText: (text) => {
          // Between the elements of a fragment there is layout, if anything.
          if (this.#depth > 1) this.#writer.text(text);
        },
        onLeave: () => this.#leave(),
      },
    );
    reader.write('<fragment>');
    for (const piece of core) reader.write(piece);
    reader.write('</fragment>');
    reader.close();
  }

  #enter(element: XmlElement): void {
    if (++this.#depth === 1) return;
    if (this.#depth === 2) this.#choose(element);
    if (this.#writer === this.#restWriter) this.#writer.enter(this.#named(element));
    else this.#writer.enter(element);
  }

  #named(element: XmlElement): XmlElement {
    if (element.uri !== '' && this.#depth < this.#keptFrom) this.#keptFrom = this.#depth;
    return this.#depth >= this.#keptFrom ? element : namespacedElement(element);
  }

  #choose({ local }: XmlElement): void {
    const isHead = (local === 'UpdateIdentity' || local === 'Properties') && !this.#inHead.has(local);
    if (isHead) this.#inHead.add(local);
    this.#writer = isHead ? this.#headWriter : this.#restWriter;
  }

  #leave(): void {
    if (this.#depth > 1) this.#writer.leave();
    if (this.#depth === this.#keptFrom) this.#keptFrom = Number.POSITIVE_INFINITY;
    this.#depth--;
  }
}
