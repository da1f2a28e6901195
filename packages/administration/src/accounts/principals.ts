// The caller: the account behind a session or a token, as long as both are good.
import type { Account, Role, Store } from '@moult/store';
import { isPassword } from './passwords.ts';
import { type Permission, permits } from './roles.ts';
import { digestOfSecret, tokenPrefix } from './secrets.ts';

export interface Principal {
  account: Account;
  /** Of the account and of the token: all have to permit what is done. */
  roles: readonly Role[];
  by:
    | { kind: 'session'; sessionId: string; usedAt: Date }
    | { kind: 'token'; tokenId: string; name: string; createdAt: Date; usedAt: Date | undefined };
}

export interface SessionLimits {
  idleMs: number;
  longestMs: number;
}

/** The account behind a token. Undefined for one that is unknown, ended or revoked, or whose account is disabled. */
export async function principalOfToken(store: Store, secret: string, now: Date): Promise<Principal | undefined> {
  if (!secret.startsWith(tokenPrefix)) return undefined;
  const found = await store.findToken(digestOfSecret(secret));
  if (!found) return undefined;
  const { token, account } = found;
  if (token.revokedAt !== undefined || now >= token.expiresAt || account.isDisabled) return undefined;
  const { tokenId, name, createdAt, usedAt } = token;
  return { account, roles: [account.role, token.role], by: { kind: 'token', tokenId, name, createdAt, usedAt } };
}

/** The account behind a session. Undefined for one that is unknown, idle or open for too long. */
export async function principalOfSession(
  store: Store,
  secret: string,
  { now, idleMs, longestMs }: SessionLimits & { now: Date },
): Promise<Principal | undefined> {
  const found = await store.findSession(digestOfSecret(secret));
  if (!found) return undefined;
  const { session, account } = found;
  const { sessionId, usedAt, openedAt } = session;
  // In both directions: a session that a clock years ahead opened must not stay open for years.
  const isOver = Math.abs(now.getTime() - usedAt.getTime()) > idleMs || now.getTime() - openedAt.getTime() > longestMs;
  if (isOver || account.isDisabled) return undefined;
  return { account, roles: [account.role], by: { kind: 'session', sessionId, usedAt } };
}

/**
 * The principal as it is now, for work that goes on after its call. Such work outlives the session, but not the account
 * or the token. Undefined if one of these ended. `token`: the secret of a principal by token.
 */
export async function principalOnward(
  store: Store,
  { account: { accountId }, by }: Principal,
  token: string | undefined,
  now: Date,
): Promise<Principal | undefined> {
  if (by.kind === 'token') return token === undefined ? undefined : principalOfToken(store, token, now);
  const account = await store.findAccount(accountId);
  return account?.accountId === accountId && !account.isDisabled ? { account, roles: [account.role], by } : undefined;
}

export function mayDo({ roles }: Principal, permission: Permission): boolean {
  return permits(roles, permission);
}

/** It reaches some groups only. */
export function isPartial({ account }: Principal): boolean {
  return account.groupIds.length > 0;
}

/** `anna (192.0.2.7)`, `anna (token nightly, 192.0.2.7)`: who and from where, for the record of changes. */
export function actorOf({ account, by }: Principal, address: string): string {
  return by.kind === 'token' ? `${account.name} (token ${by.name}, ${address})` : `${account.name} (${address})`;
}

/**
 * The account with this name and password, if it may log on. A missing account takes as long as a wrong password:
 * `decoy` is the hash of a password that no account has.
 */
export async function accountByPassword(
  store: Store,
  { name, password, decoy }: { name: string; password: string; decoy: string },
): Promise<Account | undefined> {
  const found = await store.findAccount(name);
  const account = found && found.name.toLowerCase() === name.trim().toLowerCase() ? found : undefined;
  const hash = account && (await store.loadPasswordHash(account.accountId));
  const isRight = await isPassword(password, hash ?? decoy);
  return account && hash !== undefined && isRight && !account.isDisabled ? account : undefined;
}
