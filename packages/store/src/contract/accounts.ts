// The contract for accounts: people who administer from elsewhere, their sessions, and tokens for programs.
import type { Author } from './audit.ts';

/** Administrator and Reporter as the groups of WSUS. An Approver decides on updates, an Auditor reads all records. */
export type Role = 'administrator' | 'approver' | 'reporter' | 'auditor';

export interface Account {
  accountId: string;
  name: string;
  role: Role;
  isDisabled: boolean;
  /** False for one that only has tokens. */
  hasPassword: boolean;
  /** The groups that it reaches, with all groups inside of them. Empty: the whole server. */
  groupIds: readonly string[];
  createdAt: Date;
  /** Of its role, groups, state or password. */
  changedAt: Date;
  loggedOnAt: Date | undefined;
}

export interface NewAccount {
  name: string;
  role: Role;
  password: string | undefined;
  groupIds?: readonly string[] | undefined;
  /** The person, as an issuer of OpenID Connect knows it. */
  identity?: { issuer: string; subject: string } | undefined;
}

export interface AccountChange {
  role?: Role | undefined;
  isDisabled?: boolean | undefined;
  /** An argon2id hash in the PHC format. Null takes the password away. */
  password?: string | null | undefined;
  /** In place of those before. Empty: the whole server. */
  groupIds?: readonly string[] | undefined;
}

export interface Session {
  sessionId: string;
  accountId: string;
  /** The name of its account. */
  account: string;
  openedAt: Date;
  usedAt: Date;
  address: string;
  userAgent: string;
}

export interface ApiToken {
  tokenId: string;
  accountId: string;
  /** The name of its account. */
  account: string;
  name: string;
  role: Role;
  createdAt: Date;
  expiresAt: Date;
  usedAt: Date | undefined;
  revokedAt: Date | undefined;
}

/** An answer that was given to a request with this key. */
export interface KeptAnswer {
  /** Digest of the request: a key of another request is refused. */
  requestHash: string;
  /** Undefined while the first request is at work. */
  answer: { status: number; body: string } | undefined;
  madeAt: Date;
}

export interface AccountStore {
  /** All accounts, by name. */
  listAccounts(): Promise<Account[]>;

  /** The account with this name (letter case aside) or id. */
  findAccount(nameOrId: string): Promise<Account | undefined>;

  /** The id of the account of a person whom an issuer knows. */
  findIdentity(issuer: string, subject: string): Promise<string | undefined>;

  /** The issuer for each of these accounts that has one. */
  listIdentities(accountIds: readonly string[]): Promise<Map<string, string>>;

  /** The password hash of an account. Undefined when it has none. */
  loadPasswordHash(accountId: string): Promise<string | undefined>;

  /**
   * Makes an account, on record.
   * Again: throws SERVER_REFUSED, because the name is taken.
   * Concurrent: one of the two is refused.
   */
  createAccount(account: NewAccount, author: Author): Promise<Account>;

  /**
   * Changes an account, on record without the password. All its sessions end.
   * Again: one more record.
   * Concurrent: the last call wins. Throws SERVER_NOT_FOUND.
   */
  changeAccount(accountId: string, change: AccountChange, author: Author): Promise<Account>;

  /**
   * Removes an account with its sessions and tokens, on record.
   * Again: throws SERVER_NOT_FOUND.
   * Concurrent: one of the two is told SERVER_NOT_FOUND.
   */
  removeAccount(accountId: string, author: Author): Promise<Account>;

  /**
   * Notes the digest of a set-up link that is good until `until`, in place of the one before.
   * Again: changes nothing.
   * Concurrent: the last link is the good one.
   */
  saveSetUpLink(secretHash: string, until: Date): Promise<void>;

  /**
   * Whether this is the digest of the set-up link, and the link still works. It works for its time, and until the first
   * account exists.
   */
  isSetUpLink(secretHash: string, now: Date): Promise<boolean>;

  /**
   * Makes the first account, an administrator, by the set-up link, and takes the link away, on record.
   * Again: throws SERVER_REFUSED.
   * Concurrent: one of the two is refused.
   */
  createFirstAccount(secretHash: string, account: { name: string; password: string }, author: Author): Promise<Account>;
}

export interface SessionStore {
  /**
   * Opens a session of an account. Beyond `most` sessions of the account, the ones that were used longest ago end.
   * Again: throws the error of the database, because the secret is taken.
   * Concurrent: both are opened.
   */
  openSession(
    session: { secretHash: string; accountId: string; address: string; userAgent: string },
    options: { author: Author; most: number },
  ): Promise<Session>;

  /** The session with this secret, and its account. */
  findSession(secretHash: string): Promise<{ session: Session; account: Account } | undefined>;

  /**
   * Notes that a session was used.
   * Again: changes nothing.
   * Concurrent: the later time stays.
   */
  noteSessionUse(sessionId: string, at: Date): Promise<void>;

  /** Sessions, the newest first. */
  listSessions(): Promise<Session[]>;

  /**
   * Ends a session, on record. Answers whether there was one.
   * Again: answers false, and nothing is on record.
   * Concurrent: one of the two answers true.
   */
  endSession(sessionId: string, author: Author): Promise<boolean>;

  /**
   * Removes sessions that were opened or used before these times, or used after `notAfter`: by a clock that was wrong.
   * Again: removes none.
   * Concurrent: each goes once.
   */
  removeEndedSessions(bounds: { openedAt: Date; usedAt: Date; notAfter: Date }): Promise<number>;
}

export interface TokenStore {
  /**
   * Makes a token of an account, on record.
   * Again: throws the error of the database, because the secret is taken.
   * Concurrent: both are made.
   */
  createToken(
    token: { secretHash: string; accountId: string; name: string; role: Role; expiresAt: Date },
    author: Author,
  ): Promise<ApiToken>;

  /** The token with this secret, and its account. */
  findToken(secretHash: string): Promise<{ token: ApiToken; account: Account } | undefined>;

  /**
   * Notes that a token was used.
   * Again: changes nothing.
   * Concurrent: the later time stays.
   */
  noteTokenUse(tokenId: string, at: Date): Promise<void>;

  /** All tokens, also those that ended, the newest first. */
  listTokens(): Promise<ApiToken[]>;

  /**
   * Revokes a token for good, on record.
   * Again: changes nothing.
   * Concurrent: one record. Throws SERVER_NOT_FOUND.
   */
  revokeToken(tokenId: string, author: Author): Promise<ApiToken>;
}

export interface AnswerStore {
  /**
   * Claims a key for a request. Undefined: it is claimed now. Else what is known under the key. `most`: keys beyond that many
   * go, the oldest first.
   * Again: answers what is known.
   * Concurrent: one of the two claims it.
   */
  claimAnswer(
    claim: { keyHash: string; requestHash: string },
    bounds: { at: Date; most: number },
  ): Promise<KeptAnswer | undefined>;

  /**
   * Keeps the answer for a claimed key. Undefined lets the key go.
   * Again: changes nothing.
   * Concurrent: the last call wins.
   */
  keepAnswer(keyHash: string, answer: { status: number; body: string } | undefined): Promise<void>;

  /**
   * Removes answers of before `from`, and of after `to`: by a clock that was wrong.
   * Again: removes none.
   * Concurrent: each goes once.
   */
  removeOldAnswers(from: Date, to: Date): Promise<number>;
}
