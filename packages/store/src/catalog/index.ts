export { createFragments, type Fragments } from './fragments.ts';
export { importDocuments, toRevision } from './import.ts';
export { type LiveCatalog, openLiveCatalog } from './live-catalog.ts';
export { renewFragments } from './renew-fragments.ts';
