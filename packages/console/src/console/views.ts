// The views of the console: their addresses, and who may open them. A view comes with its first use.
import { type ComponentType, lazy } from 'react';
import type { Words } from './kit/words.tsx';
import { Home } from './views/home.tsx';

interface View {
  /** The first part of the address. '' is home. */
  name: string;
  label: Exclude<keyof Words['nav'], 'sections'>;
  section: keyof Words['nav']['sections'];
  permission: 'read' | 'decide' | 'audit' | 'administer';
  /** Also for accounts that reach some groups only. */
  isForGroups: boolean;
  /** `id`: the second part of the address. */
  Show: ComponentType<{ id: string | undefined }>;
}

/** All others tell of the whole server. */
const forGroups: ReadonlySet<string> = new Set(['updates', 'computers', 'groups', 'reports', 'events', 'account']);
/** The first view of such an account. */
export const firstForGroups = 'computers';

export const views: readonly View[] = [
  { name: '', label: 'home', section: 'home', permission: 'read', isForGroups: false, Show: Home },
  ...inSection('updates', [
    ['updates', 'updates', 'read', () => import('./views/updates.tsx')],
    ['rules', 'rules', 'read', () => import('./views/rules.tsx')],
    ['rings', 'rings', 'read', () => import('./views/rings.tsx')],
    ['holds', 'holds', 'read', () => import('./views/holds.tsx')],
    ['catalogs', 'catalogs', 'read', () => import('./views/catalogs.tsx')],
    ['content', 'content', 'read', () => import('./views/content.tsx')],
  ]),
  ...inSection('computers', [
    ['computers', 'computers', 'read', () => import('./views/computers.tsx')],
    ['groups', 'groups', 'read', () => import('./views/groups.tsx')],
    ['policy', 'policy', 'read', () => import('./views/policy.tsx')],
    ['doctor', 'doctor', 'read', () => import('./views/doctor.tsx')],
  ]),
  ...inSection('records', [
    ['reports', 'reports', 'read', () => import('./views/reports.tsx')],
    ['events', 'events', 'read', () => import('./views/events.tsx')],
    ['audit', 'audit', 'audit', () => import('./views/audit.tsx')],
  ]),
  ...inSection('server', [
    ['set-up', 'setUp', 'administer', () => import('./views/set-up.tsx')],
    ['sync', 'sync', 'read', () => import('./views/sync.tsx')],
    ['downstream', 'downstream', 'read', () => import('./views/downstream.tsx')],
    ['cleanup', 'cleanup', 'administer', () => import('./views/cleanup.tsx')],
    ['releases', 'releases', 'read', () => import('./views/releases.tsx')],
    ['settings', 'settings', 'read', () => import('./views/settings.tsx')],
    ['jobs', 'jobs', 'read', () => import('./views/jobs.tsx')],
    ['accounts', 'accounts', 'audit', () => import('./views/accounts.tsx')],
    ['account', 'account', 'read', () => import('./views/account.tsx')],
  ]),
];

type Loading = () => Promise<{ default: View['Show'] }>;

function inSection(
  section: View['section'],
  all: readonly (readonly [name: string, label: View['label'], permission: View['permission'], load: Loading])[],
): View[] {
  return all.map(([name, label, permission, load]) => ({
    ...{ name, label, section, permission, isForGroups: forGroups.has(name), Show: lazy(load) },
  }));
}
