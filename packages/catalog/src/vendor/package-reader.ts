// Packages out of a vendor's file: one package, or a catalog of thousands of them in one XML, given in pieces.
import { createHash } from 'node:crypto';
import { FormatError } from '@moult/formats';
import { readXml, type XmlElement, XmlSubtreeReader } from '@moult/formats/xml';
import { vendorBounds } from '../bounds.ts';
import { CatalogError } from '../errors.ts';
import { writeDocument } from '../metadata/write.ts';
import { isPackageElement } from './names.ts';
import { readVendorPackage, type VendorPackage } from './read-package.ts';

/** A package as it was found, or why it cannot be read. */
export type FoundPackage =
  | { package: VendorPackage /** As a document of its own. */; xml: string /** SHA-256 of it, hex. */; digest: string }
  | { refused: CatalogError };

/** Takes the text in pieces and gives the packages found. */
export class VendorPackageReader {
  readonly #found: FoundPackage[] = [];
  readonly #reader = new XmlSubtreeReader({
    limits: vendorBounds,
    isWanted: isPackageElement,
    onElement: (element) => this.#found.push(found(element)),
  });

  /** Since a package ended. */
  #characters = 0;

  /** Throws CATALOG_BAD_XML or CATALOG_OVER_LIMIT. Packages given before that are good. */
  *write(text: string): Generator<FoundPackage> {
    this.#characters += text.length;
    // The parser gathers a text until it ends: this ends a package of one endless text, or a file that holds none.
    if (this.#characters > vendorBounds.maxCharacters + text.length) throw tooLong();
    guarded(() => this.#reader.write(text));
    if (this.#found.length > 0) this.#characters = 0;
    yield* this.#found.splice(0);
  }

  *close(): Generator<FoundPackage> {
    guarded(() => this.#reader.close());
    yield* this.#found.splice(0);
  }
}

/** A package out of the text that VendorPackageReader gave. Throws as readVendorPackage does. */
export function parseVendorPackage(xml: string): VendorPackage {
  return readVendorPackage(guarded(() => readXml(xml, vendorBounds)));
}

function tooLong(): CatalogError {
  return new CatalogError(
    'CATALOG_OVER_LIMIT',
    `The XML has more than ${vendorBounds.maxCharacters} characters in which no package ends.`,
  );
}

function found(element: XmlElement): FoundPackage {
  try {
    const read = readVendorPackage(element);
    const xml = writeDocument(element);
    return { package: read, xml, digest: createHash('sha256').update(xml).digest('hex') };
  } catch (error) {
    if (!(error instanceof CatalogError)) throw error;
    return { refused: error };
  }
}

function guarded<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const code = error.code === 'FORMAT_OVER_LIMIT' ? 'CATALOG_OVER_LIMIT' : 'CATALOG_BAD_XML';
    throw new CatalogError(code, error.message, { cause: error });
  }
}
