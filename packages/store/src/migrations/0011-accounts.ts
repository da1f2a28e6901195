// Accounts of people who administer from elsewhere, their sessions and tokens, and the answers that a repeated request gets
// again. Of a secret only its SHA-256 is kept, of a password its argon2id.
import { type Kysely, sql } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}

const statements = [
  `create table accounts (
     account_id text primary key, name text not null, name_key text not null unique, role text not null,
     password text, is_disabled integer not null default 0, created_at bigint not null, changed_at bigint not null,
     logged_on_at bigint)`,
  // Room for accounts that administer some groups only. Nothing reads it yet.
  `create table account_groups (
     account_id text not null, group_id text not null, primary key (account_id, group_id))`,
  `create table sessions (
     session_id text primary key, secret_hash text not null unique, account_id text not null, opened_at bigint not null,
     used_at bigint not null, address text not null, user_agent text not null)`,
  'create index sessions_by_account on sessions (account_id)',
  `create table api_tokens (
     token_id text primary key, secret_hash text not null unique, account_id text not null, name text not null,
     role text not null, created_at bigint not null, expires_at bigint not null, used_at bigint, revoked_at bigint)`,
  'create index api_tokens_by_account on api_tokens (account_id)',
  `create table api_answers (
     key_hash text primary key, request_hash text not null, status integer, body text, made_at bigint not null)`,
  'create index api_answers_by_time on api_answers (made_at)',
];
