// TUF metadata: its forms, its signatures, and the statements of our targets.
export { chooseRelease, floorsOf, type Listed, type Machine } from './choose.ts';
export { type Approval, type ReleaseTarget, readOurTarget, type UpdateTarget } from './custom.ts';
export { parseMetadata } from './parse.ts';
export { binForTarget, matchesPattern } from './paths.ts';
export { type Pin, type PinOwner, pinFor, readPins } from './pins.ts';
export { canonicalBytes, sha256Hex, validSigners } from './signatures.ts';
export * from './types.ts';
export { compareReleases, formatRelease, type ReleaseVersion, readRelease } from './version.ts';
