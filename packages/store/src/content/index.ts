export { type AddedFile, type ContentStore, createContentStore } from './content-store.ts';
