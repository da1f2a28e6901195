// The questions that a machine can be asked. A provider may leave out each question, and each answer may be unknown. A
// rule whose question gets no answer is undecided, never guessed.

/** The answer. `null`: known not to be there. `undefined`: cannot be known. */
export type Fact<T> = T | null | undefined;

export interface MachineFacts {
  /** `Windows`, `Linux`, `Darwin`. */
  platform?(): Fact<string>;
  /** null on a machine that is not Windows. */
  windowsVersion?(): Fact<WindowsVersionFacts>;
  language?(): Fact<LanguageFacts>;
  /** GetSystemMetrics. */
  systemMetric?(index: number): Fact<number>;
  processor?(): Fact<ProcessorFacts>;
  processorCount?(): Fact<number>;
  isClustered?(): Fact<boolean>;
  ownsClusterResource?(name: string): Fact<boolean>;
  memoryMegabytes?(): Fact<number>;
  /** Anything else about devices: b.Direct3D, b.VideoMemory, b.SensorById, b.NFC, b.Camera with their attributes. */
  hasCapability?(rule: string, attributes: Readonly<Record<string, string>>): Fact<boolean>;

  /** Absolute path of a SHGetFolderPath folder (38 = program files). */
  folder?(csidl: number): Fact<string>;
  /** A file by its absolute path in the machine's own notation. null: no such file. */
  file?(path: string): Fact<FileFacts>;
  /** Lower-case hexadecimal digest. Algorithm as node:crypto names it (sha256). */
  fileHash?(path: string, algorithm: string): Fact<string>;

  registryKeyExists?(key: RegistryKey): Fact<boolean>;
  /** `value` is '' for the default value. null: no such key or value. */
  registryValue?(key: RegistryKey, value: string): Fact<RegistryValue>;
  /** Names of the direct subkeys. null: no such key. */
  registrySubkeys?(key: RegistryKey): Fact<string[]>;

  /** SLGetWindowsInformation: a number for a DWORD, a string for anything else. */
  licenseValue?(name: string): Fact<number | string>;
  wmiRowCount?(namespace: string, query: string): Fact<number>;
  /** Whether the installation history of this machine holds the update. */
  installedOnce?(updateId: string): Fact<boolean>;
  /** b.GenericQuery: a vendor's own question, answered whole. */
  genericQuery?(attributes: Readonly<Record<string, string>>): Fact<boolean>;

  /** Product code in braces, upper case. null: not installed. */
  msiProduct?(productCode: string): Fact<MsiProductFacts>;
  msiFeatureInstalled?(productCode: string, feature: string): Fact<boolean>;
  msiComponentInstalled?(productCode: string, componentCode: string): Fact<boolean>;
  msiPatchApplied?(productCode: string, patchCode: string): Fact<boolean>;
  /** Highest sequence of the patches of this family applied to the product. Null: none applied. */
  msiPatchSequence?(productCode: string, family: string): Fact<string>;

  /** State of a package `Name~PublicKeyToken~Arch~Lang~Version`. Null: not there. */
  cbsPackageState?(packageIdentity: string): Fact<number>;

  devices?(): Fact<DeviceFacts[]>;
  /** Most specific first. */
  computerHardwareIds?(): Fact<string[]>;
  /** `amd64.10.0`, lower case. */
  featureScoreKey?(): Fact<string>;

  /** A field of /etc/os-release (ID, VERSION_ID), or of sw_vers on macOS. */
  osRelease?(field: string): Fact<string>;
  /**
   * Version of an installed package. `manager` is dpkg, rpm, apk, pacman, brew, pkgutil, or '' for the system's own.
   */
  packageVersion?(manager: string, name: string): Fact<string>;
  /** Exit code of a program run without a shell. */
  commandExit?(program: string, args: readonly string[]): Fact<number>;
}

export interface WindowsVersionFacts {
  major: number;
  minor: number;
  build: number;
  /** Absent, as the following: not known. */
  servicePackMajor?: number;
  servicePackMinor?: number;
  suiteMask?: number;
  /** 1 workstation, 2 domain controller, 3 server. */
  productType?: number;
}

export interface LanguageFacts {
  /** Tag of the language the system is localized to. */
  system: string;
  /** Languages of the multilingual user interface. Null when it is not installed, absent when that is not known. */
  mui?: string[] | null;
}

interface ProcessorFacts {
  /** 0 x86, 5 ARM, 6 IA64, 9 AMD64, 12 ARM64. */
  architecture: number;
  level?: number;
  revision?: number;
}

export interface FileFacts {
  sizeBytes: number;
  /** Milliseconds since 1970. */
  createdMs?: number;
  modifiedMs: number;
  /** Four-part file version. Null: the file has none. Undefined: not known. */
  version?: string | null;
  /** LCID from the version resource. */
  language?: number | null;
}

export interface RegistryKey {
  /** HKEY_LOCAL_MACHINE. */
  hive: string;
  subkey: string;
  /** 32: the view of 32-bit programs. */
  view: 'native' | '32';
}

export interface RegistryValue {
  /** REG_SZ, REG_EXPAND_SZ, REG_DWORD, REG_QWORD, REG_BINARY, REG_MULTI_SZ. */
  type: string;
  data: string | number | bigint | Uint8Array | string[];
}

export interface MsiProductFacts {
  version: string;
  language?: number;
}

export interface DeviceFacts {
  hardwareIds: string[];
  compatibleIds: string[];
  installedDriver?: InstalledDriverFacts;
}

export interface InstalledDriverFacts {
  matchingId: string;
  /** yyyy-MM-dd. */
  driverVerDate: string;
  /** Four 16-bit parts in 64 bits. */
  driverVerVersion: bigint;
  driverClass: string;
  manufacturer: string;
  provider: string;
  matchingComputerHardwareId?: string;
  driverRank: number;
}
