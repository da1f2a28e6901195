export { createFragments, type Fragments } from './fragments.ts';
export { importDocuments, toRevision } from './import.ts';
export { type LiveCatalog, openLiveCatalog } from './live-catalog.ts';
export { byUpdate, type Decision, decisionInForce, linesOf } from './merge-deployments.ts';
export { renewFragments } from './renew-fragments.ts';
