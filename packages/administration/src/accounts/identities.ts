// Accounts of people whom an issuer of OpenID Connect knows. The issuer and its name for the person find the account, and
// nothing else does: neither a name nor a mail address, which others may have had before.
import { createHash } from 'node:crypto';
import type { Account, Role } from '@moult/store';
import { AdministrationError } from '../errors.ts';
import type { Administration } from '../open-server.ts';
import { isAccountName } from './accounts.ts';

export interface Identity {
  issuer: string;
  /** Never another person's, at this issuer. */
  subject: string;
  /** Names that the account may get, the best first. */
  names: readonly string[];
  /** Groups at the issuer. */
  groups: readonly string[];
}

/** The strongest first. */
const strongest: readonly Role[] = ['administrator', 'approver', 'auditor', 'reporter'];

/** The role for these groups, by the setting oidc-roles. Undefined: none. */
export function roleOfGroups(setting: string, groups: readonly string[]): Role | undefined {
  const own = new Set(groups);
  const given = setting.split(',').flatMap((pair) => {
    const at = pair.lastIndexOf('=');
    return own.has(pair.slice(0, at).trim()) ? [pair.slice(at + 1).trim()] : [];
  });
  return strongest.find((role) => given.includes(role));
}

/**
 * The account of a person, made with the first log-on, with the role that the groups give now. Throws AdministrationError
 * ADMINISTRATION_LOG_ON without a role, and for a disabled account.
 */
export async function accountOfIdentity(
  { store, server, author }: Administration,
  { issuer, subject, names, groups }: Identity,
): Promise<Account> {
  const role = roleOfGroups(server.config.oidcRoles ?? '', groups);
  const accountId = await store.findIdentity(issuer, subject);
  const found = accountId === undefined ? undefined : await store.findAccount(accountId);
  if (role === undefined) {
    // Sessions of before end: the right to them is gone.
    if (found && !found.isDisabled) await store.changeAccount(found.accountId, {}, author);
    throw refused('None of your groups has a role on this server. Ask an administrator.');
  }
  if (found?.isDisabled) throw refused('This account is disabled.');
  if (found) return found.role === role ? found : store.changeAccount(found.accountId, { role }, author);
  const mark = createHash('sha256').update(`${issuer} ${subject}`).digest('hex').slice(0, 8);
  const [best = `person-${mark}`] = names.filter(isAccountName);
  for (const name of [best, `${best.slice(0, 50)}-${mark}`]) {
    if (await store.findAccount(name)) continue;
    return store.createAccount({ name, role, password: undefined, identity: { issuer, subject } }, author);
  }
  throw refused('An account with this name is there already. Ask an administrator.');
}

function refused(message: string): AdministrationError {
  return new AdministrationError('ADMINISTRATION_LOG_ON', message);
}
