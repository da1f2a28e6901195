export type { DocumentText } from './document-text.ts';
export { ExportRecordReader, looksLikeExportRecords, writeExportRecord } from './export-records.ts';
export { NestedDocumentReader } from './nested-documents.ts';
export { type OfflineFragments, offlineMember, rebuildDocument, writeOfflineIndex } from './offline-scan.ts';
