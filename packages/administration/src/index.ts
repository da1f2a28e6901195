// The rules of administration, and the one door to a server. Commands and pages share them.
export { type Approval, type Approved, approve, decline } from './approvals.ts';
export {
  type ComputerDetails,
  listClones,
  listComputers,
  type Membership,
  removeComputer,
  setMembership,
  showComputer,
} from './computers.ts';
export { type AddedContent, addContent, type CheckedContent, verifyContent } from './content.ts';
export { type DiskFigures, inspectDisks, writtenFolders } from './disks.ts';
export { AdministrationError, type AdministrationErrorCode, type Subject } from './errors.ts';
export { findComputer, findDecidable, findGroup, findUpdate } from './find.ts';
export { addGroup, removeGroup, renameGroup } from './groups.ts';
export {
  type Administration,
  type Author,
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
  settle,
} from './open-server.ts';
export { type DefaultPlaces, defaultPlaces } from './places/index.ts';
export { type PackedPublication, type Payload, packPublication, publish } from './publications.ts';
export { readStatus } from './status.ts';
export { type ApprovalState, type Decision, type ListedUpdate, listUpdates, showUpdate } from './updates.ts';
