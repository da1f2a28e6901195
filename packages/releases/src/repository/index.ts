// The operator's side: keys, edits, signatures, publication, renewal, recovery.
export { type CarriedRelease, coverReleases, releasePath } from './agent-role.ts';
export { coverUpdatesAside } from './cover-aside.ts';
export { createRepository } from './create.ts';
export { withoutPin, withPin } from './edits.ts';
export { type ExpiryState, expiryStates } from './expiry.ts';
export { encodeMetadata, publishedTargets, writeNewSecret, writeSecret } from './folder.ts';
export { withDiskWords } from './folder-lock.ts';
export { encodeKeyFile, encodePublicKey, generateKey, readKeyFile, readPublicKey, type SigningKey } from './keys.ts';
export { newestRootName, readNewestRoot } from './newest-root.ts';
export { publishStaged } from './one-role.ts';
export { follow, rehearse } from './rehearse.ts';
export { deltaReports, pinReports, roleReports, targetReports, waitingLines } from './reports.ts';
export { type OfflineRole, offlineRoles, Repository } from './repository.ts';
export {
  leadByRings,
  lookAtRelease,
  mostRingPins,
  readHandPins,
  recallToBase,
} from './ring-pins.ts';
export { createDefault, createWithThreshold, ensureRepository, raiseAdvice } from './setup.ts';
export { readDetached, signDetached } from './signing.ts';
export { type CoveredUpdate, type CoverState, coverUpdates, placeFiles } from './updates-role.ts';
