// The contract for catalogs of vendors (SoftwareDistributionPackages) and their packages.
import type { Author } from './audit.ts';

export interface VendorCatalog {
  name: string;
  /** The address or the path it was read from. */
  address: string;
  /** SHA-256 of the certificate of its signer, lower-case hex. Undefined for a catalog that is not signed. */
  signer: string | undefined;
  signerName: string | undefined;
  /** Its files may be at addresses of a private network. */
  allowsPrivate: boolean;
  addedAt: Date;
  updatedAt: Date;
}

export interface CountedVendorCatalog extends VendorCatalog {
  /** Packages that are in the catalog as it was last read. */
  packages: number;
  withheld: number;
  expired: number;
  published: number;
}

/** `withheld`: it cannot be translated whole, and is never published. */
export type VendorPackageState = 'offered' | 'withheld' | 'expired';

export interface ListedVendorPackage {
  /** Lower-case GUID. Also the id of the update that it becomes. */
  packageId: string;
  catalog: string;
  /** SHA-256 of its text, hex. */
  digest: string;
  /** False for one that the catalog does not hold any more. */
  isListed: boolean;
  state: VendorPackageState;
  /** Of the reason why it is withheld. '' for none. */
  code: string;
  reason: string;
  title: string;
  vendor: string;
  product: string;
  classification: string;
  reboot: string;
  sizeBytes: number;
  /** SHA-1 of its file at the vendor's, lower-case hex. */
  fileSha1: string | undefined;
  /** SHA-256 of that file, as the vendor or the first download said. */
  fileSha256: string | undefined;
  publishedRevision: number | undefined;
  /** The digest of the package's text when it was published, and whether its file was published with it. */
  publishedAs: string | undefined;
}

export interface VendorPackageRow extends ListedVendorPackage {
  /** The package as XML. */
  xml: string;
}

/** A package as a catalog gives it: everything but what was published of it. */
export type VendorPackageChange = Omit<VendorPackageRow, 'publishedRevision' | 'publishedAs' | 'catalog' | 'isListed'>;

export interface VendorCatalogs {
  /** All catalogs, by name. */
  listVendorCatalogs(): Promise<CountedVendorCatalog[]>;

  /** Undefined if the store has no catalog of this name. */
  findVendorCatalog(name: string): Promise<VendorCatalog | undefined>;

  /**
   * Saves a catalog as it was read, in one transaction and on record: `changed` packages are new or have another text,
   * `unlisted` ones are gone from it. Packages that are in neither stay as they are.
   * Again: one more record.
   * Concurrent: the last call wins.
   */
  saveVendorCatalog(
    catalog: VendorCatalog,
    packages: { changed: readonly VendorPackageChange[]; unlisted: readonly string[] },
    record: { author: Author; action: string; after: unknown },
  ): Promise<void>;

  /**
   * Forgets a catalog and those of its packages that were never published, on record. The updates stay.
   * Again: throws SERVER_NOT_FOUND.
   * Concurrent: of two removals one throws SERVER_NOT_FOUND.
   * Throws SERVER_NOT_FOUND if the store has no catalog of this name.
   */
  removeVendorCatalog(name: string, author: Author): Promise<void>;

  /** Packages of one catalog or of all, by title. */
  listVendorPackages(catalog?: string): Promise<ListedVendorPackage[]>;

  /** Undefined when no catalog ever had it. */
  findVendorPackage(packageId: string): Promise<VendorPackageRow | undefined>;

  /**
   * Notes what was published of a package, and the SHA-256 of its file.
   * Again: changes nothing.
   * Concurrent: the last call wins.
   */
  notePublished(
    packageId: string,
    published: { revision: number; as: string; fileSha256: string | undefined },
  ): Promise<void>;
}
