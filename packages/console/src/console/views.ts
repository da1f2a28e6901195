// The views of the console: their addresses, and who may open them. A view comes with its first use.
import { type ComponentType, lazy } from 'react';
import type { Words } from './kit/words.tsx';
import { Home } from './views/home.tsx';

interface View {
  /** The first part of the address. '' is home. */
  name: string;
  label: keyof Words['nav'];
  permission: 'read' | 'decide' | 'audit' | 'administer';
  /** `id`: the second part of the address. */
  Show: ComponentType<{ id: string | undefined }>;
}

export const views: readonly View[] = [
  { name: '', label: 'home', permission: 'read', Show: Home },
  { name: 'updates', label: 'updates', permission: 'read', Show: lazy(() => import('./views/updates.tsx')) },
  { name: 'computers', label: 'computers', permission: 'read', Show: lazy(() => import('./views/computers.tsx')) },
  { name: 'groups', label: 'groups', permission: 'read', Show: lazy(() => import('./views/groups.tsx')) },
  { name: 'events', label: 'events', permission: 'read', Show: lazy(() => import('./views/events.tsx')) },
  { name: 'content', label: 'content', permission: 'read', Show: lazy(() => import('./views/content.tsx')) },
  { name: 'audit', label: 'audit', permission: 'audit', Show: lazy(() => import('./views/audit.tsx')) },
  { name: 'accounts', label: 'accounts', permission: 'audit', Show: lazy(() => import('./views/accounts.tsx')) },
];
