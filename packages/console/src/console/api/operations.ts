// Every operation that the console calls, by the name that it has in the API. A test of the server holds each line against
// the table of routes, and each operation that is not here against the list of those that the console leaves out.
export const operations = {
  whoAmI: ['GET', '/session'],
  logOn: ['POST', '/session'],
  logOff: ['DELETE', '/session'],
  setUp: ['POST', '/set-up'],
  followChanges: ['GET', '/live'],
  readHome: ['GET', '/home'],
  readStatus: ['GET', '/status'],
  listComputers: ['GET', '/computers'],
  showComputer: ['GET', '/computers/{computer}'],
  removeComputer: ['DELETE', '/computers/{computer}'],
  addToGroup: ['PUT', '/groups/{group}/computers/{computer}'],
  removeFromGroup: ['DELETE', '/groups/{group}/computers/{computer}'],
  listGroups: ['GET', '/groups'],
  listUpdates: ['GET', '/updates'],
  showUpdate: ['GET', '/updates/{update}'],
  countUpdateByGroup: ['GET', '/updates/{update}/groups'],
  listUpdateFiles: ['GET', '/updates/{update}/files'],
  previewApproval: ['GET', '/approvals/preview'],
  approveUpdates: ['POST', '/approvals'],
  declineUpdates: ['POST', '/declines'],
  listReports: ['GET', '/events/reports'],
  listPings: ['GET', '/events/self-update'],
  listContent: ['GET', '/content'],
} as const satisfies Record<string, readonly ['GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', `/${string}`]>;

export type OperationName = keyof typeof operations;
