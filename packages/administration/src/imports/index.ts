export { type ImportedScan, importOfflineScan } from './import-offline-scan.ts';
export { countDocuments, type ImportReport } from './import-report.ts';
export { importUpdates } from './import-updates.ts';
export { readDocuments } from './read-documents.ts';
export { listWaiting } from './run-import.ts';
