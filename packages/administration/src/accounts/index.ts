export {
  addAccount,
  addFirstAccount,
  addToken,
  changeAccount,
  findAccount,
  listAccounts,
  listTokens,
  passwordCostOf,
  removeAccount,
  revokeToken,
} from './accounts.ts';
export { hashPassword } from './passwords.ts';
export {
  accountByPassword,
  actorOf,
  mayDo,
  type Principal,
  principalOfSession,
  principalOfToken,
  principalOnward,
  type SessionLimits,
} from './principals.ts';
export { type Permission, permits, roles } from './roles.ts';
export { digestOfSecret, newSecret } from './secrets.ts';
