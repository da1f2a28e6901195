// An update document as values. `root` keeps the whole document, so that no unknown part is lost: fragments come from
// it, not from these fields.
import type { XmlElement } from '@moult/formats/xml';
import type { UpdateId, UpdateIdentity } from '../ids.ts';

export type UpdateType = 'Software' | 'Driver' | 'Category' | 'Detectoid';

export interface UpdateDocument {
  root: XmlElement;
  identity: UpdateIdentity;
  updateType: UpdateType;
  properties: UpdateProperties;
  localized: LocalizedProperties[];
  eulaFiles: EulaFile[];
  /** AND of ORs (conjunctive normal form). Names updates, never revisions: the highest one counts. */
  prerequisiteClauses: PrerequisiteClause[];
  /** AND of ORs over exact revisions. */
  bundleClauses: UpdateIdentity[][];
  supersedes: UpdateId[];
  files: UpdateFile[];
  handler: Handler | undefined;
  /** Set for UpdateType Category. */
  category: CategoryInformation | undefined;
  /** One per hardware id. UpdateType Driver only. */
  drivers: DriverMetadata[];
}

export interface UpdateProperties {
  explicitlyDeployable: boolean;
  autoSelectOnWebSites: boolean;
  perUser: boolean;
  isPublic: boolean;
  isBeta: boolean;
  isMandatory: boolean;
  isLocallyPublished: boolean;
  canSourceBeRequired: boolean;
  browseOnly: boolean;
  requiresReacceptanceOfEula: boolean;
  osUpgrade: string | undefined;
  eulaId: UpdateId | undefined;
  publicationState: 'Published' | 'Expired' | string;
  publisherId: UpdateId | undefined;
  creationDate: string | undefined;
  legacyName: string | undefined;
  detectoidType: string | undefined;
  defaultPropertiesLanguage: string | undefined;
  handlerUri: string | undefined;
  maxDownloadSizeBytes: number | undefined;
  minDownloadSizeBytes: number | undefined;
  compatibleProtocolVersion: string | undefined;
  msrcSeverity: string | undefined;
  /** Of OSInstaller updates, as the two following. */
  productName: string | undefined;
  releaseVersion: string | undefined;
  releaseRevision: string | undefined;
  installationBehavior: InstallationBehavior | undefined;
  uninstallationBehavior: InstallationBehavior | undefined;
  languages: string[];
  moreInfoUrls: string[];
  supportUrl: string | undefined;
  kbArticleIds: string[];
  securityBulletinIds: string[];
  securedFragments: string[];
}

export interface InstallationBehavior {
  rebootBehavior: string;
  impact: string;
  canRequestUserInput: boolean;
  requiresNetworkConnectivity: boolean;
}

export interface LocalizedProperties {
  /** Language tag as written. `all` is the neutral one. */
  language: string;
  title: string;
  description: string | undefined;
  uninstallNotes?: string | undefined;
  moreInfoUrl?: string | undefined;
  supportUrl?: string | undefined;
}

export interface EulaFile {
  language: string;
  /** ISO 3166 three letters. Undefined is the rest of the world. */
  geoId: string | undefined;
  fileName: string;
  sha1: string;
  sha256: string | undefined;
  sizeBytes: number;
}

export interface PrerequisiteClause {
  isCategory: boolean;
  anyOf: UpdateId[];
}

export interface UpdateFile {
  fileName: string;
  /** Base64 SHA-1: the identity of the file everywhere. */
  sha1: string;
  /** Base64 SHA-256, from AdditionalDigest. */
  sha256: string | undefined;
  /** Every digest given, algorithm name as written. */
  digests: { algorithm: string; value: string }[];
  sizeBytes: number;
  modified: string | undefined;
  patchingType: string | undefined;
  isEncrypted: boolean;
}

export interface CategoryInformation {
  categoryType: string | undefined;
  prohibitsSubcategories: boolean;
  prohibitsUpdates: boolean;
  displayOrder: number | undefined;
  excludedByDefault: boolean;
}

/** One WindowsDriverMetaData (MS-WUSP 3.1.1, driver tables). */
export interface DriverMetadata {
  hardwareId: string;
  driverVerDate: string;
  /** Four 16-bit parts in 64 bits. */
  driverVerVersion: bigint;
  driverClass: string;
  company: string;
  provider: string;
  manufacturer: string;
  model: string;
  whqlDriverId: number;
  compatibleProviders: string[];
  /** `amd64.10.0` (lower case) → 0 to 255, lower is better. */
  featureScores: ReadonlyMap<string, number>;
  distributionComputerHardwareIds: string[];
  targetComputerHardwareIds: string[];
}

export interface ReturnCode {
  code: number;
  result: 'Succeeded' | 'Failed' | 'Cancelled';
  reboot: boolean;
  description: string | undefined;
}

/** HandlerSpecificData by what it holds. `other` keeps the type for handlers that are only reported on. */
export type Handler =
  | {
      kind: 'command-line';
      program: string;
      arguments: string;
      rebootByDefault: boolean;
      defaultResult: ReturnCode['result'];
      returnCodes: ReturnCode[];
      windowsInstallerRepairPaths: string[];
    }
  | { kind: 'cbs'; packageIdentity: string }
  | {
      kind: 'msi';
      productCode: string | undefined;
      msiFile: string;
      commandLine: string;
      uninstallCommandLine: string | undefined;
      repairPaths: string[];
    }
  | {
      kind: 'msp';
      patchCode: string | undefined;
      fullFilePatchCode: string | undefined;
      commandLine: string;
      uninstallCommandLine: string | undefined;
      repairPaths: string[];
    }
  | { kind: 'windows-patch'; installParameters: string; unpackParameters: string }
  | { kind: 'windows-setup'; program: string; arguments: string; isSetup360: boolean }
  | { kind: 'os-installer'; initialModule: string }
  | { kind: 'driver'; oemOnly: boolean }
  | { kind: 'category' }
  | { kind: 'other'; type: string };
