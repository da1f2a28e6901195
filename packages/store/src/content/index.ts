export { type ContentStore, createContentStore, relativePath } from './content-store.ts';
