// Facts as recorded on some machine: a JSON document. A section in it is complete: things that it does not list do not
// exist. A missing section is unknown, and so are the rules that ask for it.
import { CatalogError } from '../errors.ts';
import { bracedGuid } from './compare.ts';
import type {
  DeviceFacts,
  FileFacts,
  LanguageFacts,
  MachineFacts,
  RegistryKey,
  RegistryValue,
  WindowsVersionFacts,
} from './facts.ts';

/** The shape of the JSON. Times are ISO 8601, 64-bit driver versions are written a.b.c.d. */
interface RecordedFacts {
  platform?: string;
  windowsVersion?: WindowsVersionFacts | null;
  language?: LanguageFacts;
  processor?: { architecture: number; level?: number; revision?: number };
  processorCount?: number;
  memoryMegabytes?: number;
  isClustered?: boolean;
  systemMetrics?: Record<string, number>;
  /** CSIDL number → path. */
  folders?: Record<string, string>;
  /** Absolute path → facts. Letter case does not matter for Windows paths. */
  files?: Record<
    string,
    {
      sizeBytes: number;
      created?: string;
      modified: string;
      version?: string | null;
      language?: number;
      hashes?: Record<string, string>;
    }
  >;
  /** `HIVE\subkey` → value name ('' is the default value) → value. A key without values exists. */
  registry?: Record<string, Record<string, { type: string; data: string | number | string[] }>>;
  /** The same for the view of 32-bit programs. Absent: as `registry`. */
  registry32?: RecordedFacts['registry'];
  licenseValues?: Record<string, number | string>;
  /** `namespace: query` → number of rows. */
  wmi?: Record<string, number>;
  installedOnce?: string[];
  msiProducts?: Record<
    string,
    {
      version: string;
      language?: number;
      features?: string[];
      components?: string[];
      patches?: string[];
      sequences?: Record<string, string>;
    }
  >;
  cbsPackages?: Record<string, number>;
  devices?: DeviceFacts[];
  computerHardwareIds?: string[];
  featureScoreKey?: string;
  osRelease?: Record<string, string>;
  /** `manager:name`, or the name alone. */
  packages?: Record<string, string>;
  /** Program and arguments joined by blanks → exit code. */
  commands?: Record<string, number>;
}

/** Reads recorded facts. Throws CATALOG_BAD_FACTS when the text is not a JSON object. */
export function readRecordedFacts(json: string): MachineFacts {
  let recorded: unknown;
  try {
    recorded = JSON.parse(json);
  } catch (cause) {
    throw new CatalogError('CATALOG_BAD_FACTS', `The facts are not valid JSON: ${String(cause)}`, { cause });
  }
  if (typeof recorded !== 'object' || recorded === null || Array.isArray(recorded)) {
    throw new CatalogError('CATALOG_BAD_FACTS', 'The facts must be a JSON object.');
  }
  return recordedFacts(recorded as RecordedFacts);
}

function recordedFacts(recorded: RecordedFacts): MachineFacts {
  const registry = { native: folded(recorded.registry), '32': folded(recorded.registry32 ?? recorded.registry) };
  const files = folded(recorded.files);
  const products =
    recorded.msiProducts &&
    new Map(Object.entries(recorded.msiProducts).map(([code, product]) => [bracedGuid(code), product]));
  const among = (list: readonly string[] | undefined, wanted: string) =>
    list?.some((one) => bracedGuid(one) === bracedGuid(wanted));
  return {
    platform: () => recorded.platform,
    windowsVersion: () => recorded.windowsVersion,
    language: () => recorded.language,
    processor: () => recorded.processor,
    processorCount: () => recorded.processorCount,
    memoryMegabytes: () => recorded.memoryMegabytes,
    isClustered: () => recorded.isClustered,
    systemMetric: (index) => listed(recorded.systemMetrics, String(index)),
    folder: (csidl) => recorded.folders?.[String(csidl)],
    file: (path) => {
      const file = found(files, path);
      return file && toFileFacts(file);
    },
    fileHash: (path, algorithm) => {
      const file = found(files, path);
      return file === null ? null : file?.hashes?.[algorithm];
    },
    registryKeyExists: (key) => keyExists(registry[key.view], key),
    registryValue: (key, name) => registryValueOf(registry[key.view], key, name),
    registrySubkeys: (key) => subkeysOf(registry[key.view], key),
    licenseValue: (name) => listed(recorded.licenseValues, name),
    wmiRowCount: (namespace, query) => recorded.wmi?.[`${namespace}: ${query}`],
    installedOnce: (updateId) => recorded.installedOnce?.some((id) => id.toLowerCase() === updateId),
    msiProduct: (code) => products && (products.get(code) ?? null),
    msiFeatureInstalled: (code, feature) => within(products, code, (product) => product.features?.includes(feature)),
    msiComponentInstalled: (code, component) =>
      within(products, code, (product) => among(product.components, component)),
    msiPatchApplied: (code, patch) => within(products, code, (product) => among(product.patches, patch)),
    msiPatchSequence: (code, family) =>
      within(products, code, ({ sequences }) => sequences && (sequences[family] ?? null)),
    cbsPackageState: (identity) => listed(recorded.cbsPackages, identity),
    devices: () => recorded.devices,
    computerHardwareIds: () => recorded.computerHardwareIds,
    featureScoreKey: () => recorded.featureScoreKey,
    osRelease: (field) => listed(recorded.osRelease, field),
    packageVersion: (manager, name) =>
      listed(recorded.packages, `${manager}:${name}`) ?? listed(recorded.packages, name),
    commandExit: (program, args) => recorded.commands?.[[program, ...args].join(' ')],
  };
}

function listed<T>(section: Record<string, T> | undefined, key: string): T | null | undefined {
  return section && (section[key] ?? null);
}

function within<P, T>(
  products: ReadonlyMap<string, P> | undefined,
  code: string,
  ask: (product: P) => T,
): T | null | undefined {
  const product = products?.get(code);
  return product === undefined ? products && null : ask(product);
}

function folded<T>(section: Record<string, T> | undefined): Map<string, T> | undefined {
  return section && new Map(Object.entries(section).map(([key, value]) => [fold(key), value]));
}

/** Paths of Windows are the same in any letter case. Others are not. */
function fold(path: string): string {
  return path.includes('\\') || /^[a-z]:/i.test(path) ? path.replace(/\\+$/, '').toLowerCase() : path;
}

function found<T>(section: ReadonlyMap<string, T> | undefined, path: string): T | null | undefined {
  return section && (section.get(fold(path)) ?? null);
}

function toFileFacts(file: NonNullable<RecordedFacts['files']>[string]): FileFacts {
  return {
    sizeBytes: file.sizeBytes,
    modifiedMs: Date.parse(file.modified),
    ...(file.created === undefined ? {} : { createdMs: Date.parse(file.created) }),
    ...(file.version === undefined ? {} : { version: file.version }),
    ...(file.language === undefined ? {} : { language: file.language }),
  };
}

type Keys = ReadonlyMap<string, Record<string, { type: string; data: string | number | string[] }>> | undefined;

function pathOf({ hive, subkey }: RegistryKey): string {
  return fold(subkey === '' ? hive : `${hive}\\${subkey}`);
}

function keyExists(keys: Keys, key: RegistryKey): boolean | undefined {
  if (!keys) return undefined;
  const path = pathOf(key);
  return keys.has(path) || [...keys.keys()].some((name) => name.startsWith(`${path}\\`));
}

function registryValueOf(keys: Keys, key: RegistryKey, name: string): RegistryValue | null | undefined {
  if (!keys) return undefined;
  const values = Object.entries(keys.get(pathOf(key)) ?? {});
  return values.find(([value]) => value.toLowerCase() === name.toLowerCase())?.[1] ?? null;
}

function subkeysOf(keys: Keys, key: RegistryKey): string[] | null | undefined {
  if (!keys) return undefined;
  if (!keyExists(keys, key)) return null;
  const above = `${pathOf(key)}\\`;
  const names = [...keys.keys()]
    .filter((name) => name.startsWith(above))
    .map((name) => name.slice(above.length).split('\\')[0] ?? '');
  return [...new Set(names)];
}
