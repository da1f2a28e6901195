export { createFragments, type Fragments } from './fragments.ts';
export { importDocuments, toRevision } from './import.ts';
export { type LiveCatalogue, openLiveCatalogue } from './live-catalog.ts';
export { byUpdate, type Decision, decisionInForce, linesOf } from './merge-deployments.ts';
