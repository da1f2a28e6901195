// XML namespaces of update metadata. Documents redeclare prefixes at will, so elements are told apart by URI.
const msus = 'http://schemas.microsoft.com/msus/2002/12';

export const namespaces = {
  /** The beginning of the schemas of update metadata, those of later years too. */
  anyUpdateSchema: 'http://schemas.microsoft.com/msus/',
  update: `${msus}/Update`,
  baseRules: `${msus}/BaseApplicabilityRules`,
  msiRules: `${msus}/MsiApplicabilityRules`,
  logicalRules: `${msus}/LogicalApplicabilityRules`,
  windowsDriver: `${msus}/UpdateHandlers/WindowsDriver`,
  category: `${msus}/UpdateHandlers/Category`,
  commandLine: `${msus}/UpdateHandlers/CommandLineInstallation`,
  windowsInstaller: `${msus}/UpdateHandlers/WindowsInstaller`,
  msiPatch: 'http://www.microsoft.com/msi/patch_applicability.xsd',
  schemaInstance: 'http://www.w3.org/2001/XMLSchema-instance',
  xml: 'http://www.w3.org/XML/1998/namespace',
  /** Our own rules, for vendors who publish for Linux and macOS (docs/catalog.md). */
  moultRules: 'urn:moult:applicability-rules:1',
} as const;
