export { buildDocuments, type PublishedFile, publicationCabinetName, publicationId } from './build-documents.ts';
export { type Publication, parsePublication } from './publication.ts';
