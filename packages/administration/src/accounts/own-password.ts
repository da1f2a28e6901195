// A new password of the own account. The present one is asked for: a session that somebody left open is not enough.
import { AdministrationError } from '../errors.ts';
import type { Administration } from '../open-server.ts';
import { passwordCostOf } from './accounts.ts';
import { hashPassword, requireGoodPassword } from './passwords.ts';

interface PasswordChange {
  password: string;
  newPassword: string;
  /** The account of the caller's name with this password. Undefined for a wrong one. Throws after too many attempts. */
  check(password: string): Promise<{ accountId: string } | undefined>;
  save(accountId: string, hash: string, author: Administration['author']): Promise<void>;
}

/**
 * All sessions of the account end. Throws AdministrationError ADMINISTRATION_BAD_ACCOUNT when the present password is
 * wrong, or the new one cannot be used. Throws what `check` throws when there were too many attempts.
 */
export async function changeOwnPassword(
  { server, author }: Pick<Administration, 'server' | 'author'>,
  { accountId, name }: { accountId: string; name: string },
  { password, newPassword, check, save }: PasswordChange,
): Promise<void> {
  requireGoodPassword(newPassword, name);
  if (newPassword === password)
    throw new AdministrationError('ADMINISTRATION_BAD_ACCOUNT', 'The new password is the one of before.');
  const found = await check(password);
  // The account may have another name by now.
  if (found?.accountId !== accountId) throw wrongPassword();
  await save(accountId, await hashPassword(newPassword, passwordCostOf(server)), author);
}

function wrongPassword(): AdministrationError {
  return new AdministrationError('ADMINISTRATION_BAD_ACCOUNT', 'The present password is wrong.');
}
