export { createFragments, type Fragments } from './fragments.ts';
export { importDocuments, toRevision } from './import.ts';
export { type LargeRevision, readLargeRevision, unpackInPieces } from './large-revision.ts';
export { type LiveCatalog, openLiveCatalog } from './live-catalog.ts';
export { renewFragments } from './renew-fragments.ts';
