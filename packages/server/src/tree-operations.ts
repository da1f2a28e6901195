// The operations on the self-update tree that administration may use. The site of the tree has them.
import type { clearImportedTree, listTree, offerRelease, verifyTree } from './sites/self-update/index.ts';

export interface TreeOperations {
  clearImportedTree: typeof clearImportedTree;
  listTree: typeof listTree;
  offerRelease: typeof offerRelease;
  verifyTree: typeof verifyTree;
}
