// The rules of administration, and the one door to a server. Commands and pages share them.
export { type Approved, declineAll } from './approvals.ts';
export { listClones, listComputers, removeComputers, setMemberships, showComputer } from './computers.ts';
export { addContent, listContent } from './content.ts';
export { type DiskFigures, inspectDisks, type WrittenFolder, writtenFolders } from './disks.ts';
export { listDownstreamComputers, listDownstreamServers, removeDownstreamServer } from './downstream.ts';
export { AdministrationError } from './errors.ts';
export { listAudit, listIdentityChanges, listReports, listStatusPings } from './events.ts';
export { findComputer, findGroup, findUpdate } from './find.ts';
export { findUpdateOrRule } from './find-rule.ts';
export { forecastApproval, listFilesOf } from './forecast.ts';
export { addGroup, listGroups, removeGroups, renameGroup, setTimeZone } from './groups.ts';
export { isThere, lookAt } from './is-there.ts';
export { approveMatching, declineMatching } from './matching.ts';
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
export { toPageRequest } from './pages.ts';
export { showRelations } from './relations.ts';
export { applyRole } from './role.ts';
export { readStatus } from './status.ts';
export { type ApprovalState, countByGroup, type ListedUpdate, listUpdates, showUpdate } from './updates.ts';
