// The rules of administration, and the one door to a server. Commands and pages share them.
export { approve, decline } from './approvals.ts';
export { listClones, listComputers, removeComputer, setMembership, showComputer } from './computers.ts';
export { addContent, verifyContent } from './content.ts';
export { type DiskFigures, inspectDisks, writtenFolders } from './disks.ts';
export { AdministrationError } from './errors.ts';
export { findComputer, findUpdate } from './find.ts';
export { addGroup, removeGroup, renameGroup } from './groups.ts';
export {
  type Administration,
  administer,
  authorOf,
  type DoorParts,
  type FoundServer,
  findServer,
  keepFilesPrivate,
  readConfigFile,
  requireDatabase,
  requireServer,
  type ServerFlags,
} from './open-server.ts';
export { type PackedPublication, packPublication, publish } from './publications.ts';
export { readStatus } from './status.ts';
export { type ApprovalState, listUpdates, showUpdate } from './updates.ts';
