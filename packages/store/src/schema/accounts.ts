// Accounts of administrators, and the record of what they did.
import type { Generated } from 'kysely';
import type { RequestState, Role } from '../contract/index.ts';
import type { Identity } from './identity.ts';

export interface AccountsTable {
  account_id: string;
  name: string;
  name_key: string;
  role: Role;
  /** argon2id in the PHC format. Null for an account that only has tokens. */
  password: string | null;
  is_disabled: number;
  created_at: number;
  changed_at: number;
  logged_on_at: number | null;
}

export interface SessionsTable {
  session_id: string;
  /** SHA-256 of the secret in the cookie, hex. */
  secret_hash: string;
  account_id: string;
  opened_at: number;
  used_at: number;
  address: string;
  user_agent: string;
}

export interface ApiTokensTable {
  token_id: string;
  /** SHA-256 of the token, hex. */
  secret_hash: string;
  account_id: string;
  name: string;
  role: Role;
  created_at: number;
  expires_at: number;
  used_at: number | null;
  revoked_at: number | null;
}

export interface ApiAnswersTable {
  key_hash: string;
  request_hash: string;
  /** Null while the request is at work. */
  status: number | null;
  body: string | null;
  made_at: number;
}

export interface ChangeRequestsTable {
  request_id: string;
  operation: string;
  /** JSON: what the operation was asked with. */
  input: string;
  /** Names the state of what it changes, as it was when it was asked for. */
  target: string | null;
  account_id: string;
  asked_by: string;
  asked_at: number;
  expires_at: number;
  state: RequestState;
  decided_by: string | null;
  decided_at: number | null;
  /** How the change ended. */
  outcome: string | null;
}

export interface AuditTable {
  audit_id: Identity;
  occurred_at: number;
  actor: string;
  action: string;
  subject: string;
  before: string | null;
  after: string | null;
  /** Its place in the chain, from 1. Null for a record that a version before wrote meanwhile. */
  chain_number: Generated<number | null>;
  /** Of itself and the one before. */
  digest: Generated<string | null>;
}
