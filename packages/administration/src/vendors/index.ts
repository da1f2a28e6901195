// Third-party catalogs: what vendors publish, and what becomes of it here.
export { approveWithPackages, type PackageReach } from './approve-packages.ts';
export { reachError, reachesAll, reachOfDocument } from './reach.ts';
export {
  addVendorCatalog,
  type CatalogReport,
  listVendorCatalogs,
  listVendorPackages,
  removeVendorCatalog,
  updateVendorCatalogs,
} from './vendor-catalogs.ts';
export { packWinget } from './winget.ts';
export { inWorkingFolder } from './working-folder.ts';
