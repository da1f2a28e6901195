export { importUpdates } from './import-updates.ts';
export { readDocuments } from './read-documents.ts';
export type { ImportReport } from './run-import.ts';
