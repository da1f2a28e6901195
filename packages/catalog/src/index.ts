export * from './applicability/index.ts';
export * from './deployment/index.ts';
export * from './errors.ts';
export * from './fragments/index.ts';
export * from './graph/index.ts';
export * from './ids.ts';
export * from './metadata/index.ts';
export { namespaces } from './namespaces.ts';
export * from './sample/index.ts';
