export * from './read.ts';
export * from './subtrees.ts';
export * from './write.ts';
