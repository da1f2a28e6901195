// The update policy as files for computers.
export { type ExportedFile, exportPolicy, type PolicyFormat, policyFormats } from './formats.ts';
export { auKey, maintenanceKey, pointingKeys, policyKey } from './pointing.ts';
export { trustSettings } from './trust.ts';
