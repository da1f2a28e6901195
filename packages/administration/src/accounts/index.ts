export {
  addAccount,
  addFirstAccount,
  addToken,
  changeAccount,
  findAccount,
  type ListedAccount,
  listAccounts,
  listTokens,
  passwordCostOf,
  removeAccount,
  revokeToken,
} from './accounts.ts';
export { accountOfIdentity, type Identity, roleOfGroups } from './identities.ts';
export { changeOwnPassword } from './own-password.ts';
export { hashPassword } from './passwords.ts';
export {
  accountByPassword,
  actorOf,
  isPartial,
  mayDo,
  type Principal,
  principalOfSession,
  principalOfToken,
  principalOnward,
  type SessionLimits,
} from './principals.ts';
export { type Permission, permits, roles } from './roles.ts';
export { digestOfSecret, newSecret } from './secrets.ts';
