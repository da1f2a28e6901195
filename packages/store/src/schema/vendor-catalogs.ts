// Catalogs of vendors and their packages.

export interface VendorCatalogsTable {
  name: string;
  address: string;
  /** SHA-256 of the certificate. Null for a catalog that is not signed. */
  signer: string | null;
  signer_name: string | null;
  allows_private: number;
  added_at: number;
  updated_at: number;
}

export interface VendorPackagesTable {
  package_id: string;
  /** Stays when the catalog is removed. */
  catalog: string;
  digest: string;
  /** 0: the catalog does not hold it any more. */
  is_listed: number;
  /** offered, withheld or expired. */
  state: string;
  code: string;
  reason: string;
  title: string;
  vendor: string;
  product: string;
  classification: string;
  reboot: string;
  size_bytes: number;
  /** Packed. */
  document: Uint8Array;
  file_sha1: string | null;
  file_sha256: string | null;
  published_revision: number | null;
  published_as: string | null;
}
