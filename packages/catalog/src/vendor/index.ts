export type { OriginFile } from './origin-file.ts';
export { type FoundPackage, parseVendorPackage, VendorPackageReader } from './package-reader.ts';
