// Namespaces of SoftwareDistributionPackages (SDP), the form in which vendors publish updates for WSUS and Configuration
// Manager. Elements are told apart by URI, as in update documents.
const publishing = 'http://schemas.microsoft.com/wsus/2005/04/CorporatePublishing';

export const vendorNamespaces = {
  package: `${publishing}/SoftwareDistributionPackage.xsd`,
  /** The element that contains the packages in a catalog of one file. */
  catalog: 'http://schemas.microsoft.com/sms/2005/04/CorporatePublishing/SystemsManagementCatalog.xsd',
  baseRules: `${publishing}/BaseApplicabilityRules.xsd`,
  logicalRules: `${publishing}/LogicalApplicabilityRules.xsd`,
  msiRules: `${publishing}/MsiApplicabilityRules.xsd`,
  commandLine: `${publishing}/Installers/CommandLineInstallation.xsd`,
  windowsInstaller: `${publishing}/Installers/MsiInstallation.xsd`,
  patch: `${publishing}/Installers/MspInstallation.xsd`,
} as const;

/** Whether an element is a package: vendors write it in either namespace. */
export function isPackageElement(uri: string, local: string): boolean {
  return (
    local === 'SoftwareDistributionPackage' && (uri === vendorNamespaces.package || uri === vendorNamespaces.catalog)
  );
}
