// Changes that one person asks for, and that another one confirms. The emergency stop is lifted in the same way.
import type { Account, ChangeRequest, Store } from '@moult/store';
import type { Principal } from '../accounts/principals.ts';
import { type Permission, permits } from '../accounts/roles.ts';
import { requestBounds } from '../bounds.ts';
import type { twoPersonActions } from '../config/account-settings.ts';
import { AdministrationError, asAdministrationError } from '../errors.ts';
import type { Administration, FoundServer } from '../open-server.ts';

export { stateOfComputer, stateOfUpdates } from './targets.ts';

export type TwoPersonAction = (typeof twoPersonActions)[number];

/**
 * Whether the settings want two persons for one of these actions. Changes of accounts need two as soon as anything does: who
 * makes accounts alone makes the second person.
 */
export function needsTwoPersons({ config }: Pick<FoundServer, 'config'>, actions: readonly TwoPersonAction[]): boolean {
  const chosen = (config.twoPersons ?? '').split(',').map((one) => one.trim());
  const wanted = chosen.filter((one) => one !== '');
  if (wanted.length > 0 && actions.includes('account')) return true;
  return actions.some((action) => wanted.includes(action));
}

/**
 * Throws AdministrationError SERVER_REFUSED when too many of the account wait, ADMINISTRATION_SECOND_PERSON for one that is too
 * large to wait.
 */
export async function askForChange(
  { store, author }: Administration,
  wanted: Pick<ChangeRequest, 'operation' | 'input' | 'target' | 'accountId'>,
): Promise<ChangeRequest> {
  const { inputBytes, openMs, maxWaiting } = requestBounds;
  if (Buffer.byteLength(JSON.stringify(wanted.input)) > inputBytes)
    throw new AdministrationError(
      'ADMINISTRATION_SECOND_PERSON',
      `A change that waits for a second person has at most ${inputBytes} bytes. Make it in smaller parts, or with the command on the server.`,
    );
  const expiresAt = new Date(author.at.getTime() + openMs);
  try {
    return await store.askForChange({ ...wanted, expiresAt }, { author, most: maxWaiting });
  } catch (error) {
    throw asAdministrationError(error, 'request');
  }
}

/** The newest first. `all`: also those that ended. `accountId`: only those that this account asked for. */
export async function listRequests(
  { store, author }: Administration,
  { all = false, accountId }: { all?: boolean; accountId?: string | undefined } = {},
): Promise<ChangeRequest[]> {
  return store.listRequests({ accountId, limit: requestBounds.listed, ...(!all && { waitingAt: author.at }) });
}

/** By the id, or by its beginning of at least 4 characters. Throws AdministrationError SERVER_NOT_FOUND. */
export async function findRequest(store: Store, text: string): Promise<ChangeRequest> {
  const key = text.trim().toLowerCase();
  const [only, ...more] = key.length < 4 ? [] : await store.findRequests(key);
  if (only && more.length === 0) return only;
  const message = only ? `"${text}" fits several requests. Give more of the id.` : `There is no request "${text}".`;
  throw new AdministrationError('SERVER_NOT_FOUND', message, { subject: 'request' });
}

/** Also by who asked. Throws AdministrationError SERVER_NOT_FOUND, ADMINISTRATION_SECOND_PERSON for one that does not wait. */
export async function refuseRequest({ store, author }: Administration, text: string): Promise<ChangeRequest> {
  const { requestId } = await findRequest(store, text);
  return (await store.decideRequest(requestId, 'refused', author)) ?? throwDecided();
}

/** Claims it for the work that follows: another call does not confirm it. Throws as refuseRequest does. */
export async function confirmRequest({ store, author }: Administration, requestId: string): Promise<ChangeRequest> {
  return (await store.decideRequest(requestId, 'confirmed', author)) ?? throwDecided();
}

function throwDecided(): never {
  throw new AdministrationError(
    'ADMINISTRATION_SECOND_PERSON',
    'This request does not wait any more: it was confirmed or refused, or its time is over. Ask for the change again.',
  );
}

/**
 * The account that asked, as it is now. Throws AdministrationError ADMINISTRATION_SECOND_PERSON when it is gone, is disabled, or
 * lost the permission.
 */
export async function requireAsker(
  store: Store,
  { accountId }: ChangeRequest,
  permission: Permission,
): Promise<Account> {
  const asker = await store.findAccount(accountId);
  // A name can be the id of an account that is gone.
  if (asker?.accountId === accountId && !asker.isDisabled && permits([asker.role], permission)) return asker;
  throw new AdministrationError('ADMINISTRATION_SECOND_PERSON', 'Who asked for this may not do it any more.');
}

/**
 * Refuses a confirmation by the person who asked, and by an account or token that was made or changed lately: the person who
 * asked may have done that. Throws AdministrationError ADMINISTRATION_SECOND_PERSON.
 */
export function requireSecondPerson(
  { accountId, askedBy }: Pick<ChangeRequest, 'accountId' | 'askedBy'>,
  { account, by }: Pick<Principal, 'account' | 'by'>,
  now: Date,
): void {
  if (account.accountId === accountId || isSamePerson(account.name, askedBy))
    throw new AdministrationError(
      'ADMINISTRATION_SECOND_PERSON',
      'You asked for this change. Somebody else must confirm it.',
    );
  const since = Math.max(account.changedAt.getTime(), by.kind === 'token' ? by.createdAt.getTime() : 0);
  if (now.getTime() - since < requestBounds.ripeMs)
    throw new AdministrationError(
      'ADMINISTRATION_SECOND_PERSON',
      'Your account or token was made or changed lately. For a day after that, somebody else must confirm changes.',
    );
}

/** Of who gives somebody else a password or a token where changes need two persons: with it, one person is both. */
export function noCredentials(): AdministrationError {
  return new AdministrationError(
    'ADMINISTRATION_SECOND_PERSON',
    'Changes need two persons here, and the API gives no password or token to another account. Use "moult users" and "moult tokens" on the server itself.',
  );
}

/**
 * Whether two authors are one person, from wherever they act: `anna (192.0.2.7)`, `anna (token nightly, 192.0.2.8)`, `anna`. No
 * name of an account has a blank in it.
 */
export function isSamePerson(one: string, other: string): boolean {
  const name = (text: string) =>
    text
      .replace(/ \(.*$/s, '')
      .trim()
      .toLowerCase();
  return name(one) === name(other);
}
