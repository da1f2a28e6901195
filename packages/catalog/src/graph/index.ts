export { CatalogIndex, type IndexedRevision, type IndexedUpdate } from './catalog-index.ts';
export { findSetAside, type SetAside } from './set-aside.ts';
export {
  decodeClause,
  decodeMore,
  decodeSummary,
  decodeSupersedes,
  type EncodedSummary,
  encodeSummary,
  summarize,
  type UpdateSummary,
} from './summary.ts';
