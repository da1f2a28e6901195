// Catalogs of vendors, and their packages. A package is not offered to computers until an administrator publishes it.
// Rows of published packages outlive their catalog, so that no other catalog can take their ids.
import { type Kysely, sql } from 'kysely';
import type { Engine } from '../database.ts';

export async function up(database: Kysely<unknown>, engine: Engine): Promise<void> {
  const bytes = engine === 'sqlite' ? 'blob' : 'bytea';
  for (const statement of [
    `create table vendor_catalogs (
       name text primary key, address text not null, signer text, signer_name text, allows_private bigint not null,
       added_at bigint not null, updated_at bigint not null)`,
    `create table vendor_packages (
       package_id text primary key, catalog text not null, digest text not null, is_listed bigint not null,
       state text not null, code text not null, reason text not null, title text not null, vendor text not null,
       product text not null, classification text not null, reboot text not null, size_bytes bigint not null,
       document ${bytes} not null, file_sha1 text, file_sha256 text, published_revision bigint, published_as text)`,
    'create index vendor_packages_by_catalog on vendor_packages (catalog)',
  ])
    await sql.raw(statement).execute(database);
}
