export * from './errors.ts';
export { fileKind, fileKindBytes } from './file-kind.ts';
