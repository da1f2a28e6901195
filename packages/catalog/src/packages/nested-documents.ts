// Update documents inside a larger XML text: as elements, or as escaped text or CDATA of some other element. What the
// outer XML calls itself does not matter, so every layout of `.xml.gz` export packages is read.
import { FormatError } from '@moult/formats';
import { type XmlLimits, XmlSubtreeReader } from '@moult/formats/xml';
import { CatalogError } from '../errors.ts';
import { defaultDocumentLimits } from '../metadata/index.ts';
import { writeDocument } from '../metadata/write.ts';
import { namespaces } from '../namespaces.ts';

/** Takes the outer text in pieces and gives the documents found. */
export class NestedDocumentReader {
  readonly #found: string[] = [];
  readonly #reader: XmlSubtreeReader;

  constructor(limits: XmlLimits = defaultDocumentLimits) {
    this.#reader = new XmlSubtreeReader({
      limits,
      isWanted: (uri, local) => local === 'Update' && uri === namespaces.update,
      onElement: (element) => this.#found.push(writeDocument(element)),
      onText: (text) => {
        if (text.includes(namespaces.update) && text.trimStart().startsWith('<')) this.#found.push(text.trim());
      },
    });
  }

  /** Throws CATALOG_BAD_XML or CATALOG_OVER_LIMIT; documents given before that are good. */
  *write(text: string): Generator<string> {
    this.#guard(() => this.#reader.write(text));
    yield* this.#found.splice(0);
  }

  *close(): Generator<string> {
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
