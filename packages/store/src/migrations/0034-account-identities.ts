// Accounts of people whom an issuer of OpenID Connect knows. A new table only: servers of the release before go on working.
import { type Kysely, sql } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `create table account_identities (
         issuer text not null, subject text not null, account_id text not null, primary key (issuer, subject))`,
    )
    .execute(database);
}
