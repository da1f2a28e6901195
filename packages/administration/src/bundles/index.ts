export { type ExportedBundle, type ExportOptions, exportBundle } from './export-bundle.ts';
export { exportPackage } from './export-package.ts';
export { type ImportBundleOptions, type ImportedBundle, importBundle } from './import-bundle.ts';
export { acknowledgedBy, exportReports, importReports, listNetworks, type ReportedNetwork } from './reports.ts';
