export * from './document.ts';
export { packVersion } from './drivers.ts';
export { decodeDocument } from './encoding.ts';
export { defaultDocumentLimits, parseUpdateDocument } from './parse.ts';
