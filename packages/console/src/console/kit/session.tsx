// The person who uses the console, and the permissions of the role. The server decides. The console only leaves out
// actions that the server refuses.
import { createContext, useContext } from 'react';
import type { Role, WhoAmI } from '../api/documents.ts';

type Permission = 'read' | 'decide' | 'audit' | 'administer';

const permissions: Readonly<Record<Role, readonly Permission[]>> = {
  administrator: ['read', 'decide', 'audit', 'administer'],
  approver: ['read', 'decide'],
  auditor: ['read', 'audit'],
  reporter: ['read'],
};

export const SessionContext = createContext<WhoAmI>({
  ...{ account: '', roles: [], by: 'session', isWholeServer: true, groups: [] },
});

export function useSession(): WhoAmI {
  return useContext(SessionContext);
}

export function useMay(permission: Permission): boolean {
  return permits(useSession().roles, permission);
}

export function permits(roles: readonly Role[], permission: Permission): boolean {
  return roles.length > 0 && roles.every((role) => permissions[role]?.includes(permission));
}
