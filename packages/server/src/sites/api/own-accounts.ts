// The store as operations on the own account use it. An account that reaches some groups only has no other way to accounts.
import type { Account, ApiToken, Session, Store } from '@moult/store';
import { ApiError } from './errors.ts';

export interface OwnAccounts extends Pick<Store, 'endSession' | 'revokeToken' | 'openSession'> {
  /** Throws ApiError API_NOT_FOUND when the account was removed a moment ago. */
  load(accountId: string): Promise<{ account: Account; sessions: Session[]; tokens: ApiToken[] }>;
  /** All sessions of the account end. */
  savePassword(accountId: string, hash: string, author: { name: string; at: Date }): Promise<void>;
}

export function ownAccountsOf(store: Store): OwnAccounts {
  return {
    async load(accountId) {
      const isOwn = (one: { accountId: string }) => one.accountId === accountId;
      const account = (await store.listAccounts()).find(isOwn);
      if (!account) throw new ApiError('API_NOT_FOUND', 'The account was removed.');
      const [sessions, tokens] = [await store.listSessions(), await store.listTokens()];
      return { account, sessions: sessions.filter(isOwn), tokens: tokens.filter(isOwn) };
    },
    async savePassword(accountId, hash, author) {
      await store.changeAccount(accountId, { password: hash }, author);
    },
    endSession: store.endSession,
    revokeToken: store.revokeToken,
    openSession: store.openSession,
  };
}
