export { importUpdates } from './import-updates.ts';
export { readDocuments } from './read-documents.ts';
export { type ImportReport, runImport } from './run-import.ts';
