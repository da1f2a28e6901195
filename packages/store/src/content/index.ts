export { type ContentStore, createContentStore } from './content-store.ts';
