// TUF metadata: its forms, its signatures, and the statements of our targets.
export { chooseRelease, floorsOf, type Listed, type Machine } from './choose.ts';
export {
  type Approval,
  type DeltaRecipe,
  type OurTarget,
  type Recall,
  type ReleaseTarget,
  type ReturnCode,
  readOurTarget,
  type UpdateFile,
  type UpdateTarget,
} from './custom.ts';
export { parseMetadata } from './parse.ts';
export { binForTarget, isDelegatedPath, matchesPattern, rolesForTarget } from './paths.ts';
export { isSameOwner, type Pin, type PinOwner, pinFor, readPins } from './pins.ts';
export { canonicalBytes, isValidSignature, keyidOf, requireThreshold, sha256Hex, validSigners } from './signatures.ts';
export * from './types.ts';
export { compareReleases, formatRelease, type ReleaseVersion, readRelease } from './version.ts';
