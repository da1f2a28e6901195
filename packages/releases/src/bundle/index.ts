// Bundles: what a machine without Node, and without an agent, is given. Parties: the operator whose root is pinned in a bundle, the server
// that carries it, the administrator who pastes a line.
export {
  type BundleContents,
  bundleFiles,
  bundleVersion,
  rootFingerprint,
} from './bundle-files.ts';
export { foldersAbove } from './debian.ts';
export { replaceWhole } from './draft.ts';
export { placeOf, windowsFolder } from './installed-scripts.ts';
export {
  type BundleFormat,
  bundleFormats,
  isWindows,
  nodeVersion,
  type Platform,
  platformFacts,
  platforms,
} from './platforms.ts';
export { findRuntime, type Runtime } from './runtime.ts';
export {
  installLine,
  installLineForWindows,
  type ServedBundle,
  servedScript,
  servedScriptForWindows,
} from './served-scripts.ts';
export { requireFormat, requireSize, type WrittenBundle, writeBundle, writeDebian } from './write-bundle.ts';
