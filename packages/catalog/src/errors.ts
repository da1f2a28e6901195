// The only home of this package's errors. An update document comes from a stranger: it is either understood or refused
// by name.

/** Closed list. Each code has a paragraph in docs/errors/catalog.md. */
export type CatalogErrorCode =
  | 'CATALOG_BAD_XML'
  | 'CATALOG_BAD_ENCODING'
  | 'CATALOG_OVER_LIMIT'
  | 'CATALOG_NOT_AN_UPDATE'
  | 'CATALOG_MISSING_FIELD'
  | 'CATALOG_BAD_FIELD'
  | 'CATALOG_CONTRADICTORY'
  | 'CATALOG_BAD_PACKAGE'
  | 'CATALOG_BAD_PUBLICATION'
  | 'CATALOG_UNKNOWN_RULE'
  | 'CATALOG_UNSUPPORTED_PACKAGE'
  | 'CATALOG_BAD_MANIFEST'
  | 'CATALOG_BAD_FACTS'
  | 'CATALOG_NOT_FOUND'
  | 'CATALOG_IDENTITY_CONFLICT'
  | 'CATALOG_BUNDLE_INCOMPLETE'
  | 'CATALOG_PREREQUISITE_CYCLE'
  | 'CATALOG_PREREQUISITE_MISSING';

interface CatalogErrorDetails {
  /** `UpdateID@revision` of the document concerned, once known. */
  update?: string;
  cause?: unknown;
}

export class CatalogError extends Error {
  readonly code: CatalogErrorCode;
  readonly update: string | undefined;

  constructor(code: CatalogErrorCode, message: string, details: CatalogErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'CatalogError';
    this.code = code;
    this.update = details.update;
  }
}
