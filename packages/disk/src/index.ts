export * from './errors.ts';
export { FolderTree } from './folder-tree.ts';
export { isDiskFault, isMissing, isSurelyThere, isThere, listIfThere, readIfThere, steadily } from './is-there.ts';
export { makeFolders } from './make-folders.ts';
export type { OpenFolder } from './open-folder.ts';
export { openInside, readInside } from './open-inside.ts';
export {
  type OutsideLimits,
  openOutside,
  readOutside,
  requireFile,
  requireRegular,
  streamOutside,
} from './outside-file.ts';
export { openOwnToAppend, readOwnFile } from './own-file.ts';
export { pathInside } from './path-inside.ts';
export { repositoryFile, threadProgram } from './repository-file.ts';
export { temporaryFolder } from './temporary-folder.ts';
export { removeFileWhenFree, removeIfPossible, removeWhenFree, renameWhenFree, whenFree } from './when-free.ts';
