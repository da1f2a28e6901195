// Roles and what they may do. A token never may more than its account: both roles have to permit it.
import type { Role } from '@moult/store';

/** Read lists and states. Decide on updates. Read accounts and the record of changes. Everything else. */
export type Permission = 'read' | 'decide' | 'audit' | 'administer';

const permissionsOf: Readonly<Record<Role, readonly Permission[]>> = {
  administrator: ['read', 'decide', 'audit', 'administer'],
  approver: ['read', 'decide'],
  auditor: ['read', 'audit'],
  reporter: ['read'],
};

export const roles = Object.keys(permissionsOf) as Role[];

/** Whether each of these roles permits it. */
export function permits(given: readonly Role[], permission: Permission): boolean {
  return given.every((role) => permissionsOf[role]?.includes(permission) ?? false);
}
