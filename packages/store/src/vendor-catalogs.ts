// Catalogs of vendors and their packages. Documents are packed as those of updates.
import { sql } from 'kysely';
import { recordAudit } from './audit.ts';
import type {
  CountedVendorCatalog,
  ListedVendorPackage,
  VendorCatalog,
  VendorCatalogs,
  VendorPackageChange,
  VendorPackageState,
} from './contract/index.ts';
import type { Database } from './database.ts';
import { ServerError } from './errors.ts';
import { compareNames } from './lists/sort-keys.ts';
import { packText, unpacked } from './packing.ts';
import type { Tables } from './schema.ts';
import { transact } from './transact.ts';

type PackageRow = Tables['vendor_packages'];

const listedColumns = [
  ...(['package_id', 'catalog', 'digest', 'is_listed', 'state', 'code', 'reason', 'title', 'vendor'] as const),
  ...(['product', 'classification', 'reboot', 'size_bytes', 'file_sha1', 'file_sha256'] as const),
  ...(['published_revision', 'published_as'] as const),
];

const rowsPerStatement = 200;

export function vendorCatalogStore(database: Database): VendorCatalogs {
  const { tables } = database;
  return {
    async listVendorCatalogs() {
      const catalogs = await tables.selectFrom('vendor_catalogs').selectAll().execute();
      catalogs.sort((one, other) => compareNames(one.name, other.name));
      const { rows } = await sql<Counts & { catalog: string }>`
        select catalog, sum(is_listed) as packages,
          sum(case when state = 'withheld' then is_listed else 0 end) as withheld,
          sum(case when state = 'expired' then is_listed else 0 end) as expired,
          sum(case when published_revision is null then 0 else 1 end) as published
        from vendor_packages group by catalog`.execute(tables);
      const counts = new Map(rows.map((row) => [row.catalog, row]));
      return catalogs.map((row) => ({ ...toCatalog(row), ...toCounts(counts.get(row.name)) }));
    },

    async findVendorCatalog(name) {
      const row = await tables.selectFrom('vendor_catalogs').selectAll().where('name', '=', name).executeTakeFirst();
      return row && toCatalog(row);
    },

    async saveVendorCatalog(catalog, { changed, unlisted }, { author, ...record }) {
      const rows: PackageRow[] = [];
      for (const one of changed) rows.push(await toRow(catalog.name, one));
      await transact(database, async (transaction) => {
        const row = catalogRow(catalog);
        await transaction
          .insertInto('vendor_catalogs')
          .values(row)
          .onConflict((conflict) =>
            conflict.column('name').doUpdateSet({ ...row, added_at: sql`vendor_catalogs.added_at` }),
          )
          .execute();
        for (let at = 0; at < rows.length; at += rowsPerStatement) {
          await transaction
            .insertInto('vendor_packages')
            .values(rows.slice(at, at + rowsPerStatement))
            .onConflict((conflict) =>
              conflict.column('package_id').doUpdateSet((excluded) => ({
                ...Object.fromEntries(writtenColumns.map((name) => [name, excluded.ref(`excluded.${name}`)])),
              })),
            )
            .execute();
        }
        for (let at = 0; at < unlisted.length; at += rowsPerStatement) {
          await transaction
            .updateTable('vendor_packages')
            .set({ is_listed: 0 })
            .where('package_id', 'in', unlisted.slice(at, at + rowsPerStatement))
            .execute();
        }
        await recordAudit(transaction, author, { ...record, subject: catalog.name });
      });
    },

    async removeVendorCatalog(name, author) {
      await transact(database, async (transaction) => {
        const { numDeletedRows } = await transaction
          .deleteFrom('vendor_catalogs')
          .where('name', '=', name)
          .executeTakeFirstOrThrow();
        if (numDeletedRows === 0n) throw new ServerError('SERVER_NOT_FOUND', `There is no vendor catalog "${name}".`);
        await transaction
          .deleteFrom('vendor_packages')
          .where('catalog', '=', name)
          .where('published_revision', 'is', null)
          .execute();
        await transaction.updateTable('vendor_packages').set({ is_listed: 0 }).where('catalog', '=', name).execute();
        await recordAudit(transaction, author, { action: 'remove vendor catalog', subject: name });
      });
    },

    async listVendorPackages(catalog) {
      let query = tables.selectFrom('vendor_packages').select(listedColumns);
      if (catalog !== undefined) query = query.where('catalog', '=', catalog);
      const packages = await query.orderBy('package_id').execute();
      return packages.sort((one, other) => compareNames(one.title, other.title)).map(toPackage);
    },

    async findVendorPackage(packageId) {
      const row = await tables
        .selectFrom('vendor_packages')
        .selectAll()
        .where('package_id', '=', packageId)
        .executeTakeFirst();
      return row && { ...toPackage(row), xml: unpacked(row.document) };
    },

    async notePublished(packageId, { revision, as, fileSha256 }) {
      await tables
        .updateTable('vendor_packages')
        .set({
          published_revision: revision,
          published_as: as,
          ...(fileSha256 === undefined ? {} : { file_sha256: fileSha256 }),
        })
        .where('package_id', '=', packageId)
        .execute();
    },
  };
}

type Counts = Pick<CountedVendorCatalog, 'packages' | 'withheld' | 'expired' | 'published'>;

/** The columns that a catalog gives for a package. Columns of its publication are not among them. */
const writtenColumns = [
  ...(['catalog', 'digest', 'is_listed', 'state', 'code', 'reason', 'title', 'vendor', 'product'] as const),
  ...(['classification', 'reboot', 'size_bytes', 'document', 'file_sha1', 'file_sha256'] as const),
];

/** PostgreSQL answers sums as text. */
function toCounts(row: Counts | undefined): Counts {
  return {
    packages: Number(row?.packages ?? 0),
    withheld: Number(row?.withheld ?? 0),
    expired: Number(row?.expired ?? 0),
    published: Number(row?.published ?? 0),
  };
}

function toCatalog(row: Tables['vendor_catalogs']): VendorCatalog {
  return {
    ...{ name: row.name, address: row.address, allowsPrivate: Number(row.allows_private) === 1 },
    ...{ signer: row.signer ?? undefined, signerName: row.signer_name ?? undefined },
    ...{ addedAt: new Date(row.added_at), updatedAt: new Date(row.updated_at) },
  };
}

function catalogRow(catalog: VendorCatalog): Tables['vendor_catalogs'] {
  return {
    ...{ name: catalog.name, address: catalog.address, allows_private: catalog.allowsPrivate ? 1 : 0 },
    ...{ signer: catalog.signer ?? null, signer_name: catalog.signerName ?? null },
    ...{ added_at: catalog.addedAt.getTime(), updated_at: catalog.updatedAt.getTime() },
  };
}

function toPackage(row: Omit<PackageRow, 'document'>): ListedVendorPackage {
  return {
    ...{ packageId: row.package_id, catalog: row.catalog, digest: row.digest, isListed: Number(row.is_listed) === 1 },
    ...{ state: row.state as VendorPackageState, code: row.code, reason: row.reason, title: row.title },
    ...{ vendor: row.vendor, product: row.product, classification: row.classification, reboot: row.reboot },
    ...{ sizeBytes: Number(row.size_bytes), fileSha1: row.file_sha1 ?? undefined },
    fileSha256: row.file_sha256 ?? undefined,
    publishedRevision: row.published_revision ?? undefined,
    publishedAs: row.published_as ?? undefined,
  };
}

async function toRow(catalog: string, one: VendorPackageChange): Promise<PackageRow> {
  return {
    ...{ package_id: one.packageId, catalog, digest: one.digest, is_listed: 1, state: one.state, code: one.code },
    ...{ reason: one.reason, title: one.title, vendor: one.vendor, product: one.product, reboot: one.reboot },
    ...{ classification: one.classification, size_bytes: one.sizeBytes, document: await packText(one.xml) },
    ...{ file_sha1: one.fileSha1 ?? null, file_sha256: one.fileSha256 ?? null },
    ...{ published_revision: null, published_as: null },
  };
}
