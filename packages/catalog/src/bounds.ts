// Bounds of update documents and of the packages that hold them.
import { declareBounds } from '@moult/bounds';

/** Of one update document. */
export const defaultDocumentLimits = declareBounds('update-document', {
  maxCharacters: {
    what: 'Characters of an update document',
    fallback: 128 * 1024 * 1024,
    range: [65_536, 536_870_000],
    client: 'nothing',
    administrator: 'the error CATALOG_OVER_LIMIT',
  },
  maxDepth: {
    what: 'Depth of the elements of an update document',
    fallback: 128,
    range: [16, 4096],
    client: 'nothing',
    administrator: 'the error CATALOG_OVER_LIMIT',
  },
  maxElements: {
    what: 'Elements of an update document',
    fallback: 2_000_000,
    range: [1000, 100_000_000],
    client: 'nothing',
    administrator: 'the error CATALOG_OVER_LIMIT',
  },
  maxAttributesPerElement: {
    what: 'Attributes of one element of an update document',
    fallback: 256,
    range: [16, 65_536],
    client: 'nothing',
    administrator: 'the error CATALOG_OVER_LIMIT',
  },
});

/**
 * Of a document that is too large to be held whole. Its rules go by as text. All beside them becomes a tree: some 20
 * bytes of memory a character. Real documents stay far below: their texts have some kilobytes, and their files are some
 * thousands.
 */
export const largeDocumentBounds = declareBounds('large-update-document', {
  maxTextCharacters: {
    what: 'Characters of one text, attribute or comment of a large update document',
    fallback: 2 * 1024 * 1024,
    range: [65_536, 536_870_000],
    client: 'nothing',
    administrator: 'the error CATALOG_OVER_LIMIT',
  },
  maxCharacters: {
    what: 'Characters of a large update document beside its rules',
    fallback: 8 * 1024 * 1024,
    range: [65_536, 536_870_000],
    client: 'nothing',
    administrator: 'the error CATALOG_OVER_LIMIT',
  },
  maxParts: {
    what: 'Elements, attributes and texts of a large update document beside its rules',
    fallback: 500_000,
    range: [10_000, 100_000_000],
    client: 'nothing',
    administrator: 'the error CATALOG_OVER_LIMIT',
  },
  /** A manifest of 47 MB packs to a few megabytes. Only a stranger's text packs worse. */
  maxPackedBytes: {
    what: 'A large update document, packed',
    fallback: 12 * 1024 * 1024,
    range: [65_536, 1_073_741_824],
    client: 'nothing',
    administrator: 'the error CATALOG_OVER_LIMIT',
  },
});

export const updateBounds = declareBounds('update', {
  /**
   * Languages of one update, and its licence files. Each is searched among all, so that more cost the square. Windows
   * has some forty languages. Licences are few per language.
   */
  maxLanguages: {
    what: 'Languages of an update',
    fallback: 1000,
    range: [10, 100_000],
    client: 'nothing',
    administrator: 'the error CATALOG_OVER_LIMIT',
  },
  maxRecordHead: {
    what: 'Head of a record in an export package',
    fallback: 128,
    range: [64, 65_536],
    client: 'nothing',
    administrator: 'the error CATALOG_BAD_PACKAGE',
  },
});

/** Of one package of a vendor's catalog. */
export const vendorBounds = declareBounds('vendor-package', {
  maxCharacters: {
    what: 'Characters of a package of a vendor catalog, or of a winget manifest',
    fallback: 4 * 1024 * 1024,
    range: [65_536, 128 * 1024 * 1024],
    client: 'nothing',
    administrator: 'the error CATALOG_OVER_LIMIT or CATALOG_BAD_MANIFEST',
  },
  maxDepth: {
    what: 'Depth of the elements of a package of a vendor catalog',
    fallback: 100,
    range: [16, 4096],
    client: 'nothing',
    administrator: 'the error CATALOG_OVER_LIMIT',
  },
  maxElements: {
    what: 'Elements of a package of a vendor catalog',
    fallback: 50_000,
    range: [1000, 2_000_000],
    client: 'nothing',
    administrator: 'the error CATALOG_OVER_LIMIT',
  },
  maxAttributesPerElement: {
    what: 'Attributes of one element of a package of a vendor catalog',
    fallback: 64,
    range: [16, 4096],
    client: 'nothing',
    administrator: 'the error CATALOG_OVER_LIMIT',
  },
  maxRuleDepth: {
    what: 'Depth of the rules of a package of a vendor catalog',
    fallback: 64,
    range: [8, 1024],
    client: 'nothing',
    administrator: 'the package, withheld with CATALOG_OVER_LIMIT',
  },
});

/** All tables of this file. */
export const catalogBounds = [defaultDocumentLimits, largeDocumentBounds, updateBounds, vendorBounds];
