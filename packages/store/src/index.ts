// The public surface of the store: the database of a server, on either engine.

export type { StoreBounds } from './bounds.ts';
export { allComputers, unassignedComputers } from './built-in-groups.ts';
export { checkDatabase, checkInBackground, type DatabaseCheck } from './check-database.ts';
export { acceptedTerms, wholeSecond } from './configuration.ts';
export type * from './contract/index.ts';
export { heldBackPrefix } from './counters.ts';
export { isPostgres, type PoolLimits, sqliteFileOf, withoutPassword } from './database.ts';
export { defaultStoreBounds } from './declared-bounds.ts';
export { asDiskTrouble, diskTroubleOf, withDiskTrouble } from './disk-trouble.ts';
export { rollUpReset } from './downstream-servers.ts';
export { collectGarbage, limitHeapGrowth } from './heap.ts';
export { computerSorts } from './lists/computers.ts';
export { pageOf } from './lists/page.ts';
export { compareNames } from './lists/sort-keys.ts';
export { articlesIn, severities } from './lists/update-facts.ts';
export { updateSorts } from './lists/updates.ts';
export type { Log } from './log.ts';
export { type Notice, noticeLine } from './notice.ts';
export { packRevision } from './packing.ts';
export { isRefusedRow } from './refused-rows.ts';
export {
  openServerStore,
  openStore,
  type ServerStore,
  type ServerStoreOptions,
  type StoreOptions,
  storeOf,
} from './store.ts';
export { updateStates } from './update-status.ts';
