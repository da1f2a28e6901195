export { defaultDocumentLimits } from '../bounds.ts';
export * from './document.ts';
export { packVersion } from './drivers.ts';
export { decodeDocument, refuseOtherDeclaration } from './encoding.ts';
export { parseFiles } from './files.ts';
export { parseHandler } from './handlers.ts';
export { LargeDocumentReader, largeDocumentCharacters } from './large-document.ts';
export { parseUpdateDocument } from './parse.ts';
export { parseIdentity, parseRelationships } from './relationships.ts';
