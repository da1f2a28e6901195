export { type DocumentText, DocumentTextBuilder } from './document-text.ts';
export { ExportRecordReader, looksLikeExportRecords, writeExportHead, writeExportRecord } from './export-records.ts';
export { rebuildLargeDocument } from './large-scan.ts';
export { NestedDocumentReader } from './nested-documents.ts';
export { type OfflineFragments, offlineMember, rebuildDocument, writeOfflineIndex } from './offline-scan.ts';
