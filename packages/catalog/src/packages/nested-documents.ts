// Update documents inside a larger XML text: as elements, or as escaped text or CDATA of some other element. The name
// of the outer XML does not matter, so every layout of `.xml.gz` export packages is read.
import { FormatError } from '@moult/formats';
import { type XmlLimits, XmlSubtreeReader } from '@moult/formats/xml';
import { largeDocumentBounds } from '../bounds.ts';
import { CatalogError } from '../errors.ts';
import { defaultDocumentLimits } from '../metadata/index.ts';
import { DocumentWriter } from '../metadata/write.ts';
import { namespaces } from '../namespaces.ts';
import { type DocumentText, DocumentTextBuilder } from './document-text.ts';

/** Takes the outer text in pieces and gives the documents found. */
export class NestedDocumentReader {
  readonly #found: DocumentText[] = [];
  readonly #reader: XmlSubtreeReader;
  readonly #text = new DocumentTextBuilder();
  readonly #writer = new DocumentWriter((text) => this.#text.put(text));
  #depth = 0;

  constructor(limits: XmlLimits = defaultDocumentLimits) {
    this.#reader = new XmlSubtreeReader({
      limits: { ...limits, maxTextCharacters: largeDocumentBounds.maxTextCharacters },
      isWanted: (uri, local) => local === 'Update' && uri === namespaces.update,
      events: {
        onEnter: (element) => {
          this.#depth++;
          this.#writer.enter(element);
        },
        onText: (text) => this.#writer.text(text),
        onLeave: () => {
          this.#writer.leave();
          if (--this.#depth === 0) this.#found.push(this.#text.take());
        },
      },
      onText: (text) => {
        if (text.includes(namespaces.update) && text.trimStart().startsWith('<')) this.#found.push(text.trim());
      },
    });
  }

  /** Throws CATALOG_BAD_XML or CATALOG_OVER_LIMIT. Documents given before that are good. */
  *write(text: string): Generator<DocumentText> {
    this.#guard(() => this.#reader.write(text));
    yield* this.#found.splice(0);
  }

  *close(): Generator<DocumentText> {
    this.#guard(() => this.#reader.close());
    yield* this.#found.splice(0);
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
