// The self-update tree in a data directory, for commands. It loads no server: a command on files starts fast.
export { readCurrentReleases } from './sites/self-update/current-releases.ts';
export { clearImportedTree, importTree } from './sites/self-update/import-tree.ts';
export type { ImportedFile } from './sites/self-update/imported-index.ts';
export { offerRelease } from './sites/self-update/offers.ts';
export { checkPort80, type Port80Report } from './sites/self-update/port80.ts';
export { openReleaseDoor } from './sites/self-update/release-door.ts';
export { listTree, type TreeListing, type TreeVerification, verifyTree } from './sites/self-update/tree-inventory.ts';
