export * from './errors.ts';
export * from './fragments/index.ts';
export * from './ids.ts';
export * from './metadata/index.ts';
export { namespaces } from './namespaces.ts';
