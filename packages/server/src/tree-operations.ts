// The operations on the self-update tree, and on the installers of the agent, that administration may use. Their sites have them.
import type { readInstallLines } from './sites/agent-bundles/index.ts';
import type {
  clearImportedTree,
  listTree,
  offerRelease,
  openReleaseDoor,
  verifyTree,
} from './sites/self-update/index.ts';

export interface TreeOperations {
  clearImportedTree: typeof clearImportedTree;
  listTree: typeof listTree;
  offerRelease: typeof offerRelease;
  openReleaseDoor: typeof openReleaseDoor;
  readInstallLines: typeof readInstallLines;
  verifyTree: typeof verifyTree;
}
