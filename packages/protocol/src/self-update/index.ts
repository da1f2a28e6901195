// Self-update: what an agent asks for before it asks for anything else, and the pings it sends about it.
// Parties: the operator signs releases and ident files, the server only carries them, the agent decides.
// Hard part: an agent may be years old, so grammar 1, the paths and the ping never change. New needs get new keys,
// which grammar 1 tells old readers to pass over. docs/self-update.md is the text for people.
export { type Brand, isSameBrand, moultBrand, parseBrand } from './brand.ts';
export { composeIdent } from './compose.ts';
export { decideSelfUpdate, type SelfUpdateClient } from './decide.ts';
export { encodeIdent } from './encode-ident.ts';
export { type Generation, type Ident, parseIdent } from './ident.ts';
export { canonicalLanguage, languageFallback } from './language.ts';
export {
  architectures,
  isArchitecture,
  isOperatingSystem,
  moultAgentHeader,
  operatingSystems,
  type ProcessorArchitecture,
  resolveSelfUpdatePath,
  type SelfUpdateFile,
  type SelfUpdateOs,
  selfUpdatePaths,
  wuaucompPath,
} from './paths.ts';
export {
  hostPurpose,
  identPurpose,
  isUpdatePurpose,
  releasePurpose,
  trustRootPurpose,
  updatePurpose,
} from './purpose.ts';
export { encodeQueryStamp, parseQueryStamp } from './query-stamp.ts';
export { encodeRelease, parseRelease, type Release, type ReleaseFile, releaseFileName } from './release.ts';
export { encodeStatusPing, parseStatusPing, type StatusPing } from './status-ping.ts';
export { compareVersions, isVersion, isWindowsAgentVersion } from './version.ts';
